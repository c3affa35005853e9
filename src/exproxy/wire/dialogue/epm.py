"""The endpoint mapper check: bind, ``ept_map``, and that the port which it tells accepts a bind."""

from collections.abc import Sequence

import attrs

from exproxy.wire.dialogue.base import Action, Finish, Outcome
from exproxy.wire.dialogue.mapping import MAPPER_PORT
from exproxy.wire.dialogue.rpc import RpcCheck


@attrs.define(init=False)
class EpmCheck:
    """An :class:`RpcCheck` by way of the mapper whose outcome is told from the mapper's side; ``Outcome.port`` is the port.

    :param interface: a name or UUID of :func:`exproxy.wire.interfaces.interface`.
    :param reached: the mapper's port.
    :raises ValueError: there is no such interface.
    """

    _bind: RpcCheck

    def __init__(self, interface: str, reached: int = MAPPER_PORT) -> None:
        self._bind = RpcCheck(interface, mapper=True, reached=reached)

    def start(self) -> Sequence[Action]:
        """Bind to the mapper, or, after the Connect, to the interface."""
        return self._told(self._bind.start())

    def receive(self, data: bytes) -> Sequence[Action]:
        """Answer what is complete."""
        return self._told(self._bind.receive(data))

    def secured(self) -> Sequence[Action]:
        """Never asked for."""
        return self._bind.secured()

    def closed(self) -> Sequence[Action]:
        """The server owed an answer; after a Connect it owes nothing."""
        return self._told(self._bind.closed())

    def last_line(self) -> str:
        """The last PDU, or how much there is of one."""
        return self._bind.last_line()

    def explain(self, outcome: Outcome) -> Outcome:
        """What went wrong outside of the conversation, with what it was about."""
        return self._retold(attrs.evolve(self._bind.explain(outcome), text=outcome.text))

    def _told(self, actions: Sequence[Action]) -> Sequence[Action]:
        return [Finish(self._retold(action.outcome)) if isinstance(action, Finish) else action for action in actions]

    def _retold(self, outcome: Outcome) -> Outcome:
        if outcome.port is None:
            return outcome
        (interface,) = self._bind.interfaces
        told = f"the endpoint mapper tells port {outcome.port} for {interface.name}"
        text = f"{told}, which accepts a bind" if outcome.status.passed else f"{told}, but {outcome.text}"
        return attrs.evolve(outcome, text=text)
