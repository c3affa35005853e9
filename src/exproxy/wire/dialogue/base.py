"""What a dialogue is: the machine's side of one conversation, and what it asks of whoever drives it.

A driver opens a connection, calls :meth:`Dialogue.start`, performs the returned actions in order, and then calls
:meth:`Dialogue.receive` for bytes, :meth:`Dialogue.secured` when the TLS handshake that :class:`StartTLS` asked for
is done, and :meth:`Dialogue.closed` when the peer closes.  After a :class:`Connect` action the driver closes the
present connection, opens one to the same address and the given port, and calls :meth:`Dialogue.start` again.
:class:`Finish` ends the conversation: the driver sends what was asked before it, closes, and reports the outcome.

Dialogues never raise for what a peer says: a :class:`exproxy.wire.errors.WireError` becomes an outcome.
"""

import enum
from collections.abc import Sequence
from typing import Protocol

import attrs


class Status(enum.Enum):
    """The layer at which a check ended, in HAProxy's words (``include/haproxy/check-t.h``)."""

    L4OK = "L4OK"
    L4TOUT = "L4TOUT"
    L4CON = "L4CON"
    L6OK = "L6OK"
    L6TOUT = "L6TOUT"
    L6RSP = "L6RSP"
    L7OKD = "L7OKD"
    L7OKC = "L7OKC"
    L7TOUT = "L7TOUT"
    L7RSP = "L7RSP"
    L7STS = "L7STS"

    @property
    def passed(self) -> bool:
        """Whether the peer is well (``L7OKC``, conditionally: well, but stopping)."""
        return self in _PASSED


_PASSED = frozenset({Status.L4OK, Status.L6OK, Status.L7OKD, Status.L7OKC})


@attrs.frozen
class Outcome:
    """How a conversation ended.

    :param status: the layer and verdict; ``L7OKC`` means that the server is stopping (Exchange in maintenance).
    :param text: one sentence part for people ("SMTP said 421 4.3.2 Service not active: Exchange is in maintenance").
    :param code: the protocol's own number, if it has one (SMTP reply code, HTTP status).
    :param line: the last line or PDU of the peer, printable, at most 200 characters; empty if it said nothing.
    :param warnings: sentence parts about what is not wrong yet.
    :param port: a port that the conversation found out (endpoint mapper), if any.
    :param offers: what a mail server says that it can, a line or word each; ``None``: nobody asked.
    """

    status: Status
    text: str
    code: int | None = None
    line: str = ""
    warnings: tuple[str, ...] = ()
    port: int | None = None
    offers: tuple[str, ...] | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """What else was found, for people who look closely: sentence parts."""
        return ()


@attrs.frozen
class Send:
    """Write these bytes to the peer."""

    data: bytes


@attrs.frozen
class StartTLS:
    """Begin a TLS handshake as client on this connection; nothing received before its end counts."""


@attrs.frozen
class Connect:
    """Close this connection, open one to the same address and this port, then call ``start`` again."""

    port: int


@attrs.frozen
class Finish:
    """The conversation is over."""

    outcome: Outcome


Action = Send | StartTLS | Connect | Finish


class Dialogue(Protocol):
    """One conversation; see the module's text for who calls what when."""

    def start(self) -> Sequence[Action]:
        """The connection is open (TLS included, where it is implicit)."""

    def receive(self, data: bytes) -> Sequence[Action]:
        """The peer sent ``data``, cut anywhere."""

    def secured(self) -> Sequence[Action]:
        """The handshake that :class:`StartTLS` asked for is done."""

    def closed(self) -> Sequence[Action]:
        """The peer closed; always ends in :class:`Finish`, unless the conversation was finished before."""

    def last_line(self) -> str:
        """What the peer said last, printable, at most 200 characters, for a check that timed out."""
