"""What a stream is, and who makes one.

Two networks implement this: :class:`exproxy.net.epoll.EpollNetwork` (Linux) and
:class:`exproxy.net.transports.TransportNetwork` (Twisted's own transports, everywhere).  Protocol code cannot tell which it has,
and one test suite holds both.

An address is ``(host, port)``: ``host`` a literal IPv4 or IPv6 address without brackets or scope.
"""

from typing import Protocol

from cryptography import x509

from exproxy.net.deadlines import Deadlines
from exproxy.net.tls.client import ClientTLS
from exproxy.net.tls.failures import TLSError
from exproxy.net.tls.server import ServerTLS

Address = tuple[str, int]


PORTION = 64 * 1024


class Receiver(Protocol):
    """Who is told what happens on a stream; one receiver may have several streams, so each call names its stream."""

    def data_received(self, stream: "Stream", data: bytes) -> None:
        """Bytes came; never called while paused or piped."""

    def eof_received(self, stream: "Stream") -> None:
        """The peer will send no more; what is written still reaches it.  Once; also while piped."""

    def peer_left(self, stream: "Stream") -> None:
        """After :meth:`Stream.watch`, while paused: the peer has closed or reset; unread bytes may still wait."""

    def write_drained(self, stream: "Stream") -> None:
        """All that was queued is with the kernel again; only after a :meth:`Stream.write` that returned ``False``."""

    def stream_lost(self, stream: "Stream", error: Exception | None) -> None:
        """The stream is gone, exactly once, and never from inside a call of ours on it.

        ``error`` is ``None`` after :meth:`Stream.close`, :meth:`Stream.abort` or when both directions have ended; also when the
        peer had ended its direction and now resets the connection while all that was written is gone, where the platform tells
        (Twisted's transports do not look at a socket that has nothing more to say).
        """


class Stream(Protocol):
    """A connected byte stream with half-close and back-pressure.  New streams are paused."""

    received: int
    """Bytes read from the peer, ever."""
    sent: int
    """Bytes that were accepted for the peer, ever."""
    last_active: float
    """The reactor's seconds when bytes last came in, or queued bytes went out; at first, when the stream was made."""
    portion: int
    """The most bytes that one ``data_received`` has: :data:`PORTION`, or less for who has to hold little.

    TLS gives whole records of 16 KB, and Twisted's transports give what they read, 64 KB at most.
    """

    @property
    def peer(self) -> Address:
        """Who is at the other end."""

    @property
    def local(self) -> Address:
        """Our end: on an accepted stream, the address that the client reached."""

    def attach(self, receiver: Receiver) -> None:
        """From now on ``receiver`` is told; replaces an earlier one."""

    def resume(self) -> None:
        """Read.  ``data_received`` may be called from inside this call only by a later turn of the loop."""

    def pause(self) -> None:
        """Stop reading; the kernel's buffers fill and the peer has to wait."""

    def watch(self) -> None:
        """While paused, tell :meth:`Receiver.peer_left`, where the platform can (Twisted's transports cannot)."""

    def unread(self, data: bytes) -> None:
        """Put bytes back: they come first at the next read or pipe."""

    def write(self, data: bytes | memoryview) -> bool:
        """Send; what the kernel does not take is copied and queued.  ``False``: bytes are queued, wait for ``write_drained``."""

    def write_eof(self) -> None:
        """No more will be written; sent after what is queued.  Reading goes on."""

    def close(self) -> None:
        """Send what is queued, then close; no more is read."""

    def abort(self) -> None:
        """Close at once; the peer sees a reset."""


class PipedStream(Stream, Protocol):
    """A stream that can be relayed into another, and another into it.  Those of a network can; those of checks need not."""

    held_back: bool
    """Whether :meth:`pour` had to wait because the other stream was full, since this was last set to ``False``."""

    def has_waiting(self) -> bool:
        """Whether bytes of the peer wait to be read, as far as that is known without reading them."""

    def has_queued(self) -> bool:
        """Whether bytes that were written or piped here wait for the peer to read (Twisted's transports tell only of many)."""

    def pipe(self, to: "PipedStream") -> None:
        """Relay every byte read here to ``to``, with back-pressure, and the end as ``to.write_eof()``; starts reading."""

    def pour(self, to: "PipedStream", size: int, owner: "Pourer") -> None:
        """Relay the next ``size`` bytes, at least one, to ``to``, with back-pressure and no byte more; starts reading.

        Until :meth:`Pourer.poured` nobody is told what comes, and when ``to`` has sent all that was queued there, we are resumed
        and its receiver is not told.  An end is told to our receiver, as ever, and not passed on.
        """

    def stop_pouring(self) -> int:
        """What comes is for the receiver again; returns how many bytes of :meth:`pour` have not come."""

    @property
    def full(self) -> bool:
        """Whether bytes wait here to be sent."""

    def fed_by(self, source: Stream | None) -> None:
        """``source`` is piped here: resume it when what is queued here has gone.  Called by :meth:`pipe` and :meth:`pour`."""


