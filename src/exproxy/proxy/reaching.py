"""The way to a server of a back end: choosing, waiting, connecting, TLS, and again after a failure.

A session of mode ``tcp`` does the same for itself (:mod:`exproxy.proxy.session`), where its state and its client's are one.
"""

import enum
import errno
from collections.abc import Collection
from typing import Protocol

from exproxy.net.interfaces import Attempt, PipedStream, PlainStream, SecureStream, Stream
from exproxy.net.tls.failures import TLSError
from exproxy.pool import Lease, NoServer, QueueFull, Server, Ticket
from exproxy.proxy.backend import Backend
from exproxy.proxy.frontend import Frontend
from exproxy.proxy.joint import Joined
from exproxy.proxy.session import OUR_FAULT, TURNAROUND


class Wish(Protocol):
    """Where a client belongs by what it has said."""

    @property
    def key(self) -> bytes | None:
        """What it is known by."""

    @property
    def host(self) -> str | None:
        """Where it wants to go itself."""


class Seeker(Protocol):
    """Who wants a server; told exactly one of the first two, perhaps from inside :meth:`Reaching.begin`, unless it gave up."""

    def reached(self, stream: PipedStream, server: Server) -> None:
        """``stream`` is paused, and its receiver is still to be attached; :meth:`Reaching.end` gives the server's slot back."""

    def unreached(self, termination: str) -> None:
        """There is no server; nothing is held any more."""

    def evicted(self, reason: str) -> None:
        """The server that was reached is to be left: ``D`` it went down, ``U`` a better one came up."""


class Spares(Protocol):
    """Connections that the client has and does not use."""

    def spare(self, server: Server) -> PipedStream | None:
        """One to that server, which is ours then."""

    def crowded(self) -> None:
        """All servers are full: nobody is to wait for slots that he himself has."""


class _State(enum.Enum):
    QUEUED = enum.auto()
    CONNECTING = enum.auto()
    SECURING = enum.auto()
    RESTING = enum.auto()
    OVER = enum.auto()


