"""The RPC check: a bind to an interface, on this port or on the one that the endpoint mapper on this port tells."""

from collections.abc import Sequence

import attrs

from exproxy.wire.dialogue.base import Action, Connect, Status
from exproxy.wire.dialogue.mapping import PortAnswer, ask_port, read_port
from exproxy.wire.dialogue.rpctalk import RpcTalk
from exproxy.wire.interfaces import EPM, Interface, interface
from exproxy.wire.rpc.call import Response
from exproxy.wire.rpc.client import Answer


@attrs.define
class RpcCheck(RpcTalk):
    """A bind that is refused is ``L7STS`` with the server's reason; what is no answer to it is ``L7RSP``.

    :param interface: a name or UUID of :func:`exproxy.wire.interfaces.interface`.
    :param mapper: the connection is to the endpoint mapper: ask it for the port first, then bind there.
    :raises ValueError: there is no such interface.
    """

    interface: Interface = attrs.field(converter=interface)
    mapper: bool

    def start(self) -> Sequence[Action]:
        """Bind, to the endpoint mapper first if there is a port to ask for."""
        if self.mapper and self.port is None:
            return self._bind(EPM, self._mapper_bound)
        return self._bind(self.interface, self._bound)

    def _mapper_bound(self, answer: Answer) -> Sequence[Action]:
        question = f"endpoint mapper request for {self.interface.name}"
        return self._refused(answer) or self._ask(question, ask_port(self._client, self.interface), self._mapped)

    def _mapped(self, answer: Answer) -> Sequence[Action]:
        faulted = self._faulted(answer)
        if faulted:
            return faulted
        assert isinstance(answer, Response), "the client lets nothing else through"
        found: PortAnswer = read_port(answer, self.interface)
        if found.port is None:
            return self._finish(Status.L7STS, found.text, found.status)
        self.port, self._expect = found.port, None
        return (Connect(found.port),)

    def _bound(self, answer: Answer) -> Sequence[Action]:
        where = "" if self.port is None else f" on port {self.port}, which the endpoint mapper told"
        return self._refused(answer) or self._finish(Status.L7OKD, f"{self._question} was accepted{where}")
