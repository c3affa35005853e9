"""The endpoint mapper check: bind, ``ept_map``, and that the port which it tells accepts a bind."""

from collections.abc import Sequence

import attrs

from exproxy.wire.dialogue.base import Action, Finish
from exproxy.wire.dialogue.rpc import RpcCheck


@attrs.define(init=False)
class EpmCheck:
    """An :class:`RpcCheck` by way of the mapper whose outcome is told from the mapper's side; ``Outcome.port`` is the port.

    :param interface: a name or UUID of :func:`exproxy.wire.interfaces.interface`.
    :raises ValueError: there is no such interface.
    """

    _bind: RpcCheck

    def __init__(self, interface: str) -> None:
        self._bind = RpcCheck(interface, mapper=True)

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

    def _told(self, actions: Sequence[Action]) -> Sequence[Action]:
        return [self._retell(action) if isinstance(action, Finish) else action for action in actions]

    def _retell(self, end: Finish) -> Finish:
        outcome = end.outcome
        if outcome.port is None:
            return end
        told = f"the endpoint mapper tells port {outcome.port} for {self._bind.interface.name}"
        text = f"{told}, which accepts a bind" if outcome.status.passed else f"{told}, but {outcome.text}"
        return Finish(attrs.evolve(outcome, text=text))
