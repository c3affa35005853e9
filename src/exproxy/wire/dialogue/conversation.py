"""What SMTP, IMAP and POP3 checks have in common: the server speaks first, STARTTLS, a judgement, and a goodbye.

A conversation is judged once, says goodbye, and waits for the answer or the close: servers log those who just hang up
(haproxy issues 187 and 1812).  What the server says after the judgement changes nothing.
"""

import abc
import enum
from collections.abc import Sequence
from typing import ClassVar

import attrs

from exproxy.wire.dialogue.base import Action, Finish, Outcome, Send, StartTLS, Status
from exproxy.wire.errors import WireError
from exproxy.wire.lines import Lines, printable

MAX_REPLIES = 200
"""Replies in one conversation; untagged IMAP responses count."""


@attrs.define
class Conversation(abc.ABC):
    """A subclass reads one reply at a time in :meth:`_read` and answers with one of the methods behind it."""

    protocol: ClassVar[str]

    judged: Outcome | None = attrs.field(default=None, init=False)
    """The judgement, while the answer to our goodbye is still to come: it holds also if that never comes."""
    _offers: tuple[str, ...] | None = attrs.field(default=None, init=False)
    """What the server said last that it can."""
    _over: bool = attrs.field(default=False, init=False)
    _handshaking: bool = attrs.field(default=False, init=False)
    _replies: int = attrs.field(default=0, init=False)
    _awaiting: enum.Enum = attrs.field(init=False)
    """What the server has to say next; its value is a sentence part ("the greeting")."""

    @property
    @abc.abstractmethod
    def _lines(self) -> Lines:
        """The parser's."""

    @property
    @abc.abstractmethod
    def _goodbye(self) -> bytes:
        """The last command."""

    @abc.abstractmethod
    def _read(self) -> Sequence[Action] | None:
        """Take one reply and answer it; None if none is complete.

        :raises WireError: it is none.
        """

    @abc.abstractmethod
    def _part(self) -> bool | None:
        """Take one reply after the judgement; tells whether it is the server's goodbye; None if none is complete.

        :raises WireError: it is none.
        """

    def start(self) -> Sequence[Action]:
        """The server speaks first."""
        return ()

    def receive(self, data: bytes) -> Sequence[Action]:
        """Answer what is complete."""
        if self._over:
            return ()
        self._lines.receive(data)
        if self._handshaking:
            return self._injected()
        actions: list[Action] = []
        while not self._over and not self._handshaking:
            try:
                answer = self._next()
            except WireError as error:
                return [*actions, *self._garbled(error)]
            if answer is None:
                break
            actions += answer
        return actions

    def secured(self) -> Sequence[Action]:
        """Go on over TLS."""
        if self._over or not self._handshaking:
            return ()
        self._handshaking = False
        return self._greet()

    def closed(self) -> Sequence[Action]:
        """The judgement, if there is one already; else it is one."""
        if self._over:
            return ()
        if self.judged is not None:
            return self._finish(self.judged)
        if self._handshaking:
            return self._finish(Outcome(Status.L6RSP, f"{self.protocol} closed during the TLS handshake", line=self.last_line()))
        text = f"{self.protocol} closed the connection instead of {self._awaiting.value}"
        return self._finish(Outcome(Status.L7RSP, text, line=self.last_line()))

    def last_line(self) -> str:
        """The line that is coming, or else the last one."""
        return printable(self._lines.rest or self._lines.last)

    @abc.abstractmethod
    def _greet(self) -> Sequence[Action]:
        """Ask for the capabilities, the first time and again over TLS."""

    def _next(self) -> Sequence[Action] | None:
        if self.judged is None:
            answer = self._read()
        else:
            parted = self._part()
            answer = None if parted is None else self._finish(self.judged) if parted else ()
        if answer is not None:
            self._replies += 1
            if self._replies > MAX_REPLIES and not self._over:
                raise WireError(f"more than {MAX_REPLIES} replies", self.protocol)
        return answer

    def _say(self, command: bytes, awaiting: enum.Enum) -> Sequence[Action]:
        self._awaiting = awaiting
        return (Send(command),)

    def _start_tls(self) -> Sequence[Action]:
        """What came in clear behind the answer to STARTTLS would be read as if it had come over TLS (CVE-2011-0411)."""
        self._handshaking = True
        return self._injected() if self._lines.buffered else (StartTLS(),)

    def _injected(self) -> Sequence[Action]:
        text = f"{self.protocol} sent more in clear behind its answer to STARTTLS"
        return self._finish(Outcome(Status.L7RSP, text, line=printable(self._lines.last)))

    def _judge(self, status: Status, text: str, code: int | None = None) -> Sequence[Action]:
        """The verdict; goodbye is said, and its answer or the close waited for."""
        self.judged = Outcome(status, text, code, printable(self._lines.last), offers=self._offers)
        return (Send(self._goodbye),)

    def _garbled(self, error: WireError) -> Sequence[Action]:
        """Nothing sensible can be waited for from a server that does not speak the protocol."""
        if self.judged is not None:
            return self._finish(self.judged)
        text = f"{self.protocol} was not spoken ({error})"
        return (Send(self._goodbye), *self._finish(Outcome(Status.L7RSP, text, line=printable(self._lines.last))))

    def _finish(self, outcome: Outcome) -> Sequence[Action]:
        self._over = True
        self._lines.clear()
        return (Finish(outcome),)