class Pourer(Protocol):
    """Who has a stream pour."""

    def poured(self, stream: Stream) -> None:
        """All is with the other stream, where some of it may still be queued; ``stream`` is paused.  Never from inside a call."""


class PlainStream(PipedStream, Protocol):
    """The connection itself, as a network makes it: what comes can be looked at before it is taken."""

    def look(self) -> None:
        """Read, but take nothing: each ``data_received`` has all that waits, from its first byte, until :meth:`skip`.

        For what may stand before TLS, which wants to read the connection itself.
        """

    def skip(self, size: int) -> None:
        """Look no more: drop the first ``size`` of the bytes that were seen, and pause."""


class SecureStream(PipedStream, Protocol):
    """A stream that speaks TLS; ``received`` and ``sent`` count plain bytes.

    ``write_eof`` and ``close`` say close_notify; the connection itself ends when both sides have.  A peer that ends without
    close_notify is told to the receiver as :class:`TLSError` in ``stream_lost``, after all that came before: what it sent may
    have been cut short (RFC 8446 section 6.1).
    """

    @property
    def version(self) -> str:
        """``TLSv1.3`` and the like; empty until the handshake is done."""

    @property
    def cipher(self) -> str:
        """The cipher suite, as OpenSSL names it."""

    @property
    def server_name(self) -> str | None:
        """The name that the client asked for (SNI)."""

    @property
    def peer_certificate(self) -> x509.Certificate | None:
        """What the peer has shown, in this handshake or in the one that it resumes; read anew each time."""


class TLSOwner(Receiver, Protocol):
    """A receiver that is told how the handshake ended: exactly one of the two, unless the stream was closed before."""

    def tls_secured(self, stream: SecureStream) -> None:
        """The handshake is done; the stream is paused."""

    def tls_failed(self, stream: SecureStream, failure: TLSError) -> None:
        """The handshake failed; the stream closes itself, and ``stream_lost`` follows."""


class Acceptor(Protocol):
    """Who gets the connections of a port."""

    def room(self) -> int:
        """How many clients may be accepted now; asked once before each batch, where the platform accepts in batches."""

    def accepted(self, stream: PlainStream) -> None:
        """A client is here; the stream is paused and has no receiver."""

    def accept_failed(self, error: OSError) -> None:
        """The system refused another descriptor (EMFILE, ENFILE, ENOBUFS, ENOMEM); the port has paused itself for a second."""


class Port(Protocol):
    """A listening socket; new ports are paused, so that all can be bound before the first client is let in."""

    address: Address

    def fileno(self) -> int:
        """The listening socket, for another process to have too."""

    def pause(self) -> None:
        """Accept nobody; the kernel's backlog waits."""

    def resume(self) -> None:
        """Accept again."""

    def take_in(self, most: int) -> None:
        """Accept now who waits in the backlog, ``most`` at most and as far as there is room, because the port is about to be
        closed: the kernel would reset them.  Only where the platform lets us ask (Linux); what an acceptor raises is logged."""

    def close(self) -> None:
        """Stop listening, at once."""


class Dialer(Protocol):
    """Who asked for a connection; exactly one of the two is called, never from inside ``connect``."""

    def connected(self, stream: PlainStream) -> None: ...

    def connect_failed(self, error: Exception) -> None:
        """``TimeoutError``, or an ``OSError`` such as ``ConnectionRefusedError``."""


class Attempt(Protocol):
    """A connection on its way."""

    def cancel(self) -> None:
        """Give up; neither method of the dialer is called any more."""


class Network(Protocol):
    """Makes streams."""

    deadlines: Deadlines

    def listen(self, address: Address, acceptor: Acceptor, backlog: int = 1024) -> Port:
        """Bind and listen; the port is paused.

        :raises OSError: the port is in use, the address is not ours, or we may not.
        """

    def adopt(self, fd: int, acceptor: Acceptor) -> Port:
        """Accept on a listening socket that other processes have too.  The descriptor is the port's from now on."""

    def connect(
        self, address: Address, dialer: Dialer, timeout: float, source: str | None = None, speaks_first: bool = False
    ) -> Attempt:
        """Open a connection; NODELAY and TCP keepalive are on.

        :param speaks_first: the dialer writes as soon as it is connected; where the platform can, these bytes confirm the
            connection, which saves a segment.  Untrue, it makes a server that greets wait for some 40 ms.
        """

    def secure_server(self, stream: PlainStream, tls: ServerTLS, owner: TLSOwner) -> SecureStream:
        """Speak TLS on ``stream`` from now on, as the server; ``stream`` itself is not to be used any more.

        A handshake has no end of its own: the owner's deadline aborts it.

        :param stream: of this network; nothing that was read from it has been put back.
        """

    def secure_client(self, stream: PlainStream, tls: ClientTLS, owner: TLSOwner) -> SecureStream:
        """The same as the client."""
