"""What TLS handshakes are made of: records, messages and vectors (RFC 8446 3.4, 4, 5.1; RFC 5246 alike)."""

from collections.abc import Callable
from typing import Generic, TypeVar

from exproxy.wire.errors import WireError

T = TypeVar("T")

_RECORD_HEAD = 5
_MESSAGE_HEAD = 4
_HANDSHAKE = 22
_MAX_RECORD = 16_384
LIMIT = 16_384
"""Bytes of a connection within which its first message has to be complete."""


class FirstMessage(Generic[T]):
    """Reads the message with which one side begins; it may be spread over several records, and comes in any pieces.

    What is behind it is ignored.

    :param message: its number and name: ``(1, "client_hello")``.
    :param where: what an error calls it.
    :param parse: takes the message without its type and length.
    """

    __slots__ = ("_head", "_left", "_message", "_parse", "_read", "_type", "_where", "limit")

    def __init__(self, message: tuple[int, str], where: str, parse: Callable[[bytes], T]) -> None:
        self.limit = LIMIT
        self._type = message
        self._where = where
        self._parse = parse
        self._head = bytearray()
        self._left = 0
        """Bytes of the record that are still to come."""
        self._message = bytearray()
        self._read = 0

    @property
    def buffered(self) -> int:
        """Bytes held now."""
        return len(self._head) + len(self._message)

    def feed(self, data: bytes) -> T | None:
        """Take ``data``; the message once it is complete.

        :raises WireError: this is no TLS, or the message is another one, malformed, or ends beyond :data:`LIMIT`.
        """
        # Nothing beyond the limit is looked at, so a long piece and many short ones are judged alike.
        data = data[: LIMIT - self._read]
        self._read += len(data)
        at = 0
        while at < len(data):
            if not self._left:
                self._head.append(data[at])
                self._look_at_head()
                at += 1
                continue
            part = data[at : at + self._left]
            at += len(part)
            self._left -= len(part)
            self._message += part
            found = self._complete()
            if found is not None:
                return found
        if self._read >= LIMIT:
            raise WireError(f"not complete within {LIMIT} bytes", self._where)
        return None

    def _look_at_head(self) -> None:
        """What cannot be right is refused at its first octet."""
        head = self._head
        if len(head) == 1 and head[0] != _HANDSHAKE:
            raise WireError(f"the first record's type is {head[0]}, not 22 (handshake): this is no TLS", "TLS record")
        if len(head) == 2 and head[1] != 3:
            raise WireError(f"record version {head[1]} is not 3: this is no TLS", "TLS record")
        if len(head) == _RECORD_HEAD:
            length = int.from_bytes(head[3:], "big")
            if not 0 < length <= _MAX_RECORD:
                raise WireError(f"record length {length} is not from 1 to {_MAX_RECORD}", "TLS record")
            self._left = length
            head.clear()

    def _complete(self) -> T | None:
        message = self._message
        number, name = self._type
        if message[0] != number:
            raise WireError(f"the first message's type is {message[0]}, not {number} ({name})", "TLS handshake")
        if len(message) < _MESSAGE_HEAD:
            return None
        length = int.from_bytes(message[1:4], "big")
        if length > LIMIT:
            raise WireError(f"{length} bytes, at most {LIMIT} are taken", self._where)
        if len(message) < _MESSAGE_HEAD + length:
            return None
        return self._parse(bytes(message[_MESSAGE_HEAD : _MESSAGE_HEAD + length]))


class Vectors:
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


def extensions(block: bytes, where: str) -> dict[int, bytes]:
    """The extensions of a hello by their numbers.

    :raises WireError: one overruns, or comes twice.
    """
    where = f"{where}, extensions"
    reader = Vectors(block, where)
    found: dict[int, bytes] = {}
    while reader.more:
        kind = reader.number(2, "extension type")
        if kind in found:
            raise WireError(f"extension {kind} comes twice", where)
        found[kind] = reader.vector(2, f"extension {kind}")
    return found
