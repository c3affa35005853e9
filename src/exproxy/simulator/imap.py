"""IMAP4rev1: Twisted's server over a read-only mailbox with one message, so that real mail clients can look at it."""

import io
from collections.abc import Callable, Iterable, Iterator
from email.parser import BytesHeaderParser
from email.policy import SMTP as CRLF

from twisted.cred.portal import Portal
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IAddress, IDelayedCall, IReactorTime
from twisted.internet.protocol import ServerFactory
from twisted.internet.ssl import CertificateOptions
from twisted.mail import imap4
from twisted.mail.interfaces import IAccountIMAP, IMailboxIMAP, IMessageIMAP, IMessageIMAPFile
from zope.interface import implementer

from exproxy.simulator.account import USER, portal, welcome
from exproxy.simulator.faults import Refusal
from exproxy.simulator.modes import Mode


def failing(mode: Mode) -> Refusal:
    """What is said instead of a greeting."""
    if mode is Mode.MAINTENANCE:
        return Refusal(b"* BYE Service not active\r\n")
    return Refusal(b"* BYE Something is broken here\r\n")


@implementer(IMessageIMAP, IMessageIMAPFile)
class Message:
    """The one message."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._headers = BytesHeaderParser(policy=CRLF).parsebytes(data)

    def open(self) -> io.BytesIO:
        return io.BytesIO(self._data)

    def getUID(self) -> int:
        return 1

    def getFlags(self) -> list[str]:
        return []

    def getInternalDate(self) -> str:
        return "Mon, 06 Jan 2025 08:00:00 +0000"

    def getHeaders(self, negate: bool, *names: str | bytes) -> dict[str, str]:
        # Twisted asks with bytes for a FETCH and with text for an envelope.
        wanted = {(name.decode("ascii", "replace") if isinstance(name, bytes) else name).lower() for name in names}
        return {key.lower(): str(value) for key, value in self._headers.items() if (key.lower() in wanted) is not bool(negate)}

    def getBodyFile(self) -> io.BytesIO:
        return io.BytesIO(self._data.partition(b"\r\n\r\n")[2])

    def getSize(self) -> int:
        return len(self._data)

    def isMultipart(self) -> bool:
        return False

    def getSubPart(self, part: int) -> "Message":
        raise TypeError("this message has no parts")


@implementer(IMailboxIMAP)
class Inbox:
    """One message, for reading."""

    def __init__(self, data: bytes) -> None:
        self._message = Message(data)

    def getFlags(self) -> list[str]:
        return ["\\Seen"]

    def getHierarchicalDelimiter(self) -> str:
        return "/"

    def getUIDValidity(self) -> int:
        return 1

    def getUIDNext(self) -> int:
        return 2

    def getUID(self, message: int) -> int:
        return 1

    def getMessageCount(self) -> int:
        return 1

    def getRecentCount(self) -> int:
        return 0

    def getUnseenCount(self) -> int:
        return 1

    def isWriteable(self) -> bool:
        return False

    def destroy(self) -> None:
        raise imap4.ReadOnlyMailbox("INBOX")

    def requestStatus(self, names: Iterable[str]) -> dict[str, int]:
        status: dict[str, int] = imap4.statusRequestHelper(self, names)
        return status

    def addListener(self, listener: object) -> None:
        """Nothing ever changes, so nobody is told."""

    def removeListener(self, listener: object) -> None:
        """See :meth:`addListener`."""

    def addMessage(self, message: object, flags: object = (), date: object = None) -> None:
        raise imap4.ReadOnlyMailbox("INBOX")

    def expunge(self) -> None:
        raise imap4.ReadOnlyMailbox("INBOX")

    def store(self, messages: object, flags: object, mode: int, uid: bool) -> None:
        raise imap4.ReadOnlyMailbox("INBOX")

    def fetch(self, messages: imap4.MessageSet, uid: bool) -> Iterator[tuple[int, Message]]:
        # An open end ("1:*") has to be told what the last one is.
        messages.last = 1
        return iter([(1, self._message)] if 1 in messages else [])


class Session(imap4.IMAP4Server):
    """One client."""

    portal: Portal | None  # type: ignore[assignment]  # Twisted has no annotation, only the default None

    def __init__(self, clock: IReactorTime, server: str, context: CertificateOptions | None) -> None:
        super().__init__(contextFactory=context, scheduler=_at_once)
        self._clock = clock
        self.IDENT = f"The Microsoft Exchange IMAP4 service on {server} is ready.".encode()

    def callLater(self, period: float, func: Callable[[], None]) -> IDelayedCall:
        return self._clock.callLater(period, func)

    def capabilities(self) -> dict[bytes, list[bytes] | None]:
        offered: dict[bytes, list[bytes] | None] = super().capabilities()
        # A login in clear is fine here, and the shortest command to type.
        offered.pop(b"LOGINDISABLED", None)
        return offered


class ImapFactory(ServerFactory[Session]):
    """Builds sessions; ``context`` is for STARTTLS, ``None`` where TLS is there already."""

    noisy = False

    def __init__(self, clock: IReactorTime, server: str, context: CertificateOptions | None) -> None:
        self._clock = clock
        self._server = server
        self._context = context
        self._portal = portal(IAccountIMAP, self._account)

    def buildProtocol(self, addr: IAddress | None) -> Session:
        session = Session(self._clock, self._server, self._context)
        session.portal = self._portal
        session.factory = self
        return session

    def _account(self) -> imap4.MemoryAccount:
        account = imap4.MemoryAccount(USER)
        account.addMailbox("INBOX", Inbox(welcome(self._server)))
        return account


def _at_once(steps: Iterator[Deferred[None] | None]) -> Deferred[None]:
    """Twisted's scheduler for an answer's parts, without the pauses: here an answer is one short message."""
    for step in steps:
        if isinstance(step, Deferred):
            return step.addCallback(lambda _: _at_once(steps))
    return succeed(None)
