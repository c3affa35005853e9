"""SMTP as Exchange's receive connectors speak it: port 25, and submission with a login on 587, both by Twisted's ESMTP."""

from collections.abc import Callable, Sequence

import attrs
from twisted.cred.portal import Portal
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IAddress, IDelayedCall, IReactorTime
from twisted.internet.protocol import ServerFactory
from twisted.internet.ssl import CertificateOptions
from twisted.mail import smtp
from twisted.mail.imap4 import PLAINCredentials
from twisted.mail.interfaces import IMessageDelivery, IMessageSMTP
from zope.interface import implementer

from exproxy.simulator.account import portal
from exproxy.simulator.faults import Refusal
from exproxy.simulator.modes import Mode

SIZE_LIMIT = 1_048_576
"""Bytes of one message; a larger one is answered 552."""
IDLE = 300
"""Seconds (RFC 5321 section 4.5.3.2)."""


@attrs.frozen
class Mail:
    """What a server took: one for each recipient.

    :param server: the name of the server that took it.
    :param service: ``smtp`` or ``submission``.
    :param data: header and body, lines ending in CRLF.
    """

    server: str
    service: str
    sender: str
    recipient: str
    data: bytes


def failing(mode: Mode) -> Refusal:
    """What is said instead of a greeting."""
    if mode is Mode.MAINTENANCE:
        return Refusal(b"421 4.3.2 Service not active\r\n")
    return Refusal(b"554 5.3.0 Something is broken here\r\n")


@implementer(IMessageSMTP)
class _Incoming:
    """One message on its way in."""

    def __init__(self, keep: Callable[[bytes], None]) -> None:
        self._keep = keep
        self._lines: list[bytes] = []
        self._size = 0

    def lineReceived(self, line: bytes) -> None:
        self._size += len(line) + 2
        if self._size > SIZE_LIMIT:
            raise smtp.SMTPServerError(552, b"5.3.4 Message size exceeds fixed maximum message size")
        self._lines.append(line)

    def eomReceived(self) -> Deferred[None]:
        self._keep(b"".join(line + b"\r\n" for line in self._lines))
        return succeed(None)

    def connectionLost(self) -> None:
        self._lines.clear()


@implementer(IMessageDelivery)
class Delivery:
    """Takes mail from anybody for anybody, and hands it to ``keep``."""

    def __init__(self, server: str, service: str, keep: Callable[[Mail], None]) -> None:
        self._server = server
        self._service = service
        self._keep = keep

    def receivedHeader(self, helo: tuple[bytes, bytes], origin: smtp.Address, recipients: Sequence[smtp.User]) -> bytes:
        name = helo[0].decode("ascii", "replace")
        return f"Received: from {name} by {self._server} with ESMTP; {smtp.rfc822date().decode()}".encode("ascii", "replace")

    def validateFrom(self, helo: tuple[bytes, bytes], origin: smtp.Address) -> smtp.Address:
        return origin

    def validateTo(self, user: smtp.User) -> Callable[[], _Incoming]:
        sender, recipient = str(user.orig), str(user.dest)

        def keep(data: bytes) -> None:
            self._keep(Mail(self._server, self._service, sender, recipient, data))

        return lambda: _Incoming(keep)


class Session(smtp.ESMTP):
    """One client; without a login where ``delivery`` is set, with one where ``portal`` is."""

    noisy = False
    timeout = IDLE
    portal: Portal | None  # type: ignore[assignment]  # Twisted has no annotation, only the default None
    host: bytes

    def __init__(self, clock: IReactorTime, challenges: dict[bytes, Callable[[], object]], context: CertificateOptions) -> None:
        super().__init__(challenges, context)
        self._clock = clock

    def callLater(self, period: float, func: Callable[[], None]) -> IDelayedCall:
        return self._clock.callLater(period, func)

    def extensions(self) -> dict[bytes, list[bytes] | None]:
        offered: dict[bytes, list[bytes] | None] = super().extensions()
        return {b"SIZE": [str(SIZE_LIMIT).encode()], b"PIPELINING": None, b"8BITMIME": None, **offered}

    def lookupMethod(self, command: bytes) -> Callable[[bytes], None] | None:
        """Twisted's own raises for a command that is not ASCII, such as a TLS handshake where none is expected."""
        method: Callable[[bytes], None] | None = super().lookupMethod(command) if command.isascii() else None
        return method

    def greeting(self) -> bytes:
        return bytes(self.host) + b" Microsoft ESMTP MAIL Service ready"


class SmtpFactory(ServerFactory[Session]):
    """Builds sessions.

    :param host: what the greeting names (``EX1.example.com``).
    :param login: whether mail is taken only from who has logged in (submission).
    """

    noisy = False

    def __init__(self, clock: IReactorTime, host: str, delivery: Delivery, context: CertificateOptions, login: bool) -> None:
        self._clock = clock
        self._host = host
        self._delivery = delivery
        self._context = context
        self._portal = portal(IMessageDelivery, lambda: delivery) if login else None

    def buildProtocol(self, addr: IAddress | None) -> Session:
        if self._portal is None:
            session = Session(self._clock, {}, self._context)
            session.delivery = self._delivery
        else:
            session = Session(self._clock, {b"LOGIN": smtp.LOGINCredentials, b"PLAIN": PLAINCredentials}, self._context)
            session.portal = self._portal
        session.host = self._host.encode()
        session.factory = self
        return session
