"""One run of one check: connect, PROXY header, TLS, dialogue, verdict, goodbye.

A run goes through ``CONNECTING``, ``HANDSHAKE`` (if there is TLS) and ``DIALOGUE``; one timer limits them together, and a run
that it ends is told by the layer at which it stood.  Whatever a server or a checker does is an outcome, never an exception.
The verdict is reported at once; the connection is then closed in order, and aborted if it does not close within a second.
"""

import enum
import os
import traceback
from collections.abc import Callable, Sequence
from datetime import datetime

import attrs
from OpenSSL import SSL
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from exproxy.check.interfaces import CertificateReader, Explainer
from exproxy.check.plan import ProxyVersion
from exproxy.check.report import Report, Transcript, Unwritten, certificate_warnings
from exproxy.check.words import at, certificate_line, connect_reason
from exproxy.net.certificate import PeerCertificate
from exproxy.net.interfaces import Address, Attempt, Network, Stream
from exproxy.net.tlsclient import TLSClientStream, TLSError
from exproxy.wire.dialogue.base import Action, Connect, Dialogue, Finish, Outcome, Send, StartTLS, Status
from exproxy.wire.dialogue.conversation import Conversation
from exproxy.wire.lines import quoted
from exproxy.wire.proxyheader import LOCAL_V2, encode_v1

MAX_BYTES = 262_144
"""What a server may send in one run; no check needs a tenth of that."""
MAX_CONNECTS = 17
"""Connections in one run: to an endpoint mapper, and to as many ports as one check may ask it for."""
LINGER = 1.0
"""Seconds that a server may take to answer our goodbye, and then a connection to close in order."""


def no_words(_: PeerCertificate | None) -> str:
    """There is nothing to say of a certificate."""
    return ""


@attrs.frozen(kw_only=True)
class ClientTLS:
    """TLS of a run, ready to be used.

    :param name: for SNI and the certificate.
    :param fault: asked why the certificate is refused, though the handshake went well.
    :param warn: asked what else there is to say of it.
    """

    context: SSL.Context
    name: str
    verify: bool
    implicit: bool
    warn_days: int
    pins: tuple[str, ...] = ()
    fault: Callable[[PeerCertificate | None], str] = no_words
    warn: Callable[[PeerCertificate], str] = no_words


@attrs.frozen(kw_only=True)
class Job:
    """One run.

    :param checker: the type's name, for texts.
    :param dialogue: makes the conversation; may raise.
    :param timeout: seconds for all of it.
    :param today: the time of day, with its time zone, for certificates.
    :param transcript: what is said is written there.
    """

    checker: str
    dialogue: Callable[[], Dialogue]
    address: Address
    timeout: float
    today: Callable[[], datetime]
    tls: ClientTLS | None = None
    send_proxy: ProxyVersion | None = None
    source: str | None = None
    transcript: Transcript = attrs.field(factory=Unwritten)


class _Stage(enum.Enum):
    CONNECTING = enum.auto()
    HANDSHAKE = enum.auto()
    DIALOGUE = enum.auto()
    CLOSING = enum.auto()
    OVER = enum.auto()


def _nobody() -> None:
    pass


