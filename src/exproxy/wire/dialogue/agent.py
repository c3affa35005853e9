"""HAProxy's agent-check: connect, say the configured words if there are any, read one line."""

from collections.abc import Sequence

import attrs

from exproxy.wire.agent import AgentAnswer, AgentParser
from exproxy.wire.dialogue.base import Action, Finish, Outcome, Send, Status
from exproxy.wire.errors import WireError
from exproxy.wire.lines import printable


@attrs.frozen
class AgentOutcome(Outcome):
    """An outcome with the agent's answer; None if there was none that could be understood."""

    answer: AgentAnswer | None = None


@attrs.define
class AgentCheck:
    """``L7STS`` if the agent says down; ``L7OKD`` if it says up or nothing about it; always an :class:`AgentOutcome`.

    :param send: what to say first, as it is: HAProxy's ``agent-send`` adds no newline either.
    """

    send: str = ""
    _parser: AgentParser = attrs.field(factory=AgentParser, init=False)
    _over: bool = attrs.field(default=False, init=False)

    def start(self) -> Sequence[Action]:
        """Say the configured words."""
        return (Send(self.send.encode()),) if self.send else ()

    def receive(self, data: bytes) -> Sequence[Action]:
        """Judge the line, once it is complete."""
        if self._over:
            return ()
        try:
            answers = self._parser.feed(data)
        except WireError as error:
            return self._finish(AgentOutcome(Status.L7RSP, f"the agent was not understood ({error})", line=self.last_line()))
        return self._finish(self._outcome(answers[0])) if answers else ()

    def secured(self) -> Sequence[Action]:
        """Never asked for."""
        return ()

    def closed(self) -> Sequence[Action]:
        """A line without its end does not count, as in HAProxy: half of ``maxconn:300`` is ``maxconn:3``."""
        if self._over:
            return ()
        text = "the agent closed within its line: no newline" if self._parser.line else "the agent closed without an answer"
        return self._finish(AgentOutcome(Status.L7RSP, text, line=self.last_line()))

    def last_line(self) -> str:
        """The agent's line, as far as it came."""
        return printable(self._parser.line)

    def _outcome(self, answer: AgentAnswer) -> AgentOutcome:
        status = Status.L7STS if answer.operational == "down" else Status.L7OKD
        warnings = tuple(f"the agent said {word!r}, which means nothing here" for word in answer.unknown)
        return AgentOutcome(status, f"the agent said {self.last_line()}", None, self.last_line(), warnings, answer=answer)

    def _finish(self, outcome: Outcome) -> Sequence[Action]:
        self._over = True
        return (Finish(outcome),)
