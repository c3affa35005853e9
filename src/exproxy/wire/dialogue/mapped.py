"""RPC dialogues that may begin with an endpoint mapper, and what they leave behind: ports, and what binds agreed on."""

import abc
from collections.abc import Sequence

import attrs

from exproxy.wire.dialogue.base import Action, Outcome, Status
from exproxy.wire.dialogue.mapping import MAPPER_PORT, PortAnswer, ask_port, read_port
from exproxy.wire.dialogue.rpctalk import RpcTalk, names
from exproxy.wire.interfaces import EPM, Interface
from exproxy.wire.rpc.call import Response
from exproxy.wire.rpc.client import Answer


@attrs.frozen
class Bound:
    """A bind that was accepted, and what was agreed with it (C706 12.6.4.4).

    :param port: the one that the endpoint mapper told; ``None``: nobody was asked.
    :param to_server: the largest fragment that the server takes, in bytes; likewise ``from_server`` the largest that it sends.
    :param secondary: the secondary address: mostly the port in decimal; may be empty.
    """

    interface: Interface
    port: int | None
    to_server: int
    from_server: int
    secondary: str

    @property
    def text(self) -> str:
        """For people."""
        where = "" if self.port is None else f" at port {self.port}"
        secondary = f"secondary address {self.secondary}" if self.secondary else "no secondary address"
        sizes = f"fragments of up to {self.to_server} bytes to the server and {self.from_server} bytes from it"
        return f"{self.interface.name}{where}: {sizes}, {secondary}"


@attrs.frozen
class RpcOutcome(Outcome):
    """An outcome with what was found on the way.

    :param told: what the endpoint mapper has said of each interface that it was asked for, in that order.
    :param binds: those that were accepted.
    """

    told: tuple[tuple[Interface, PortAnswer], ...] = ()
    binds: tuple[Bound, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(bound.text for bound in self.binds)

    def answer_for(self, interface: Interface) -> PortAnswer | None:
        """What the mapper said of ``interface``; ``None``: it was not asked, or did not answer."""
        return next((answer for asked, answer in self.told if asked.uuid == interface.uuid), None)


@attrs.define
class MappedTalk(RpcTalk):
    """:meth:`_ask_mapper` asks for all interfaces, one after the other on one connection; every end is an :class:`RpcOutcome`."""

    interfaces: tuple[Interface, ...]
    reached: int = attrs.field(default=MAPPER_PORT, kw_only=True)
    """The port of the first connection: a mapper that tells its own tells nonsense."""
    _told: list[tuple[Interface, PortAnswer]] = attrs.field(factory=list, init=False)
    _binds: list[Bound] = attrs.field(factory=list, init=False)

    @abc.abstractmethod
    def _all_told(self) -> Sequence[Action]:
        """The mapper has told a port for each of the interfaces."""

    def explain(self, outcome: Outcome) -> Outcome:
        """What went wrong outside of the conversation, with what it was about."""
        told = "" if self.port is None else f" (the endpoint mapper told port {self.port} for {names(self._here())})"
        owed = "" if self._expect is None else f"; the {self._question} was not answered"
        return self._outcome(outcome.status, f"{outcome.text}{told}{owed}", outcome.code, outcome.line)

    def _here(self) -> Sequence[Interface]:
        """Those that the present connection is for."""
        return self.interfaces

    def _ask_mapper(self) -> Sequence[Action]:
        return self._bind(EPM, self._mapper_bound)

    def _mapper_bound(self, answer: Answer) -> Sequence[Action]:
        return self._refused(answer) or self._ask_next()

    def _ask_next(self) -> Sequence[Action]:
        wanted = self.interfaces[len(self._told)]
        return self._ask(f"endpoint mapper request for {wanted.name}", ask_port(self._client, wanted), self._mapped)

    def _mapped(self, answer: Answer) -> Sequence[Action]:
        faulted = self._faulted(answer)
        if faulted:
            return faulted
        assert isinstance(answer, Response), "the client lets nothing else through"
        wanted = self.interfaces[len(self._told)]
        found = read_port(answer, wanted, self.reached)
        self._told.append((wanted, found))
        if found.port is None:
            return self._finish(Status.L7STS, found.text, found.status)
        return self._ask_next() if len(self._told) < len(self.interfaces) else self._all_told()

    def _outcome(self, status: Status, text: str, code: int | None, line: str) -> RpcOutcome:
        return RpcOutcome(status, text, code, line, port=self.port, told=tuple(self._told), binds=tuple(self._binds))
