"""The first thing that a TLS client says, read without ending TLS: the server's name and the protocols it offers.

RFC 8446 4.1.2 (ClientHello), 4.2 (extensions), 5.1 (records); RFC 6066 3 (server_name); RFC 7301 3.1 (ALPN).  Unknown
extensions, cipher suites and protocols (RFC 8701, GREASE) are passed over.
"""

import re

import attrs

from exproxy.wire.errors import WireError

_RECORD_HEAD = 5
_MESSAGE_HEAD = 4
_HANDSHAKE = 22
_MAX_RECORD = 16_384
_LIMIT = 16_384
_CLIENT_HELLO = 1
_SERVER_NAME = 0
_ALPN = 16
_HOST_NAME = 0
_WHERE = "TLS ClientHello"
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*", re.ASCII)


@attrs.frozen
class ClientHello:
    """:param server_name: in lower case without a final dot, ``None`` if the client named none.

    :param alpn: the protocols in the client's order (``b"h2"``, ``b"http/1.1"``), GREASE values among them.
    """

    server_name: str | None
    alpn: tuple[bytes, ...] = ()


class ClientHelloReader:
    """Reads one ClientHello, which may be spread over several records, in any pieces; what is behind it is ignored."""

    __slots__ = ("_message", "_read", "_record", "limit")

    def __init__(self) -> None:
        self.limit = _LIMIT
        self._record = bytearray()
        self._message = bytearray()
        self._read = 0

    @property
    def buffered(self) -> int:
        """Bytes held now."""
        return len(self._record) + len(self._message)

    def feed(self, data: bytes) -> ClientHello | None:
        """Take ``data``; the ClientHello once it is complete.

        :raises WireError: this is no TLS, or the ClientHello is malformed or ends beyond the first 16 KB.
        """
        # Nothing beyond the limit is looked at, so a long piece and many short ones are judged alike.
        room = _LIMIT - self._read
        self._record += data[:room]
        self._read += min(len(data), room)
        while True:
            length = self._record_length()
            if length is None:
                break
            end = _RECORD_HEAD + length
            self._message += self._record[_RECORD_HEAD:end]
            del self._record[:end]
            hello = self._complete()
            if hello is not None:
                return hello
        if self._read >= _LIMIT:
            raise WireError(f"not complete within {_LIMIT} bytes", _WHERE)
        return None

    def _record_length(self) -> int | None:
        """The length of the record that is wholly here; what cannot be right is refused at its first octet."""
        head = self._record[:_RECORD_HEAD]
        if head and head[0] != _HANDSHAKE:
            raise WireError(f"the first record's type is {head[0]}, not 22 (handshake): this is no TLS", "TLS record")
        if len(head) > 1 and head[1] != 3:
            raise WireError(f"record version {head[1]} is not 3: this is no TLS", "TLS record")
        if len(head) < _RECORD_HEAD:
            return None
        length = int.from_bytes(head[3:5], "big")
        if not 0 < length <= _MAX_RECORD:
            raise WireError(f"record length {length} is not from 1 to {_MAX_RECORD}", "TLS record")
        return length if len(self._record) >= _RECORD_HEAD + length else None

    def _complete(self) -> ClientHello | None:
        message = self._message
        if message[0] != _CLIENT_HELLO:
            raise WireError(f"the first message's type is {message[0]}, not 1 (client_hello)", "TLS handshake")
        if len(message) < _MESSAGE_HEAD:
            return None
        length = int.from_bytes(message[1:4], "big")
        if length > _LIMIT:
            raise WireError(f"{length} bytes, at most {_LIMIT} are taken", _WHERE)
        if len(message) < _MESSAGE_HEAD + length:
            return None
        return parse_client_hello(bytes(message[_MESSAGE_HEAD : _MESSAGE_HEAD + length]))


class _Vectors:
    """Reads the presentation language's vectors (RFC 8446 3.4), never past the end."""

    __slots__ = ("_data", "_position", "_where")

    def __init__(self, data: bytes, where: str) -> None:
        self._data = data
        self._position = 0
        self._where = where

    @property
    def more(self) -> bool:
        return self._position < len(self._data)

    def octets(self, count: int, what: str) -> bytes:
        start = self._position
        if start + count > len(self._data):
            raise WireError(f"{what} overruns the end", self._where)
        self._position = start + count
        return self._data[start : start + count]

    def number(self, size: int, what: str) -> int:
        return int.from_bytes(self.octets(size, what), "big")

    def vector(self, size: int, what: str) -> bytes:
        return self.octets(self.number(size, what), what)

    def end(self) -> None:
        if self.more:
            raise WireError(f"{len(self._data) - self._position} bytes too many", self._where)


def parse_client_hello(body: bytes) -> ClientHello:
    """:param body: the message without its type and length.

    :raises WireError: a vector overruns, bytes are left over, an extension comes twice, or a name is none.
    """
    reader = _Vectors(body, _WHERE)
    reader.octets(2 + 32, "version and random")
    reader.vector(1, "session id")
    reader.vector(2, "cipher suites")
    reader.vector(1, "compression methods")
    found = _extensions(reader.vector(2, "extensions")) if reader.more else {}
    reader.end()
    name = _server_name(found[_SERVER_NAME]) if _SERVER_NAME in found else None
    return ClientHello(name, _protocols(found[_ALPN]) if _ALPN in found else ())


def _extensions(block: bytes) -> dict[int, bytes]:
    reader = _Vectors(block, f"{_WHERE}, extensions")
    found: dict[int, bytes] = {}
    while reader.more:
        kind = reader.number(2, "extension type")
        if kind in found:
            raise WireError(f"extension {kind} comes twice", f"{_WHERE}, extensions")
        found[kind] = reader.vector(2, f"extension {kind}")
    return found


def _server_name(extension: bytes) -> str | None:
    where = f"{_WHERE}, server_name"
    outer = _Vectors(extension, where)
    names = _Vectors(outer.vector(2, "name list"), where)
    outer.end()
    host: str | None = None
    while names.more:
        kind = names.number(1, "name type")
        octets = names.vector(2, "name")
        if kind != _HOST_NAME:
            continue
        if host is not None:
            raise WireError("two host names", where)
        host = octets.decode("latin-1").lower().removesuffix(".")
        if not _NAME.fullmatch(host):
            raise WireError("the name is no host name", where)
    return host


def _protocols(extension: bytes) -> tuple[bytes, ...]:
    where = f"{_WHERE}, application_layer_protocol_negotiation"
    outer = _Vectors(extension, where)
    names = _Vectors(outer.vector(2, "protocol list"), where)
    outer.end()
    protocols = []
    while names.more:
        protocol = names.vector(1, "protocol")
        if not protocol:
            raise WireError("an empty protocol name", where)
        protocols.append(protocol)
    return tuple(protocols)
