"""HTTP for administrators, by Twisted's own server, with limits of its own.

Clients here are few and may be hostile.  There are so many connections and no more, and a new one takes the place of the
oldest stranger's, whatever that waits for, so that strangers cannot push out who has logged in.  A few places are theirs, so
that everybody has a moment to say who he is: where they have no more than these, the new one takes the place of one that is
known, and has waited longest for a request, or for its answer.  None lives for long; a body is small, and one that is not is
read and dropped, so that the client hears why.
"""

from collections.abc import Callable
from http import HTTPStatus
from io import BytesIO
from typing import Any
from urllib.parse import unquote

from twisted.internet.abstract import FileDescriptor
from twisted.internet.interfaces import IDelayedCall, IPushProducer
from twisted.web.http import HTTPChannel, HTTPFactory, Request

from exproxy.admin import cookies, plainpages
from exproxy.admin.answers import Answer, Asked, RefusedError
from exproxy.admin.application import Application
from exproxy.admin.peer import peer

MOST = 64
"""Connections."""
STRANGERS = 16
"""Of them for those who have not said yet who they are: each is one at first."""
IDLE = 15.0
"""Seconds in which a request has to go on, or a next one to come."""
LIFETIME = 60.0
"""Seconds of a connection."""
FOLLOWED = 300.0
"""Seconds of one whose answer goes on: then whoever listens asks again, and has to be who may."""
RATE = 50
"""Connections over the network that begin in a second; more wait for the next one.  With TLS each takes about a millisecond."""
LARGEST = 64 * 1024
"""Octets of a body."""
ENDURED = 16 * 1024 * 1024
"""So many are read of one that is larger; then the connection is cut."""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self';"
    " frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", _POLICY),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    # and not no-referrer, with which browsers say of our own forms that they come from "null"
    ("Referrer-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
)

_TOO_LARGE = RefusedError(413, f"the body is larger than {LARGEST // 1024} KB")
_NO_HTTP = RefusedError(400, "this is no request of HTTP that makes sense here, or its head is larger than 16 KB")


class _Request(Request):
    channel: Any
    content: Any
    _size = 0
    _gone = False
    _left_off: Callable[[], None] | None = None
    full = False

    def gotLength(self, length: int | None) -> None:
        self.content = BytesIO()
        self._parsePOSTFormSubmission = False  # a body is JSON here
        if length is not None and length > ENDURED:
            self.requestHeaders.removeHeader(b"expect")
            self.channel.refuse(_TOO_LARGE)

    def handleContentChunk(self, data: bytes) -> None:
        self._size += len(data)
        if self._size <= LARGEST:
            self.content.write(data)
        elif self._size > ENDURED:
            self.channel.cut()

    def process(self) -> None:
        self.notifyFinish().addErrback(self._left)
        if self._size > LARGEST:
            self._send(plainpages.refusal(self._asked(), _TOO_LARGE))
            return
        application: Application = self.channel.factory.application
        asked = self._asked()
        self.channel.known = application.knows(asked)
        application.answer(asked).addCallback(self._send)

    def _asked(self) -> Asked:
        path = tuple(unquote(part) for part in self.path.decode("latin-1").strip("/").split("/"))
        authority = self._header("Host")
        authorization = self.requestHeaders.getRawHeaders(b"Authorization")
        user, address = peer(self.transport)
        secure = bool(self.isSecure())
        return Asked(
            method=self.method.decode("latin-1")[:20],
            path=path,
            query={name.decode("latin-1"): values[-1].decode("latin-1") for name, values in (self.args or {}).items()},
            kind=self._header("Content-Type").partition(";")[0].strip().lower(),
            body=self.content.getvalue(),
            authorization=authorization[0] if authorization else None,
            user=user,
            address=address,
            authority=authority,
            host=authority[: authority.find("]") + 1] if authority.startswith("[") else authority.partition(":")[0],
            secure=secure,
            page="text/html" in self._header("Accept").lower(),
            session=self._cookie(cookies.name(authority, secure)),
            mark=self._cookie(cookies.mark_name(authority, secure)),
            token=self._header("X-CSRF-Token"),
            origin=self._header("Origin") if self.requestHeaders.hasHeader(b"Origin") else None,
            site=self._header("Sec-Fetch-Site"),
        )

    def _cookie(self, name: str) -> str:
        return cookies.read(self.received_cookies.get(name.encode()))

    def _header(self, name: str) -> str:
        """The first of that name; empty: there is none."""
        return (self.requestHeaders.getRawHeaders(name.encode()) or [b""])[0].decode("latin-1")

    def _send(self, answer: Answer) -> None:
        if self._gone:
            return
        self.setResponseCode(answer.status, HTTPStatus(answer.status).phrase.encode())  # Twisted does not know all of them
        follow = None if self.method == b"HEAD" else answer.follow
        length = () if follow else (("Content-Length", str(len(answer.body))),)
        hsts = self.channel.factory.hsts
        secured = (("Strict-Transport-Security", f"max-age={int(hsts)}"),) if hsts and self.isSecure() else ()
        for name, value in (("Content-Type", answer.kind), *length, *_HEADERS, *secured):
            self.responseHeaders.setRawHeaders(name, [value])
        for name in dict.fromkeys(name for name, _ in answer.headers):
            self.responseHeaders.setRawHeaders(name, [value for other, value in answer.headers if other == name])
        self.write(answer.body)
        if follow is None:
            self.finish()
            return
        self.channel.followed()
        self.registerProducer(self, True)
        self._left_off = follow(self)

    def _left(self, reason: object) -> None:
        self._gone = True
        left_off, self._left_off = self._left_off, None
        if left_off is not None:
            left_off()

    # :class:`exproxy.admin.answers.Listener`, told by the transport how much has not gone out.

    def tell(self, data: bytes) -> None:
        if not self._gone:
            self.write(data)

    def end(self) -> None:
        if not self._gone:
            self.unregisterProducer()
            self.finish()
            self._left(None)

    def cut(self) -> None:
        if not self._gone:
            self.channel.cut()

    def pauseProducing(self) -> None:
        self.full = True

    def resumeProducing(self) -> None:
        self.full = False

    def stopProducing(self) -> None:
        """The connection is lost, which is told otherwise too."""


