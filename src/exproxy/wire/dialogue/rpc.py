"""The RPC check: a bind to each interface, on this port or on those that the endpoint mapper on this port tells.

One connection serves all interfaces of a port: its one bind has a presentation context for each (C706 12.6.4.3).
"""

from collections.abc import Iterable, Sequence

import attrs

from exproxy.wire.dialogue.base import Action, Connect, Status
from exproxy.wire.dialogue.mapped import Bound, MappedTalk
from exproxy.wire.dialogue.rpctalk import names
from exproxy.wire.interfaces import Interface, interface
from exproxy.wire.rpc.association import BindAck
from exproxy.wire.rpc.client import Answer


def _interfaces(wanted: str | Iterable[str]) -> tuple[Interface, ...]:
    return tuple(interface(name) for name in ([wanted] if isinstance(wanted, str) else wanted))


@attrs.define
class RpcCheck(MappedTalk):
    """A bind that is refused is ``L7STS`` with the server's reason; what is no answer to it is ``L7RSP``.

    :param interfaces: one or several, each a name or UUID of :func:`exproxy.wire.interfaces.interface`.
    :param mapper: the connection is to the endpoint mapper: ask it for the ports first, then bind there.
    :raises ValueError: there is no such interface.
    """

    interfaces: tuple[Interface, ...] = attrs.field(converter=_interfaces)
    mapper: bool
    _ports: dict[int, list[Interface]] = attrs.field(factory=dict, init=False)
    """What the mapper told, in the order in which it is gone through."""

    def start(self) -> Sequence[Action]:
        """Bind, to the endpoint mapper first if there is a port to ask for."""
        if self.mapper and self.port is None:
            return self._ask_mapper()
        first, *others = self._here()
        return self._bind(first, self._bound, *others)

    def _here(self) -> Sequence[Interface]:
        return self.interfaces if self.port is None else self._ports[self.port]

    def _all_told(self) -> Sequence[Action]:
        for each, answer in self._told:
            assert answer.port is not None, "the conversation ends where there is none"
            self._ports.setdefault(answer.port, []).append(each)
        return self._go_to(next(iter(self._ports)))

    def _go_to(self, port: int) -> Sequence[Action]:
        self.port, self._expect = port, None
        return (Connect(port),)

    def _bound(self, answer: Answer) -> Sequence[Action]:
        refused = self._refused(answer)
        if refused:
            return refused
        assert isinstance(answer, BindAck), "anything else is a refusal"
        sizes = answer.max_receive, answer.max_transmit
        self._binds += [Bound(each, self.port, *sizes, answer.secondary) for each in self._targets]
        done = {bound.port for bound in self._binds}
        port = next((port for port in self._ports if port not in done), None)
        return self._finish(Status.L7OKD, self._accepted()) if port is None else self._go_to(port)

    def _accepted(self) -> str:
        verb = "rpc bind to {} was accepted" if len(self.interfaces) == 1 else "rpc binds to {} were accepted"
        if len(self._ports) < 2:
            where = "" if self.port is None else f" on port {self.port}, which the endpoint mapper told"
            return verb.format(names(self.interfaces)) + where
        places = ", ".join(f"{names(those)} on port {port}" for port, those in self._ports.items())
        return f"{verb.format(places)}; the endpoint mapper told these ports"
