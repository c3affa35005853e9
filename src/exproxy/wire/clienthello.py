"""The first thing that a TLS client says, read without ending TLS: the server's name and the protocols it offers.

RFC 8446 4.1.2 (ClientHello), 4.2 (extensions), 5.1 (records); RFC 6066 3 (server_name); RFC 7301 3.1 (ALPN).  Unknown
extensions, cipher suites and protocols (RFC 8701, GREASE) are passed over.
"""

import re

import attrs

from exproxy.wire.errors import WireError
from exproxy.wire.handshake import FirstMessage, Vectors, extensions

_SERVER_NAME = 0
_ALPN = 16
_HOST_NAME = 0
_WHERE = "TLS ClientHello"
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*", re.ASCII)


@attrs.frozen
class ClientHello:
    """:param server_name: in lower case without a final dot, ``None`` if the client named none.

    :param alpn: the protocols in the client's order (``b"h2"``, ``b"http/1.1"``), GREASE values among them.
    :param session_id: of the session that it wants to resume, or of its own making: in TLS 1.3, and beside a ticket.
    """

    server_name: str | None
    alpn: tuple[bytes, ...] = ()
    session_id: bytes = attrs.field(default=b"", eq=False)


class ClientHelloReader(FirstMessage[ClientHello]):
    """Reads one ClientHello."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__((1, "client_hello"), _WHERE, parse_client_hello)


def parse_client_hello(body: bytes) -> ClientHello:
    """:param body: the message without its type and length.

    :raises WireError: a vector overruns, bytes are left over, an extension comes twice, or a name is none.
    """
    reader = Vectors(body, _WHERE)
    reader.octets(2 + 32, "version and random")
    session_id = reader.vector(1, "session id")
    reader.vector(2, "cipher suites")
    reader.vector(1, "compression methods")
    found = extensions(reader.vector(2, "extensions"), _WHERE) if reader.more else {}
    reader.end()
    name = _server_name(found[_SERVER_NAME]) if _SERVER_NAME in found else None
    return ClientHello(name, _protocols(found[_ALPN]) if _ALPN in found else (), session_id)


def _server_name(extension: bytes) -> str | None:
    where = f"{_WHERE}, server_name"
    outer = Vectors(extension, where)
    names = Vectors(outer.vector(2, "name list"), where)
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
    outer = Vectors(extension, where)
    names = Vectors(outer.vector(2, "protocol list"), where)
    outer.end()
    protocols = []
    while names.more:
        protocol = names.vector(1, "protocol")
        if not protocol:
            raise WireError("an empty protocol name", where)
        protocols.append(protocol)
    return tuple(protocols)
