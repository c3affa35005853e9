"""What RPC dialogues have in common: one question at a time, the answer that belongs to it, and an end in an outcome.

The bind is what a client sends first (C706 12.6.4.3), unauthenticated: servers judge the interface before the identity.
DCE/RPC has no goodbye; servers expect connections to be closed.
"""

import abc
from collections.abc import Callable, Sequence

import attrs

from exproxy.wire.dialogue.base import Action, Finish, Outcome, Send, Status
from exproxy.wire.errors import WireError
from exproxy.wire.interfaces import Interface
from exproxy.wire.rpc.association import BindAck, BindNak
from exproxy.wire.rpc.call import Fault, Response
from exproxy.wire.rpc.client import Answer, RpcClient
from exproxy.wire.rpc.syntax import NDR

Then = Callable[[Answer], Sequence[Action]]
"""Takes an answer; may raise :class:`WireError` for what is no answer to the question."""


@attrs.define
class RpcTalk(abc.ABC):
    """A subclass asks in :meth:`start`, with :meth:`_bind`, and goes on from answer to answer with :meth:`_ask`."""

    port: int | None = attrs.field(default=None, init=False)
    """What the endpoint mapper told, if it was asked for a port."""
    _client: RpcClient = attrs.field(factory=RpcClient, init=False)
    _expect: Then | None = attrs.field(default=None, init=False)
    """Who takes the next answer; None before the start, after a Connect and after the end."""
    _question: str = attrs.field(default="", init=False)
    _targets: tuple[Interface, ...] = attrs.field(default=(), init=False)
    """What the connection was to be bound to."""
    _heard: str = attrs.field(default="", init=False)

    @abc.abstractmethod
    def start(self) -> Sequence[Action]:
        """Bind, on a new connection."""

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

    def _bind(self, target: Interface, then: Then, *more: Interface) -> Sequence[Action]:
        self._client = RpcClient()
        self._targets = (target, *more)
        bind = self._client.bind(*(each.syntax for each in self._targets))
        return self._ask(f"rpc bind to {names(self._targets)}", bind, then)

    def _ask(self, question: str, data: bytes, then: Then) -> Sequence[Action]:
        """:param question: for texts, as "the …" goes on."""
        self._question, self._expect = question, then
        return (Send(data),)

    def _refused(self, answer: Answer) -> Sequence[Action]:
        """The end, if the answer refuses any interface; empty if it accepts them all.

        :raises WireError: it accepts what we did not offer.
        """
        if isinstance(answer, BindNak):
            return self._finish(Status.L7STS, f"{self._question} was refused: {answer.text}", answer.reason)
        assert isinstance(answer, BindAck), "the client lets nothing else through"
        for target, result in zip(self._targets, answer.results, strict=True):
            if not result.accepted:
                return self._finish(Status.L7STS, f"rpc bind to {target.name} was refused: {result.text}", result.reason)
            if result.transfer != NDR:
                raise WireError(f"accepts transfer syntax {result.transfer}, which was not offered", "RPC bind_ack")
        return ()

    def _faulted(self, answer: Answer) -> Sequence[Action]:
        """The end, if the endpoint mapper answered a call with a fault."""
        if isinstance(answer, Fault):
            return self._finish(Status.L7STS, f"the endpoint mapper answered with a fault: {answer.text}", answer.status)
        return ()

    def _finish(self, status: Status, text: str, code: int | None = None) -> Sequence[Action]:
        self._expect = None
        return (Finish(self._outcome(status, text, code, self._heard)),)

    def _outcome(self, status: Status, text: str, code: int | None, line: str) -> Outcome:
        return Outcome(status, text, code, line, port=self.port)


def names(interfaces: Sequence[Interface]) -> str:
    """ "emsmdb, nspi and rfri"."""
    *others, last = (interface.name for interface in interfaces)
    return f"{', '.join(others)} and {last}" if others else last


def _verdict(answer: Answer) -> str:
    """What the answer says, to go behind its name."""
    if isinstance(answer, BindAck):
        refused = next((result for result in answer.results if not result.accepted), None)
        return ": accepted" if refused is None else f": {refused.text}"
    return "" if isinstance(answer, Response) else f": {answer.text}"
