"""HAProxy's agent-check: one line tells state, weight and maxconn."""

from collections.abc import Sequence

import attrs

from exproxy.wire.agent import AgentAnswer
from exproxy.wire.dialogue.base import Action, Outcome


@attrs.define
class AgentCheck:
    """HAProxy's agent-check: one line tells state, weight and maxconn."""

    send: str = ""

    def start(self) -> Sequence[Action]:
        raise NotImplementedError

    def receive(self, data: bytes) -> Sequence[Action]:
        raise NotImplementedError

    def secured(self) -> Sequence[Action]:
        raise NotImplementedError

    def closed(self) -> Sequence[Action]:
        raise NotImplementedError

    def last_line(self) -> str:
        raise NotImplementedError


@attrs.frozen
class AgentOutcome(Outcome):
    """An outcome with the agent's answer; None if there was none that could be understood."""

    answer: AgentAnswer | None = None
