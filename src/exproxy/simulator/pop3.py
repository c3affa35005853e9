"""POP3 as far as mail clients and checks use it.

Twisted's own server has no STLS, drives its answers by the global reactor and logs a traceback for each unknown command;
the few commands here are shorter than working around that.
"""

from collections.abc import Callable

from twisted.internet.interfaces import IAddress, IDelayedCall, IReactorTime, ITLSTransport
from twisted.internet.protocol import ServerFactory, connectionDone
from twisted.internet.ssl import CertificateOptions
from twisted.protocols.basic import LineOnlyReceiver
from twisted.protocols.policies import TimeoutMixin
from twisted.python.failure import Failure

from exproxy.simulator.account import may_log_in, welcome
from exproxy.simulator.faults import Refusal
from exproxy.simulator.modes import Mode

IDLE = 600
"""Seconds (RFC 1939 section 3)."""


def failing(mode: Mode) -> Refusal:
    """What is said instead of a greeting."""
    if mode is Mode.MAINTENANCE:
        return Refusal(b"-ERR Service not active\r\n")
    return Refusal(b"-ERR Something is broken here\r\n")


class Session(LineOnlyReceiver, TimeoutMixin):
    """One client.  Nothing is ever deleted: DELE is granted and forgotten, so that the next client finds the message too."""

    MAX_LENGTH = 512
    transport: ITLSTransport

    def __init__(self, clock: IReactorTime, server: str, context: CertificateOptions | None) -> None:
        self._clock = clock
        self._server = server
        self._context = context
        self._message = welcome(server)
        self._user = b""
        self._in = False

    def callLater(self, period: float, func: Callable[[], None]) -> IDelayedCall:
        return self._clock.callLater(period, func)

    def connectionMade(self) -> None:
        self.setTimeout(IDLE)
        self.sendLine(f"+OK The Microsoft Exchange POP3 service on {self._server} is ready.".encode())

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.setTimeout(None)

    def lineReceived(self, line: bytes) -> None:
        self.resetTimeout()
        verb, _, rest = line.strip().partition(b" ")
        match verb.upper():
            case b"CAPA":
                self._capabilities()
            case b"STLS" if self._context is not None:
                self._start_tls(self._context)
            case b"QUIT":
                self.sendLine(b"+OK Bye.")
                self.transport.loseConnection()
            case b"NOOP":
                self.sendLine(b"+OK")
            case other if not self._in:
                self._log_in(other, rest)
            case other:
                self._transaction(other, rest.split())

    def lineLengthExceeded(self, line: bytes) -> None:
        self.sendLine(b"-ERR Line too long")
        self.transport.loseConnection()

    def _capabilities(self) -> None:
        offered = [b"TOP", b"UIDL", b"USER", b"PIPELINING"]
        if self._context is not None:
            offered.append(b"STLS")
        self._several(b"+OK", offered)

    def _start_tls(self, context: CertificateOptions) -> None:
        self.sendLine(b"+OK Begin TLS negotiation.")
        self.transport.startTLS(context)
        self._context = None

    def _log_in(self, verb: bytes, rest: bytes) -> None:
        if verb == b"USER":
            self._user = rest
            self.sendLine(b"+OK")
        elif verb == b"PASS" and may_log_in(self._user, rest):
            self._in = True
            self.sendLine(b"+OK User successfully logged on.")
        elif verb == b"PASS":
            self.sendLine(b"-ERR Logon failure: unknown user name or bad password.")
        else:
            self.sendLine(b"-ERR Command is not valid in this state.")

    def _transaction(self, verb: bytes, words: list[bytes]) -> None:
        size = len(self._message)
        if words and words[0] != b"1":
            self.sendLine(b"-ERR There is one message only.")
            return
        match verb, len(words):
            case b"STAT", 0:
                self.sendLine(b"+OK 1 %d" % size)
            case b"LIST", 0:
                self._several(b"+OK 1 %d" % size, [b"1 %d" % size])
            case b"LIST", 1:
                self.sendLine(b"+OK 1 %d" % size)
            case b"UIDL", 0:
                self._several(b"+OK", [b"1 welcome"])
            case b"UIDL", 1:
                self.sendLine(b"+OK 1 welcome")
            case (b"RETR", 1) | (b"TOP", 2):
                # The body is one line long, so TOP answers the whole message whatever it asks for.
                self._several(b"+OK", self._message.split(b"\r\n")[:-1])
            case (b"DELE", 1) | (b"RSET", 0):
                self.sendLine(b"+OK")
            case _:
                self.sendLine(b"-ERR Unknown command.")

    def _several(self, first: bytes, lines: list[bytes]) -> None:
        self.sendLine(first)
        for line in lines:
            # Byte-stuffing, RFC 1939 section 3.
            self.sendLine(b"." + line if line.startswith(b".") else line)
        self.sendLine(b".")


class Pop3Factory(ServerFactory[Session]):
    """Builds sessions; ``context`` is for STLS, ``None`` where TLS is there already."""

    noisy = False

    def __init__(self, clock: IReactorTime, server: str, context: CertificateOptions | None) -> None:
        self._clock = clock
        self._server = server
        self._context = context

    def buildProtocol(self, addr: IAddress | None) -> Session:
        session = Session(self._clock, self._server, self._context)
        session.factory = self
        return session
