"""One service of a simulated server: its ports, and the mode that can be changed while it runs."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, DeferredLock, gatherResults, maybeDeferred, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IProtocol, IReactorTCP, IReactorTime
from twisted.internet.protocol import Factory
from twisted.internet.ssl import CertificateOptions
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOFactory

from exproxy.simulator.faults import ModeFactory
from exproxy.simulator.modes import Mode, ModeError

_log = Logger()


class SimulatorReactor(IReactorTCP, IReactorTime):
    """What the simulator asks of a reactor."""


class SiteError(Exception):
    """The site cannot start; the text says which port of which service, and why."""


class Switch(Protocol):
    """Something whose mode can be set."""

    name: str

    @property
    def mode(self) -> Mode:
        """What new clients meet."""

    def set(self, mode: Mode) -> Deferred[None]:
        """From now on; fires when it is so.

        :raises ModeError: this mode makes no sense here.
        """


class Directory:
    """A virtual directory: it has no port of its own, so it can only answer well or badly."""

    MODES = (Mode.WELL, Mode.MAINTENANCE, Mode.ERROR)

    def __init__(self, server: str, name: str) -> None:
        self.server = server
        self.name = name
        self.mode = Mode.WELL

    def set(self, mode: Mode) -> Deferred[None]:
        if mode not in self.MODES:
            known = ", ".join(each.value for each in self.MODES)
            raise ModeError(f"the directory {self.name} can be {known}; {mode.value} is for the whole https service")
        if mode is not self.mode:
            self.mode = mode
            _log.info("{server} {name}: {mode}", server=self.server, name=self.name, mode=mode.value)
        return succeed(None)


class Door:
    """One listening port.

    :param name: ``pop3`` or ``pop3s``.
    :param number: the port; 0 until the system has chosen one.
    """

    def __init__(self, name: str, number: int, factory: ModeFactory, outer: Any) -> None:
        self.name = name
        self.number = number
        self.sessions = factory
        self.outer = outer
        self.listening: IListeningPort | None = None


def port_of(listening: IListeningPort) -> int:
    """The port that the system gave, where 0 was asked for."""
    return cast(IPv4Address, listening.getHost()).port


class Service:
    """One service, on one or two ports (in clear, and with TLS from the start)."""

    def __init__(self, reactor: SimulatorReactor, server: str, name: str, address: str) -> None:
        self.server = server
        self.name = name
        self.address = address
        self.mode = Mode.WELL
        self.doors: list[Door] = []
        self._reactor = reactor
        self._started = False
        self._turn = DeferredLock()

    def add_door(
        self,
        name: str,
        number: int,
        well: Factory[Any],
        failing: Callable[[Mode], IProtocol],
        tls: CertificateOptions | None = None,
    ) -> None:
        """One more port, before :meth:`start`; with ``tls`` the handshake comes first."""
        factory = ModeFactory(self._reactor, lambda: self.mode, well, failing)
        outer: Any = factory
        if tls is not None:
            outer = TLSMemoryBIOFactory(tls, isClient=False, wrappedFactory=factory, clock=self._reactor)
            outer.noisy = False
        self.doors.append(Door(name, number, factory, outer))

    @property
    def port(self) -> int:
        """The first port: where there are two, the one in clear."""
        return self.doors[0].number

    @property
    def tls_port(self) -> int:
        """The last port: where there are two, the one with TLS."""
        return self.doors[-1].number

    def start(self) -> Deferred[None]:
        """Open the ports; fails with :class:`SiteError`."""
        self._started = True
        return self._turn.run(self._settle)

    def stop(self) -> Deferred[None]:
        """Close the ports and cut the sessions; fires when all are gone."""
        self._started = False
        return self._turn.run(self._settle)

    def set(self, mode: Mode) -> Deferred[None]:
        if mode is not self.mode:
            self.mode = mode
            _log.info("{server} {name}: {mode}", server=self.server, name=self.name, mode=mode.value)
        return self._turn.run(self._settle)

    def move(self) -> Deferred[None]:
        """Cut the sessions and go on at a port that the system chooses; fires when it is open."""
        return self._turn.run(self._move)

    def _move(self) -> Deferred[None]:
        closed = self._close([door for door in self.doors if door.listening is not None])
        for door in self.doors:
            door.number = 0
        _log.info("{server} {name}: restarts", server=self.server, name=self.name)
        return closed.addCallback(lambda _: self._settle())

    def _settle(self) -> Deferred[None]:
        """Do what mode and start or stop want; one at a time, because a closing port is not free at once."""
        if self._started and self.mode is not Mode.REFUSE:
            return self._open([door for door in self.doors if door.listening is None])
        return self._close([door for door in self.doors if door.listening is not None])

    def _open(self, doors: Sequence[Door]) -> Deferred[None]:
        for door in doors:
            try:
                port = self._reactor.listenTCP(door.number, door.outer, interface=self.address)
            except CannotListenError as error:
                raise SiteError(
                    f"{self.server} {door.name}: cannot listen on {self.address}:{door.number}: {error.socketError}"
                ) from error
            door.listening = port
            door.number = port_of(port)
        return succeed(None)

    def _close(self, doors: Sequence[Door]) -> Deferred[None]:
        waiting: list[Deferred[Any]] = []
        for door in doors:
            if door.listening is not None:
                waiting.append(maybeDeferred(cast(Callable[[], Any], door.listening.stopListening)))
                door.listening = None
            waiting.append(maybeDeferred(door.sessions.abort_all))
        return gatherResults(waiting).addCallback(lambda _: None)
