"""The RPC check: a bind to an interface, on this port or on the one that the endpoint mapper on this port tells.

The bind is what a client sends first (C706 12.6.4.3), unauthenticated: servers judge the interface before the identity.
DCE/RPC has no goodbye; servers expect connections to be closed.
"""

from collections.abc import Callable, Sequence

import attrs

from exproxy.wire.dialogue.base import Action, Connect, Finish, Outcome, Send, Status
from exproxy.wire.dialogue.mapping import PortAnswer, ask_port, read_port
from exproxy.wire.errors import WireError
from exproxy.wire.interfaces import EPM, Interface, interface
from exproxy.wire.rpc.association import BindAck, BindNak
from exproxy.wire.rpc.call import Fault, Response
from exproxy.wire.rpc.client import Answer, RpcClient
from exproxy.wire.rpc.syntax import NDR


@attrs.define
class RpcCheck:
    """A bind that is refused is ``L7STS`` with the server's reason; what is no answer to it is ``L7RSP``.

    :param interface: a name or UUID of :func:`exproxy.wire.interfaces.interface`.
    :param mapper: the connection is to the endpoint mapper: ask it for the port first, then bind there.
    :raises ValueError: there is no such interface.
    """

    interface: Interface = attrs.field(converter=interface)
    mapper: bool
    port: int | None = attrs.field(default=None, init=False)
    """What the endpoint mapper told."""
    _client: RpcClient = attrs.field(factory=RpcClient, init=False)
    _expect: Callable[[Answer], Sequence[Action]] | None = attrs.field(default=None, init=False)
    """Who takes the next answer; None before the start, after a Connect and after the end."""
    _question: str = attrs.field(default="", init=False)
    _heard: str = attrs.field(default="", init=False)

    def start(self) -> Sequence[Action]:
        """Bind, to the endpoint mapper first if there is a port to ask for."""
        self._client = RpcClient()
        if self.mapper and self.port is None:
            return self._bind(EPM, self._mapper_bound)
        return self._bind(self.interface, self._bound)

    def receive(self, data: bytes) -> Sequence[Action]:
        """Answer what is complete."""
        if self._expect is None:
            return ()
        self._client.push(data)
        actions: list[Action] = []
        while self._expect is not None:
            try:
                answer = self._client.next()
                if answer is None:
                    break
                self._heard = f"{self._client.last}{_verdict(answer)}"
                actions += self._expect(answer)
            except WireError as error:
                self._heard = self._client.last
                text = f"DCE/RPC was not spoken in answer to the {self._question} ({error})"
                actions += self._finish(Status.L7RSP, text)
        return actions

    def secured(self) -> Sequence[Action]:
        """Never asked for."""
        return ()

    def closed(self) -> Sequence[Action]:
        """The server owed an answer; after a Connect it owes nothing."""
        if self._expect is None:
            return ()
        return self._finish(Status.L7RSP, f"the server closed the connection instead of answering the {self._question}")

    def last_line(self) -> str:
        """The last PDU, or how much there is of one."""
        pending = self._client.buffered
        return f"{pending} bytes of an incomplete answer" if pending else self._heard

    def _bind(self, target: Interface, then: Callable[[Answer], Sequence[Action]]) -> Sequence[Action]:
        self._question = f"rpc bind to {target.name}"
        self._expect = then
        return (Send(self._client.bind(target.syntax)),)

    def _mapper_bound(self, answer: Answer) -> Sequence[Action]:
        refused = self._refused(answer)
        if refused:
            return refused
        self._question, self._expect = f"endpoint mapper request for {self.interface.name}", self._mapped
        return (Send(ask_port(self._client, self.interface)),)

    def _mapped(self, answer: Answer) -> Sequence[Action]:
        if isinstance(answer, Fault):
            return self._finish(Status.L7STS, f"the endpoint mapper answered with a fault: {answer.text}", answer.status)
        assert isinstance(answer, Response), "the client lets nothing else through"
        found: PortAnswer = read_port(answer, self.interface)
        if found.port is None:
            return self._finish(Status.L7STS, found.text, found.status)
        self.port, self._expect = found.port, None
        return (Connect(found.port),)

    def _bound(self, answer: Answer) -> Sequence[Action]:
        where = "" if self.port is None else f" on port {self.port}, which the endpoint mapper told"
        return self._refused(answer) or self._finish(Status.L7OKD, f"{self._question} was accepted{where}")

    def _refused(self, answer: Answer) -> Sequence[Action]:
        """The end, if the answer refuses the bind; empty if it accepts.

        :raises WireError: it accepts what we did not offer.
        """
        if isinstance(answer, BindNak):
            return self._finish(Status.L7STS, f"{self._question} was refused: {answer.text}", answer.reason)
        assert isinstance(answer, BindAck), "the client lets nothing else through"
        result = answer.results[0]
        if not result.accepted:
            return self._finish(Status.L7STS, f"{self._question} was refused: {result.text}", result.reason)
        if result.transfer != NDR:
            raise WireError(f"accepts transfer syntax {result.transfer}, which was not offered", "RPC bind_ack")
        return ()

    def _finish(self, status: Status, text: str, code: int | None = None) -> Sequence[Action]:
        self._expect = None
        return (Finish(Outcome(status, text, code, self._heard, port=self.port)),)


def _verdict(answer: Answer) -> str:
    """What the answer says, to go behind its name."""
    if isinstance(answer, BindAck):
        result = answer.results[0]
        return ": accepted" if result.accepted else f": {result.text}"
    return "" if isinstance(answer, Response) else f": {answer.text}"