@attrs.define(eq=False)
class CheckRun:
    """Runs ``job`` once; ``done`` is called with the :class:`Report` exactly once, unless :meth:`cancel` comes first; some time
    after it, when all connections are closed, so is ``gone``.

    ``done`` is never called from inside :meth:`start`, unless the checker breaks before anything is sent.
    """

    clock: IReactorTime
    network: Network
    job: Job
    done: Callable[[Report], None]
    gone: Callable[[], None] = _nobody
    _stage: _Stage = _Stage.CONNECTING
    _began: float = 0.0
    _dialogue: Dialogue | None = None
    _attempt: Attempt | None = None
    _stream: Stream | None = None
    _leaving: list[Stream] = attrs.field(factory=list)
    """Earlier connections, which have been closed and may not have gone yet."""
    _port: int = 0
    _connects: int = 0
    """Connections that the dialogue has asked for, beside the first."""
    _received: int = 0
    _certificate: PeerCertificate | None = None
    _fault: str = ""
    _timer: IDelayedCall | None = None
    _verdict: Outcome | None = None

    def start(self) -> None:
        """Begin."""
        self._began = self.clock.seconds()
        try:
            self._dialogue = self.job.dialogue()
        except Exception as error:  # noqa: BLE001 - a third party's checker: its fault is a result, not ours to die of
            self._break(error)
            return
        self._timer = self.clock.callLater(self.job.timeout, self._time_out)
        self._connect(self.job.address[1])

    def cancel(self) -> None:
        """End at once and tell nobody; also ends a goodbye that lasts."""
        self._stop_timer()
        self._stage = _Stage.OVER
        for stream in self._leaving:
            stream.abort()
        if self._attempt is not None:
            self._attempt.cancel()
        if self._stream is not None:
            self._stream.abort()

    # The dialer of the network.

    def connected(self, stream: Stream) -> None:
        self._attempt = None
        self._stream = stream
        stream.attach(self)
        self.job.transcript.event(f"connected to {at(self.job.address[0], self._port)}")
        if self.job.send_proxy is not None:
            stream.write(_own_header(self.job.send_proxy, stream))
            self.job.transcript.event(f"sent a PROXY header {self.job.send_proxy} for ourselves")
        if self.job.tls is not None and self.job.tls.implicit:
            fault = self._begin_tls(stream)
            if fault is not None:
                self._conclude(fault)
        else:
            self._stage = _Stage.DIALOGUE
            stream.resume()
            self._ask(self._talker.start)

    def connect_failed(self, error: Exception) -> None:
        self._attempt = None
        where = at(self.job.address[0], self._port)
        if isinstance(error, TimeoutError):
            self._conclude(self._explained(Outcome(Status.L4TOUT, f"no answer to the connection to {where}")))
        else:
            self._conclude(self._explained(Outcome(Status.L4CON, f"{connect_reason(error)} at {where}")))

    # The receiver of the stream.

    def data_received(self, stream: Stream, data: bytes) -> None:
        if stream is not self._stream or self._stage is not _Stage.DIALOGUE:
            return
        self.job.transcript.theirs(data)
        self._received += len(data)
        self._ask(self._talker.receive, data)
        if self._received > MAX_BYTES and self._stage is _Stage.DIALOGUE:
            text = f"the server sent more than {MAX_BYTES // 1024} KB and the check was not done"
            self._conclude(self._judged() or Outcome(Status.L7RSP, text, line=self._last_line()))

    def eof_received(self, stream: Stream) -> None:
        if stream is self._stream and self._stage is _Stage.DIALOGUE:
            self.job.transcript.event("the server closed the connection")
            self._ask(self._talker.closed)
            if self._stage is _Stage.DIALOGUE:
                self._conclude(Outcome(Status.L7RSP, "the server closed the connection", line=self._last_line()))

    def peer_left(self, stream: Stream) -> None:
        """Never asked for."""

    def write_drained(self, stream: Stream) -> None:
        """Checks say so little that nobody waits for this."""

    def stream_lost(self, stream: Stream, error: Exception | None) -> None:
        current = stream is self._stream
        if current:
            self._stream = None
        self._leaving = [left for left in self._leaving if left is not stream]
        if self._stage is _Stage.CLOSING and self._stream is None and not self._leaving:
            self._stage = _Stage.OVER
            self._stop_timer()
            self.gone()
        elif self._stage is _Stage.DIALOGUE and current:
            self._lost(error)

    def tls_secured(self, stream: TLSClientStream) -> None:
        certificate = self._certificate = stream.certificate
        self._stage = _Stage.DIALOGUE
        self._stream = stream
        self.job.transcript.event(f"{stream.version}, {stream.cipher}")
        if certificate is not None:
            self.job.transcript.event(certificate_line(certificate))
            self.job.transcript.event(f"its key is {certificate.pin or 'unreadable'}")
            self._show(certificate, stream.version)
        if self.job.tls is not None and (fault := self.job.tls.fault(certificate)):
            text = f"the server's certificate is refused: {fault}"
            self._conclude(Outcome(Status.L6RSP, text, line=self._last_line()))
        if self._stage is _Stage.DIALOGUE:
            stream.resume()
            implicit = self.job.tls is not None and self.job.tls.implicit
            self._ask(self._talker.start if implicit else self._talker.secured)

    def tls_failed(self, stream: TLSClientStream, failure: TLSError) -> None:
        self._conclude(Outcome(Status.L6RSP, str(failure), line=self._last_line()))

    # What happens in between.

    @property
    def _talker(self) -> Dialogue:
        assert self._dialogue is not None, "connections are opened for a dialogue"
        return self._dialogue

    def _connect(self, port: int) -> None:
        self._stage = _Stage.CONNECTING
        self._port = port
        # A little more than what is left: our own timer is the one that ends a run.
        left = self._began + self.job.timeout - self.clock.seconds() + 1.0
        self._attempt = self.network.connect((self.job.address[0], port), self, left, self.job.source)

    def _begin_tls(self, stream: Stream) -> Outcome | None:
        """Returns why that cannot be."""
        tls = self.job.tls
        if tls is None:
            text = f"the checker {self.job.checker} asks for STARTTLS, but the check has no tls settings"
            return Outcome(Status.L6RSP, text)
        self._stage = _Stage.HANDSHAKE
        try:
            secured = TLSClientStream(self.clock, stream, tls.context, tls.name, self, tls.verify, tls.pins)
        except UnicodeError:
            return Outcome(Status.L6RSP, f"{tls.name!r} is no name that TLS can ask for")
        self._stream = secured
        secured.start()
        return None

    def _show(self, certificate: PeerCertificate, version: str) -> None:
        talker = self._talker
        if not isinstance(talker, CertificateReader):
            return
        try:
            talker.certificate_seen(certificate, version)
        except Exception as error:  # noqa: BLE001 - as in start
            self._break(error)

    def _ask(self, question: Callable[..., Sequence[Action]], *arguments: bytes) -> None:
        """Call the dialogue and do what it says."""
        try:
            for action in question(*arguments):
                self._perform(action)
                if self._stage is not _Stage.DIALOGUE or self._verdict is not None:
                    break
        except Exception as error:  # noqa: BLE001 - as in start
            self._break(error)
            return
        if self._verdict is not None:
            self._conclude(self._verdict)
        elif self._judged() is not None and self._timer is not None and self._timer.getTime() > self.clock.seconds() + LINGER:
            # The verdict stands; nobody should wait long for it because a server does not say goodbye.
            self._timer.reset(LINGER)

    def _perform(self, action: Action) -> None:
        assert self._stream is not None, "a dialogue is only asked while there is a connection"
        match action:
            case Send(data):
                self.job.transcript.ours(data)
                self._stream.write(data)
            case StartTLS():
                self._verdict = self._begin_tls(self._stream)
            case Connect(port):
                self._go_on(self._stream, port)
            case Finish(outcome):
                self._verdict = outcome
            case _:
                raise TypeError(f"{action!r} is no action")

    def _go_on(self, stream: Stream, port: int) -> None:
        self._connects += 1
        if self._connects >= MAX_CONNECTS:
            text = f"the checker {self.job.checker} asks for connection after connection"
            self._verdict = Outcome(Status.L7RSP, text)
            return
        self.job.transcript.event(f"going on at port {port}")
        self._leaving.append(stream)
        self._stream = None
        stream.close()
        self._connect(port)

    def _lost(self, error: Exception | None) -> None:
        """The stream went while the dialogue was on it."""
        if isinstance(error, TLSError):
            self._conclude(self._judged() or Outcome(Status.L6RSP, str(error), line=self._last_line()))
            return
        self.job.transcript.event(f"the connection was lost: {'closed' if error is None else connect_reason(error)}")
        self._ask(self._talker.closed)
        if self._stage is _Stage.DIALOGUE:
            self._conclude(Outcome(Status.L7RSP, "the connection was lost", line=self._last_line()))

    def _time_out(self) -> None:
        seconds = f"within {self.job.timeout:g} s"
        where = at(self.job.address[0], self._port)
        if self._stage is _Stage.CONNECTING:
            self._conclude(self._explained(Outcome(Status.L4TOUT, f"no answer to the connection to {where} {seconds}")))
        elif self._stage is _Stage.HANDSHAKE:
            self._conclude(Outcome(Status.L6TOUT, f"the TLS handshake was not done {seconds}", line=self._last_line()))
        else:
            line = self._last_line()
            said = f"the last words were {quoted(line)}" if line else "the server said nothing"
            late = Outcome(Status.L7TOUT, f"the check was not done {seconds}; {said}", line=line)
            self._conclude(self._judged() or self._explained(late))

    def _explained(self, outcome: Outcome) -> Outcome:
        if not isinstance(self._dialogue, Explainer):
            return outcome
        try:
            return self._dialogue.explain(outcome)
        except Exception:  # noqa: BLE001 - as in start; the verdict at hand is worth more than this fault
            return outcome

    def _judged(self) -> Outcome | None:
        """What a conversation that only waits for the answer to its goodbye has already found."""
        return self._dialogue.judged if isinstance(self._dialogue, Conversation) else None

    def _last_line(self) -> str:
        try:
            return self._talker.last_line()[:200]
        except Exception:  # noqa: BLE001 - as in start; the verdict at hand is worth more than this fault
            return ""

    def _break(self, error: Exception) -> None:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        self._fault = f"{type(error).__name__}: {error} ({os.path.basename(frame.filename)}, line {frame.lineno})"
        self._conclude(Outcome(Status.L7RSP, f"the checker {self.job.checker} itself broke: {self._fault}"))

    def _conclude(self, outcome: Outcome) -> None:
        if self._stage in (_Stage.CLOSING, _Stage.OVER):
            return
        self._stop_timer()
        if self._attempt is not None:
            self._attempt.cancel()
            self._attempt = None
        parting = self._part()
        if self._certificate is not None and self.job.tls is not None:
            more = certificate_warnings(self._certificate, self.job.today(), self.job.tls.warn_days)
            more += tuple(filter(None, [self.job.tls.warn(self._certificate)]))
            outcome = attrs.evolve(outcome, warnings=(*outcome.warnings, *more))
        now = self.clock.seconds()
        self.done(Report(outcome, now - self._began, self._certificate, tuple(self.job.transcript.lines), self._fault, now))
        if not parting:
            self.gone()

    def _part(self) -> bool:
        """Close what is open; whether there was anything."""
        if self._stream is None and not self._leaving:
            self._stage = _Stage.OVER
            return False
        self._stage = _Stage.CLOSING
        if self._stream is not None:
            self._stream.close()
        self._timer = self.clock.callLater(LINGER, self._leave)
        return True

    def _leave(self) -> None:
        """The goodbye takes too long."""
        self.cancel()
        self.gone()

    def _stop_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None


def _own_header(version: ProxyVersion, stream: Stream) -> bytes:
    """That we speak for ourselves (proxy-protocol.txt 2.1 and 2.2).

    Version 1 would have ``UNKNOWN`` for that, but Postfix answers it with ``421 4.3.0 Server local error``: so we are the client.
    """
    return LOCAL_V2 if version == "v2" else encode_v1(stream.local, stream.peer)
