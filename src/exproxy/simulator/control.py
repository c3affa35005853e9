"""The control port: a line a command, in words that people type."""

from collections.abc import Mapping, Sequence

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IAddress, IHalfCloseableProtocol, ITCPTransport
from twisted.internet.protocol import ServerFactory, connectionDone
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure
from zope.interface import implementer

from exproxy.simulator.modes import Mode, ModeError, mode_named
from exproxy.simulator.server import Server
from exproxy.simulator.service import SiteError
from exproxy.simulator.smtp import Mail

HELP = """\
SERVER SERVICE MODE   for example: ex1 smtp maintenance
SERVER all MODE       the whole machine, for example: ex2 all refuse
SERVER rpc-ca restart, SERVER rpc-ab restart: the service comes back on another port
status                what is well and what is not
mails                 the last mails, and who took them
help                  this
quit                  good bye
modes:    well, maintenance, error, garbage, silent, refuse, slow
services: smtp, submission, https, pop3, imap, epm, rpc-ca, rpc-ab
          and the directories of https: owa, ecp, ews, mapi, oab, rpc, autodiscover, microsoft-server-activesync,
          powershell, api"""


class Commands:
    """Understands the lines; knows nothing of connections."""

    def __init__(self, servers: Mapping[str, Server], mails: Sequence[Mail]) -> None:
        self._servers = servers
        self._mails = mails

    def obey(self, line: str) -> Deferred[str]:
        """The answer, without its last line end; wrong commands are answered too, and never fail."""
        match line.split():
            case []:
                return succeed("")
            case ["help"]:
                return succeed(HELP)
            case ["status"]:
                return succeed("\n".join(self._status()))
            case ["mails"]:
                lines = [f"{mail.server} {mail.service}: from {mail.sender} to {mail.recipient}" for mail in self._mails]
                return succeed("\n".join(lines) or "no mail yet")
            case [server, service, mode]:
                return self._set(server, service, mode)
            case _:
                return succeed(f"this is no command: {line.strip()!r}; say help")

    def _set(self, server_name: str, service: str, mode_name: str) -> Deferred[str]:
        server = self._servers.get(server_name.lower())
        if server is None:
            return succeed(f"no server is called {server_name!r}; there are {', '.join(self._servers)}")
        try:
            if mode_name.lower() == "restart":
                return (
                    server.restart(service).addCallback(lambda _: f"{server.name} {service.lower()} restarted").addErrback(_said)
                )
            mode = mode_named(mode_name)
            done = server.set_all(mode) if service.lower() == "all" else server.switch(service).set(mode)
        except ModeError as error:
            return succeed(str(error))
        done_text = done.addCallback(lambda _: f"{server.name} {service.lower()} {mode.value}")
        return done_text.addErrback(_said)

    def _status(self) -> list[str]:
        lines = []
        for server in self._servers.values():
            for service in server.services.values():
                doors = " ".join(f"{server.address}:{door.number}" for door in service.doors)
                lines.append(f"{server.name} {service.name:<11} {service.mode.value:<12} {doors}")
            failing = [directory for directory in server.directories.values() if directory.mode is not Mode.WELL]
            lines += [f"{server.name} {directory.name:<11} {directory.mode.value}" for directory in failing]
        return lines


def _said(failure: Failure) -> str:
    """A port that cannot be opened again (somebody else took it) is told, not thrown."""
    failure.trap(SiteError)
    return str(failure.value)


@implementer(IHalfCloseableProtocol)
class ControlSession(LineOnlyReceiver):
    """One person."""

    delimiter = b"\n"
    MAX_LENGTH = 1024
    transport: ITCPTransport
    factory: "ControlFactory"

    def __init__(self) -> None:
        self._unanswered = 0
        self._leaving = False

    def connectionMade(self) -> None:
        self.factory.joined(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.factory.left(self)

    def lineReceived(self, line: bytes) -> None:
        words = line.decode("utf-8", "replace").strip()
        if self._leaving:
            return
        if words == "quit":
            self._leave()
            return
        self._unanswered += 1
        self.factory.commands.obey(words).addCallback(self._answer)

    def readConnectionLost(self) -> None:
        """``echo … | nc`` has no more to say; without this the answer would be thrown away with the connection."""
        self._leave()

    def writeConnectionLost(self) -> None:
        """Never: only :meth:`readConnectionLost` ends a session."""

    def _leave(self) -> None:
        self._leaving = True
        if not self._unanswered:
            self.transport.loseConnection()

    def _answer(self, text: str) -> None:
        self._unanswered -= 1
        if text:
            self.transport.write(text.encode() + b"\n")
        if self._leaving:
            self._leave()


class ControlFactory(ServerFactory[ControlSession]):
    """Builds sessions and knows them."""

    noisy = False

    def __init__(self, servers: Mapping[str, Server], mails: Sequence[Mail]) -> None:
        self.commands = Commands(servers, mails)
        self._sessions: set[ControlSession] = set()
        self._closing: Deferred[None] | None = None

    def buildProtocol(self, addr: IAddress | None) -> ControlSession:
        session = ControlSession()
        session.factory = self
        return session

    def joined(self, session: ControlSession) -> None:
        self._sessions.add(session)

    def left(self, session: ControlSession) -> None:
        self._sessions.discard(session)
        if not self._sessions and self._closing is not None:
            closing, self._closing = self._closing, None
            closing.callback(None)

    def close(self) -> Deferred[None]:
        """End all sessions; fires when they are gone."""
        if not self._sessions:
            return succeed(None)
        if self._closing is None:
            self._closing = Deferred()
        closing = self._closing
        for session in list(self._sessions):
            session.transport.abortConnection()
        return closing
