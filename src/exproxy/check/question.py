"""The simplest dialogue, for checkers of third parties: say something, read one line, judge it."""

from collections.abc import Callable, Sequence

import attrs

from exproxy.wire.dialogue.base import Action, Finish, Outcome, Send, Status
from exproxy.wire.lines import printable, quoted

MAX_LINE = 8192
"""Octets that a line may have."""


@attrs.define
class Question:
    """``L7OKD`` if ``well`` likes the line, ``L7STS`` if not, ``L7RSP`` if there is none.

    :param send: what to say first; empty, if the server speaks first.
    :param well: judges the line, its end taken off.
    :param goodbye: said before the connection is closed.
    """

    send: bytes
    well: Callable[[str], bool]
    goodbye: bytes = b""
    _heard: bytearray = attrs.field(factory=bytearray, init=False)

    def start(self) -> Sequence[Action]:
        """Ask."""
        return (Send(self.send),) if self.send else ()

    def receive(self, data: bytes) -> Sequence[Action]:
        """Judge the line, once it is complete."""
        self._heard += data
        line, end, _ = self._heard.partition(b"\n")
        if not end and len(self._heard) <= MAX_LINE:
            return ()
        if len(line) > MAX_LINE:
            return self._finish(Status.L7RSP, f"the server's line is longer than {MAX_LINE} octets")
        well = self.well(line.decode("utf-8", "replace").rstrip("\r"))
        return self._finish(Status.L7OKD if well else Status.L7STS, f"the server said {quoted(bytes(line))}")

    def secured(self) -> Sequence[Action]:
        """Never asked for."""
        return ()

    def closed(self) -> Sequence[Action]:
        """A line without its end is none."""
        return self._finish(Status.L7RSP, "the server closed the connection without an answer")

    def last_line(self) -> str:
        """The line, as far as it came."""
        return printable(bytes(self._heard.partition(b"\n")[0].rstrip(b"\r")))

    def _finish(self, status: Status, text: str) -> Sequence[Action]:
        goodbye = (Send(self.goodbye),) if self.goodbye else ()
        return (*goodbye, Finish(Outcome(status, text, line=self.last_line())))
