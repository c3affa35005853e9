"""The simulated site: Exchange-like servers whose services can be made to fail while they run."""

import datetime
from collections import deque
from collections.abc import Callable
from typing import Any, cast

from twisted.internet.defer import Deferred, FirstError, gatherResults, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger
from twisted.python.failure import Failure

from exproxy.simulator.certificate import self_signed
from exproxy.simulator.control import ControlFactory
from exproxy.simulator.layout import DEMO, Layout
from exproxy.simulator.server import Server
from exproxy.simulator.service import SimulatorReactor, SiteError, port_of
from exproxy.simulator.smtp import Mail

KEPT = 100
"""Mails that the site remembers."""

_log = Logger()


class Simulator:
    """The site.

    :ivar servers: by their short names.
    :ivar mails: the last :data:`KEPT`, the newest last; each says which server took it.
    :ivar certificate: shared by all servers.
    """

    def __init__(self, reactor: SimulatorReactor, layout: Layout = DEMO) -> None:
        self._reactor = reactor
        self._layout = layout
        self._control: IListeningPort | None = None
        self.mails: deque[Mail] = deque(maxlen=KEPT)
        self.certificate = self_signed(datetime.datetime.fromtimestamp(reactor.seconds(), datetime.UTC))
        self.servers = {
            name: Server(reactor, name, address, layout.ports, self.certificate, self._keep)
            for name, address in layout.servers.items()
        }
        self._commands = ControlFactory(self.servers, self.mails)

    def server(self, name: str) -> Server:
        """:raises KeyError: there is no such server."""
        return self.servers[name]

    @property
    def control_port(self) -> int | None:
        """The port on which commands are taken, once the site runs and if it has one."""
        return None if self._control is None else port_of(self._control)

    def start(self) -> Deferred[None]:
        """Open all ports.

        Fails with :class:`SiteError`, whose text names the port that could not be opened; nothing is left open then.
        """
        servers = gatherResults([server.start() for server in self.servers.values()], consumeErrors=True)
        return servers.addCallback(lambda _: self._open_control()).addErrback(self._give_up)

    def stop(self) -> Deferred[None]:
        """Close all ports and cut all sessions; fires when they are gone."""
        waiting: list[Deferred[Any]] = [server.stop() for server in self.servers.values()]
        waiting.append(self._commands.close())
        if self._control is not None:
            stop: Callable[[], Any] = self._control.stopListening
            waiting.append(maybeDeferred(stop))
            self._control = None
        return gatherResults(waiting).addCallback(lambda _: None)

    def _keep(self, mail: Mail) -> None:
        self.mails.append(mail)
        _log.info("{mail.server} {mail.service}: took a mail from {mail.sender} to {mail.recipient}", mail=mail)

    def _open_control(self) -> None:
        if self._layout.control is None:
            return
        address, port = self._layout.control
        try:
            self._control = self._reactor.listenTCP(port, cast(Any, self._commands), interface=address)
        except CannotListenError as error:
            raise SiteError(f"control port: cannot listen on {address}:{port}: {error.socketError}") from error

    def _give_up(self, failure: Failure) -> Deferred[Any]:
        # gatherResults wraps the first failure in a FirstError, inside another one for the servers.
        cause = failure
        while isinstance(cause.value, FirstError):
            cause = cause.value.subFailure
        return self.stop().addCallback(lambda _: cause)
