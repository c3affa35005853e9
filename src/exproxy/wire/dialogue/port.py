"""The question to an endpoint mapper alone: at which port is this interface?"""

from collections.abc import Sequence

import attrs

from exproxy.wire.dialogue.base import Action, Status
from exproxy.wire.dialogue.mapped import MappedTalk
from exproxy.wire.interfaces import Interface


def _one(interface: Interface) -> tuple[Interface, ...]:
    return (interface,)


@attrs.define
class PortQuestion(MappedTalk):
    """``L7OKD`` if there is a port, ``L7STS`` if there is none; ``RpcOutcome.told`` has the mapper's answer, if it gave one."""

    interfaces: tuple[Interface, ...] = attrs.field(converter=_one)

    def start(self) -> Sequence[Action]:
        """Bind to the mapper."""
        return self._ask_mapper()

    def _all_told(self) -> Sequence[Action]:
        ((interface, answer),) = self._told
        self.port = answer.port
        return self._finish(Status.L7OKD, f"the endpoint mapper tells port {answer.port} for {interface.name}")
