"""Where a body ends: scanners that count the octets of a buffer that belong to it, and never copy them (RFC 9112 6.3).

A session passes those octets on as they are.  A peer that closes within a body has cut the message, and the other side has to
see that: its connection is closed too, before what was promised has come, and never ended as if all had been well.
"""

import enum
from typing import Protocol

import attrs


class End(enum.Enum):
    """What a peer's close means for the body that it was sending."""

    WHOLE = enum.auto()
    CUT = enum.auto()


class Body(Protocol):
    """How far a body has come."""

    @property
    def over(self) -> bool:
        """Whether all of it went by; the next octet begins the next message."""

    @property
    def left(self) -> int | None:
        """Octets that are still to come, where that is known: they may go from socket to socket, told by :meth:`skip`."""

    def take(self, data: bytes) -> int:
        """How many octets of ``data``, from its beginning, belong to the body.

        :raises HttpError: a chunk breaks HTTP.
        """

    def closed(self) -> End:
        """What it means that the peer closed now."""


@attrs.frozen
class NoBody:
    """The message ends with its head."""

    over: bool = attrs.field(default=True, init=False)
    left: int | None = attrs.field(default=0, init=False)

    def take(self, data: bytes) -> int:
        return 0

    def closed(self) -> End:
        return End.WHOLE


NO_BODY = NoBody()


@attrs.define
class LengthBody:
    """A body of ``Content-Length`` octets."""

    left: int

    @property
    def over(self) -> bool:
        return not self.left

    def take(self, data: bytes) -> int:
        count = min(self.left, len(data))
        self.left -= count
        return count

    def skip(self, count: int) -> None:
        """``count`` octets, at most ``left``, went by without being seen here."""
        if not 0 <= count <= self.left:
            raise ValueError(f"{count} octets of a body of which {self.left} are left")
        self.left -= count

    def closed(self) -> End:
        return End.CUT if self.left else End.WHOLE


@attrs.define
class UntilClose:
    """A response without a length, or what follows 101: only how the connection ends (FIN, reset, TLS closed) tells a cut one."""

    over: bool = attrs.field(default=False, init=False)
    left: int | None = attrs.field(default=None, init=False)

    def take(self, data: bytes) -> int:
        return len(data)

    def closed(self) -> End:
        self.over = True
        return End.WHOLE