class _Channel(HTTPChannel):
    requestFactory = _Request  # noqa: N815 - Twisted's names
    maxHeaders = 100  # noqa: N815 - Twisted's name
    abortTimeout = 5  # noqa: N815 - Twisted's name
    factory: "Door"
    transport: Any
    _life: IDelayedCall | None = None
    _next: IDelayedCall | None = None
    since = 0.0
    known = False
    """Whether the last request was that of somebody who need not log in, or has."""

    def connectionMade(self) -> None:
        super().connectionMade()
        self.since = self.factory.reactor.seconds()
        self._life = self.factory.reactor.callLater(LIFETIME, self.timeoutConnection)
        self.factory.came(self)

    def followed(self) -> None:
        """Its answer goes on."""
        if self._life is not None and self._life.active():
            self._life.reset(FOLLOWED)

    def requestDone(self, request: Request) -> None:
        """What has come behind it has its turn after everybody else."""
        self.since = self.factory.reactor.seconds()
        if self._buffer or any(self._dataBuffer):
            self._next = self.factory.reactor.callLater(0, super().requestDone, request)
        else:
            super().requestDone(request)

    def timeoutConnection(self) -> None:
        """Without a line in the log for each."""
        if self._abortingCall is None:
            self._abortingCall = self.callLater(self.abortTimeout, self._abort)
        self.loseConnection()

    def connectionLost(self, reason: Any) -> None:  # type: ignore[override]  # Twisted's own has no default either
        for call in (self._life, self._next):
            if call is not None and call.active():
                call.cancel()
        self.factory.left(self)
        super().connectionLost(reason)

    def refuse(self, refused: RefusedError) -> None:
        """Say so, and hear no more."""
        answer = refused.answer()
        lines = (("Content-Type", answer.kind), ("Content-Length", str(len(answer.body))), ("Connection", "close"), *_HEADERS)
        head = "".join(f"{name}: {value}\r\n" for name, value in lines)
        phrase = HTTPStatus(answer.status).phrase
        self.transport.write(f"HTTP/1.1 {answer.status} {phrase}\r\n{head}\r\n".encode() + answer.body)
        self.loseConnection()

    def _respondToBadRequestAndDisconnect(self) -> None:
        """Twisted's own has neither words nor headers."""
        self.refuse(_NO_HTTP)

    def cut(self) -> None:
        """End it, whatever comes."""
        self.transport.abortConnection()

    def _abort(self) -> None:
        self._abortingCall = None
        self.cut()

    @property
    def worth(self) -> tuple[bool, float]:
        """Among those that are known, or among strangers; the least goes first."""
        return self.known and self._handlingRequest, self.since


class Door(HTTPFactory):
    """:param application: answers.

    :param hsts: seconds for which browsers that come by TLS are told to use nothing else for that name; 0: they are not.
    """

    noisy = False
    protocol = _Channel  # type: ignore[assignment]  # not Twisted's wrapper of it, which would speak HTTP/2 too

    def __init__(self, reactor: Any, application: Application, hsts: float = 0.0) -> None:
        super().__init__(timeout=IDLE, reactor=reactor)
        self.application = application
        self.hsts = hsts
        self._channels: list[_Channel] = []
        self._port: IPushProducer | None = None
        self._second = reactor.seconds()
        self._came = 0
        self._rest: IDelayedCall | None = None

    def paced(self, port: Any) -> None:
        """:param port: where they come in; it rests when there are too many, if it can."""
        if isinstance(port, FileDescriptor):
            self._port = port

    def startFactory(self) -> None:
        """There is no log of requests: what changes anything has a line of its own."""

    def stopFactory(self) -> None:
        """Likewise."""

    def log(self, request: Request) -> None:
        """Likewise."""

    def came(self, channel: _Channel) -> None:
        """For a connection: it is there."""
        self._pace()
        self._channels.append(channel)
        if len(self._channels) > MOST:
            known = [other for other in self._channels if other.known]
            strangers = [other for other in self._channels if not other.known and other is not channel]
            least = min(strangers if len(strangers) >= STRANGERS else known, key=lambda other: other.worth)
            self._channels.remove(least)  # a cut is told in a turn of its own, and more may come before that
            least.cut()

    def left(self, channel: _Channel) -> None:
        """For a connection: it is no more."""
        if channel in self._channels:
            self._channels.remove(channel)

    def _pace(self) -> None:
        now = self.reactor.seconds()
        if now - self._second >= 1.0:
            self._second, self._came = now, 0
        self._came += 1
        if self._came >= RATE and self._port is not None and self._rest is None:
            self._port.pauseProducing()
            self._rest = self.reactor.callLater(self._second + 1.0 - now, self._rested)

    def _rested(self) -> None:
        self._rest = None
        assert self._port is not None
        self._port.resumeProducing()

    def close(self) -> None:
        """End all connections."""
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None
        for channel in tuple(self._channels):
            channel.cut()