class Reaching:
    """:param session: whose client it is for; its addresses are told to servers that want the PROXY protocol.

    :param speaks_first: the seeker writes as soon as a server is reached; not so where servers greet.
    :param wish: where the request or the user that it is made for belongs; ``None``: its address says so, where anything does.
    :param spares: asked before a connection is made.
    """

    __slots__ = (
        "_attempt",
        "_backend",
        "_frontend",
        "_lease",
        "_securing",
        "_seeker",
        "_session",
        "_spares",
        "_speaks_first",
        "_state",
        "_ticket",
        "_tried",
        "_wish",
        "deadline_tick",
        "lasting",
        "leased_at",
        "redispatched",
        "retries",
        "server_name",
    )

    def __init__(
        self,
        seeker: Seeker,
        frontend: Frontend,
        backend: Backend,
        session: Joined,
        wish: Wish | None = None,
        spares: Spares | None = None,
        *,
        speaks_first: bool,
    ) -> None:
        self._seeker = seeker
        self._frontend = frontend
        self._backend = backend
        self._session = session
        self._speaks_first = speaks_first
        self._wish = wish
        self._spares = spares
        self._state = _State.OVER
        self._ticket: Ticket | None = None
        self._lease: Lease | None = None
        self._attempt: Attempt | None = None
        self._securing: SecureStream | None = None
        self._tried: tuple[Server, ...] = ()
        """Servers that were reached and then refused, the last one first."""
        self.server_name: str | None = None
        self.leased_at = 0.0
        self.lasting = False
        """The client shall come back to this server's host."""
        self.retries = 0
        self.redispatched = False
        self.deadline_tick = 0

    @property
    def session(self) -> Joined:
        """Whose client it is for."""
        return self._session

    def begin(self) -> None:
        """Choose a server and go there."""
        self._acquire(())

    def served(self) -> None:
        """The server that was reached is what it should be: failures before do not count any more."""
        if self._lease is not None:
            self._lease.connected()

    def refused(self) -> None:
        """The server that was reached does not serve: it counts as one that cannot be connected to, and the next one is tried.

        Its stream is the seeker's to close.  Who has tried all servers, or as many as may be tried again, is told ``unreached``.
        """
        lease = self._lease
        assert lease is not None
        self._state = _State.CONNECTING
        lease.connect_failed(self._frontend.seconds())
        if self._state is _State.CONNECTING and self._lease is lease:  # else its failure has moved us already
            self.declined()

    def declined(self) -> None:
        """The server that was reached does not serve this client, which says nothing about the server; the next one is tried.

        Else as :meth:`refused`.
        """
        lease = self._lease
        assert lease is not None
        self._state = _State.CONNECTING
        self._tried = (lease.server, *self._tried)
        self._release()
        if self.retries >= self._backend.retries or not self._backend.redispatch:
            self._fail("SC")
        else:
            self.retries += 1
            self._acquire(self._tried)

    def left(self, reason: str) -> None:
        """The server that was reached is left before it served, since we were :meth:`evicted <Seeker.evicted>` from it.

        That is no failure of its, and takes none of the tries.
        """
        lease = self._lease
        assert lease is not None
        if self._backend.redispatch:
            self._redispatch(lease.server)
        else:
            self._fail(reason + "C")

    def end(self) -> None:
        """Give back what is held; nothing is told any more."""
        self._state = _State.OVER
        if self._ticket is not None:
            self._ticket.cancel(self._frontend.seconds())
            self._ticket = None
        self._turn_back()
        self._release()

    # ---- what the dialer and the stream tell

    def connected(self, stream: PlainStream) -> None:
        backend, lease = self._backend, self._lease
        assert lease is not None
        self._attempt = None
        if backend.send_proxy:
            stream.write(backend.proxy_header(lease.server, self._session.source, self._session.reached()))
        tls = backend.tls.get(lease.server.name) if backend.tls else None
        if tls is None:
            self._reach(stream, lease)
        else:
            stream.attach(self)
            self._state = _State.SECURING
            self._wait(backend.handshake_timeout)
            self._securing = self._frontend.network.secure_client(stream, tls, self)

    def connect_failed(self, error: Exception) -> None:
        self._attempt = None
        if isinstance(error, OSError) and error.errno in OUR_FAULT:
            self._fail("RC")
            return
        backend, lease = self._backend, self._lease
        assert lease is not None
        lease.connect_failed(self._frontend.seconds())
        if self._state is not _State.CONNECTING or self._lease is not lease:
            return
        if self.retries >= backend.retries:
            self._fail("sC" if isinstance(error, TimeoutError) else "SC")
            return
        self.retries += 1
        last = self.retries == backend.retries
        if backend.redispatch and (last or not lease.persistent) and len(backend.pool.servers) > 1:
            self._redispatch(lease.server)
        else:
            self._rest(lease)

    def tls_secured(self, stream: SecureStream) -> None:
        if stream is self._securing and self._lease is not None:
            self._securing = None
            self._frontend.deadlines.clear(self)
            self._reach(stream, self._lease)

    def tls_failed(self, stream: SecureStream, failure: TLSError) -> None:
        """A server that cannot be spoken to counts as one that cannot be connected to."""
        if stream is self._securing:
            self._not_secured(failure)

    def data_received(self, stream: Stream, data: bytes) -> None:
        """Nobody reads before the handshake is done."""

    def eof_received(self, stream: Stream) -> None:
        """The handshake fails, and that is told."""

    def peer_left(self, stream: Stream) -> None:
        """Nobody asked to be told."""

    def write_drained(self, stream: Stream) -> None:
        """Nothing waits for it."""

    def stream_lost(self, stream: Stream, error: Exception | None) -> None:
        """Of a handshake that failed: that was told."""

    # ---- what the pool and the clock tell

    def lease_granted(self, lease: Lease) -> None:
        """The wait in the queue is over."""
        self._ticket = None
        self._frontend.deadlines.clear(self)
        self._take(lease, ())

    def lease_denied(self, error: NoServer) -> None:
        """While we waited, the last server went."""
        self._ticket = None
        self._fail("SQ")

    def evicted(self, lease: Lease, reason: str) -> None:
        """The server went down, or a better one came up; who was only on the way to it is sent elsewhere."""
        if self._state is _State.OVER:
            self._seeker.evicted(reason)
        elif self._backend.redispatch:
            self._turn_back()
            self._redispatch(lease.server)
        else:
            self._fail(reason + "C")

    def deadline_due(self, now: float) -> None:
        """The one deadline of the present state."""
        if self._state is _State.QUEUED:
            self._fail("sQ")
        elif self._state is _State.RESTING:
            self._try_again()
        elif self._state is _State.SECURING:
            self._give_up_securing()
            self._not_secured(TimeoutError(errno.ETIMEDOUT, "the TLS handshake took too long"))

    # ---- the steps

    def _acquire(self, avoid: Collection[Server]) -> None:
        pool, wish = self._backend.pool, self._wish
        if wish is None:
            key, host = pool.key_for(self._session.source[0]) if pool.needs_key else None, None
        else:
            key, host = wish.key, wish.host
        address = pool.key_for(self._session.source[0]) if key is None and pool.needs_key else None
        try:
            got = pool.acquire(self, key, self._frontend.seconds(), avoid, host, address)
        except QueueFull:
            self._fail("SQ")
        except NoServer:
            self._fail("SC")
        else:
            if not isinstance(got, Lease):
                self._state = _State.QUEUED
                self._ticket = got
                self._wait(self._backend.queue_timeout)
                if self._spares is not None and got.full:
                    self._spares.crowded()
            else:
                self._take(got, avoid)

    def _take(self, lease: Lease, failed: Collection[Server]) -> None:
        if lease.server in self._tried:
            self._lease = lease
            self._fail("SC")
        elif lease.server in failed:
            self._rest(lease)
        else:
            self._connect(lease)

    def _connect(self, lease: Lease) -> None:
        server = lease.server
        if not self.leased_at:
            self.leased_at = self._frontend.seconds()
        self._state = _State.CONNECTING
        self._lease = lease
        self.lasting = lease.lasting
        self.redispatched = self.redispatched or self.server_name not in (None, server.name)
        self.server_name = server.name
        spare = None if self._spares is None else self._spares.spare(server)
        if spare is not None:
            self._reach(spare, lease)
            return
        address = server.place(server.port or self._session.reached()[1])  # where we were reached costs a system call
        if address is None:
            self.connect_failed(OSError(f"{server.full_name} {server.condition()}"))
            return
        backend = self._backend
        first = self._speaks_first or server.name in backend.tls or server.name in backend.send_proxy
        self._attempt = self._frontend.network.connect(address, self, backend.connect_timeout, backend.source, first)

    def _reach(self, stream: PipedStream, lease: Lease) -> None:
        self._state = _State.OVER
        self._seeker.reached(stream, lease.server)

    def _redispatch(self, failed: Server) -> None:
        self._release()
        self._acquire((failed, *self._tried))

    def _rest(self, lease: Lease) -> None:
        """The same server again, but not at once: one that restarts is away for a moment."""
        self._lease = lease
        self._state = _State.RESTING
        self._wait(min(TURNAROUND, self._backend.connect_timeout))

    def _try_again(self) -> None:
        lease = self._lease
        assert lease is not None
        if self._backend.redispatch and not lease.server.usable:
            self._redispatch(lease.server)
        else:
            self._connect(lease)

    def _not_secured(self, failure: Exception) -> None:
        """No TLS with this server: it was not reached."""
        self._securing = None
        self._state = _State.CONNECTING
        self._frontend.deadlines.clear(self)
        self.connect_failed(failure)

    def _turn_back(self) -> None:
        """No longer connect to a server, nor shake hands with it, nor wait to try it again."""
        if self._attempt is not None:
            self._attempt.cancel()
            self._attempt = None
        self._give_up_securing()
        self._frontend.deadlines.clear(self)

    def _give_up_securing(self) -> None:
        """Nothing more of this server's connection concerns us, its end neither."""
        securing, self._securing = self._securing, None
        if securing is not None:
            securing.abort()

    def _fail(self, termination: str) -> None:
        self.end()
        self._seeker.unreached(termination)

    def _release(self) -> None:
        lease, self._lease = self._lease, None
        if lease is not None:
            lease.release(self._frontend.seconds())

    def _wait(self, seconds: float) -> None:
        self._frontend.deadlines.set(self, self._frontend.seconds() + seconds)
