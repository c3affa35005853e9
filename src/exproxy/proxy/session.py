"""The life of one client's connection: preface, choosing, connecting, relaying, closing.

The states follow one another; each event is answered by the state that it meets.  Once a session relays, the front end's mode
has joined the two streams (:mod:`exproxy.proxy.joint`), and nothing here runs before the end of one of them or a deadline.

How it ended stands in two letters, as HAProxy's ``tcplog`` has them: who ended it (``C`` the client, ``S`` the server or its
absence or its bad answers, ``P`` we for bad input, ``D`` the server went down, ``U`` a better server came up, ``K`` an
administrator, ``c`` or ``s`` a timeout on either side), and in which state (``R`` preface or TLS handshake, ``Q`` queue, ``C``
connect with the server's TLS handshake, ``D`` data).
"""

import enum
import errno
import time
from collections.abc import Collection

from exproxy.net.interfaces import Address, Attempt, PipedStream, PlainStream, SecureStream, Stream
from exproxy.net.tls.failures import PeerLeftError, TLSError, TruncatedError
from exproxy.net.tls.server import ServerTLS
from exproxy.pool import Lease, NoServer, QueueFull, Server, Ticket
from exproxy.proxy.accesslog.record import SessionRecord
from exproxy.proxy.admission import Unwanted
from exproxy.proxy.backend import Backend
from exproxy.proxy.frontend import Frontend
from exproxy.proxy.joint import Visit
from exproxy.proxy.odometer import Odometer
from exproxy.proxy.preface import Preface
from exproxy.proxy.sessionids import Overhearing, SessionIds
from exproxy.wire.clienthello import ClientHello
from exproxy.wire.errors import WireError
from exproxy.wire.serverhello import ServerHello

OUR_FAULT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL})
"""Failures to connect that say nothing about the server."""

TURNAROUND = 1.0
"""Seconds before the same server is tried again, as HAProxy waits; the connect timeout, if that is shorter."""


class State(enum.Enum):
    """The value is the second letter of the termination code."""

    ACCEPTED = "R"
    PREFACE = "R "
    HANDSHAKE = "R  "
    QUEUED = "Q"
    CONNECTING = "C"
    SECURING = "C  "
    RESTING = "C "
    SERVING = "D  "
    """Somebody else has the client; see :data:`exproxy.proxy.joint.Serve`."""
    RELAYING = "D"
    ENDING = "D "
    """The server has left; the client is to get what is still on its way, and to leave too."""
    CLOSING = "-"


_ON_THE_WAY = frozenset({State.CONNECTING, State.SECURING, State.RESTING})
_WAITING = _ON_THE_WAY | {State.QUEUED}


class Session:
    """:param client: accepted, paused, and ours from now on."""

    __slots__ = (
        "_accepted",
        "_attempt",
        "_backend",
        "_behind_header",
        "_client",
        "_client_gone",
        "_client_odometer",
        "_connected_at",
        "_destination",
        "_frontend",
        "_header_size",
        "_hello",
        "_idle",
        "_late",
        "_lease",
        "_leased_at",
        "_preface",
        "_redispatched",
        "_retries",
        "_securing",
        "_server",
        "_server_gone",
        "_server_name",
        "_server_odometer",
        "_source",
        "_started",
        "_state",
        "_termination",
        "_ticket",
        "_visit",
        "deadline_tick",
        "number",
        "starttls",
    )

    def __init__(self, frontend: Frontend, client: PlainStream) -> None:
        self._frontend = frontend
        self._client: PipedStream = client
        self._client_gone = False
        self._client_odometer = Odometer()
        self._server: PipedStream | None = None
        self._server_odometer = Odometer()
        self._server_gone = True
        self._source = client.peer
        self._destination: Address | None = None
        self._state = State.ACCEPTED
        self._accepted = time.time()
        self._started: float = frontend.seconds()
        self._leased_at = 0.0
        self._connected_at = 0.0
        self._backend: Backend | None = None
        self._server_name: str | None = None
        self._preface: Preface | None = None
        self._header_size = 0
        self._hello: ClientHello | None = None
        self._ticket: Ticket | None = None
        self._lease: Lease | None = None
        self._attempt: Attempt | None = None
        self._behind_header: tuple[PlainStream, ServerTLS] | None = None
        self._securing: SecureStream | None = None
        self._retries = 0
        self._redispatched = False
        self._idle = 0.0
        self._late = ""
        self._termination = "--"
        self._visit: Visit | None = None
        self.starttls: ServerTLS | None = None
        """What the client can be offered, in a mode that has a command for it."""
        self.deadline_tick = 0
        self.number = 0
        """Its front end's number of it, from 1 on: who has a higher one came later."""
        client.attach(self)

    # ---- what the listener and the site ask

    def read_preface(self, preface: Preface) -> None:
        """Read ``preface`` before a server is chosen."""
        self._state = State.PREFACE
        self._preface = preface
        self._wait(self._frontend.preface_timeout)
        self._client.resume()

    def look_for_header(self, client: PlainStream, tls: ServerTLS) -> None:
        """Read a PROXY header before the TLS handshake, and not one byte of what comes behind it."""
        self._behind_header = client, tls
        self._state = State.PREFACE
        self._preface = Preface(True, False)
        self._wait(self._frontend.preface_timeout)
        client.look()

    def secure(self, client: PlainStream, tls: ServerTLS) -> None:
        """Shake hands before a server is chosen."""
        self._state = State.HANDSHAKE
        self._wait(self._frontend.handshake_timeout)
        self.replace_client(self._frontend.network.secure_server(client, tls, self))

    def choose(self, backend: Backend | None) -> None:
        """Have a server of ``backend`` chosen; ``None``: there is nothing for this client."""
        serve = self._frontend.serve
        if serve is not None:
            secure = self._state is State.HANDSHAKE
            self._state = State.SERVING
            self._visit = serve(self, self._client, secure)
        elif backend is None:
            self._refuse("SC")
        else:
            self._backend = backend
            self._acquire(())

    @property
    def source(self) -> Address:
        """The client, of a balancer before us if that told it."""
        return self._source

    def reached(self) -> Address:
        """The address that the client connected to, likewise."""
        return self._destination or self._client.local

    @property
    def relaying(self) -> bool:
        """Whether nobody has ended it yet."""
        return self._state is State.RELAYING

    @property
    def blamed(self) -> str:
        """The letter of whoever has ended the session, empty while nobody has."""
        return self._termination[0].strip("-")

    def so_far(self) -> tuple[float, int, int]:
        """Since when it lives, in the clock's seconds, and the octets that came from the client and went there."""
        return self._started, self._client.received, self._client.sent

    def tally(self) -> None:
        """Tell the front end and the server what was carried since the last time."""
        self._tally_client()
        if self._lease is not None and self._server is not None:
            self._lease.server.carried(*self._server_odometer.since(self._server))
        if self._visit is not None:
            self._visit.tally()

    def drain(self) -> None:
        """End when what the client has begun is over, where anybody knows that."""
        if self._visit is not None:
            self._visit.drain()

    def replace_client(self, client: PipedStream) -> None:
        """What the client is spoken to through from now on: TLS over what it was before."""
        self._tally_client()
        self._client = client
        self._client_odometer = Odometer()

    def end(self, letter: str) -> None:
        """End for the reason of this letter, once what is queued is sent."""
        self._end(letter)

    def kill(self, letter: str) -> None:
        """End at once, for the reason of this letter; what was received and not yet sent is dropped."""
        self._end(letter)
        self._abort()

    # ---- what the streams tell

    def data_received(self, stream: Stream, data: bytes) -> None:
        preface = self._preface
        if preface is None:
            return
        looked = self._behind_header
        if looked is not None:  # looked at from its first byte each time
            preface = self._preface = Preface(True, False)
        try:
            complete = preface.feed(data)
        except WireError as error:
            self._frontend.preface_failed(self._source, error)
            self._end("P")
            return
        finally:
            if looked is None:
                self._header_size = preface.header_size
        if complete:
            stream.pause()
            if looked is not None:
                looked[0].skip(len(data) - len(preface.rest))
            self._take_preface(preface)

    def eof_received(self, stream: Stream) -> None:
        if self._state is State.RELAYING:
            if stream is self._client:
                self._await_answer()
            else:
                self._late = "c"
                self._hasten()
        elif self._state is State.PREFACE:
            self._frontend.left_early += 1
            self._end("C")

    def tls_secured(self, stream: SecureStream) -> None:
        """The handshake with the client, or with the server, is done."""
        if stream is self._client:
            if self._state is State.HANDSHAKE:
                self._frontend.deadlines.clear(self)
                self.choose(self._routed(stream.server_name))
        elif stream is self._securing:
            backend, lease = self._backend, self._lease
            assert backend is not None
            assert lease is not None
            self._securing = None
            self._relay(stream, backend, lease)

    def tls_failed(self, stream: SecureStream, failure: TLSError) -> None:
        """A client is let go; a server that cannot be spoken to counts as one that cannot be connected to."""
        if stream is self._client:
            if isinstance(failure, PeerLeftError):
                self._frontend.left_early += 1
                self._end("C")
            else:
                self._frontend.handshake_failed(self._source, failure)
                self._end("P")
        elif stream is self._securing:
            self._not_secured(failure)

    def peer_left(self, stream: Stream) -> None:
        """The client has closed while it waited, and the back end has ``abortonclose``."""
        if self._state in _WAITING:
            self._end("C")

    def write_drained(self, stream: Stream) -> None:
        """Nothing waits for it: the pipes have their own back-pressure."""

    def stream_lost(self, stream: Stream, error: Exception | None) -> None:
        if stream is self._client:
            self._client_gone = True
            self._lost_client(error)
        elif stream is self._server:
            self._server_gone = True
            self._lost_server(error)
        else:
            return  # a server whose handshake failed: that was told
        if self._client_gone and self._server_gone:
            self._finish()

    # ---- what the dialer tells

    def connected(self, stream: PlainStream) -> None:
        backend, lease = self._backend, self._lease
        assert backend is not None
        assert lease is not None
        self._attempt = None
        stream.attach(self)
        if backend.send_proxy:
            stream.write(backend.proxy_header(lease.server, self._source, self.reached()))
        tls = backend.tls.get(lease.server.name) if backend.tls else None
        if tls is None:
            self._relay(stream, backend, lease)
        else:
            self._state = State.SECURING
            self._wait(backend.handshake_timeout)
            self._securing = self._frontend.network.secure_client(stream, tls, self)

    def _relay(self, stream: PipedStream, backend: Backend, lease: Lease) -> None:
        lease.connected()
        self._state = State.RELAYING
        self._connected_at = now = self._frontend.seconds()
        self._server = stream
        self._server_gone = False
        if backend.session_ids is None:
            self._frontend.join(self, self._client, stream, lease.server)
        else:
            self._overhear(backend.session_ids, stream, lease.server)
        self._idle = min(self._frontend.client_timeout, backend.server_timeout)
        self._late = "c" if self._idle == self._frontend.client_timeout else "s"
        self._frontend.deadlines.set(self, now + self._idle)

    def connect_failed(self, error: Exception) -> None:
        self._attempt = None
        if isinstance(error, OSError) and error.errno in OUR_FAULT:
            self._end("R")
            return
        backend, lease = self._backend, self._lease
        assert backend is not None
        assert lease is not None
        lease.connect_failed(self._frontend.seconds())
        if self._state is not State.CONNECTING or self._lease is not lease:
            return
        if self._retries >= backend.retries:
            self._refuse("sC" if isinstance(error, TimeoutError) else "SC")
            return
        self._retries += 1
        last = self._retries == backend.retries
        if backend.redispatch and (last or not lease.persistent) and len(backend.pool.servers) > 1:
            self._redispatch(lease.server)
        else:
            self._rest(lease)

    # ---- what the pool tells

    def lease_granted(self, lease: Lease) -> None:
        """The wait in the queue is over."""
        self._ticket = None
        self._connect(lease, self._frontend.seconds())

    def lease_denied(self, error: NoServer) -> None:
        """While we waited, the last server went."""
        self._ticket = None
        self._refuse("SQ")

    def evicted(self, lease: Lease, reason: str) -> None:
        """The server went down (``D``), a better one came up (``U``), or an administrator wants it (``K``).

        Who was only on the way to it is sent elsewhere.
        """
        backend = self._backend
        if self._state in _ON_THE_WAY and backend is not None and backend.redispatch:
            self._turn_back()
            self._redispatch(lease.server)
        else:
            self._end(reason)

    # ---- what the clock tells

    def deadline_due(self, now: float) -> None:
        """The one deadline of the present state."""
        state = self._state
        if state is State.RELAYING:
            self._check_idle(now)
        elif state is State.RESTING:
            self._try_again()
        elif state is State.QUEUED:
            self._refuse("sQ")
        elif state is State.PREFACE:
            self._frontend.preface_failed(self._source, f"not complete within {self._frontend.preface_timeout:g} s")
            self._end("c")
        elif state is State.HANDSHAKE:
            self._frontend.handshake_failed(self._source, f"not complete within {self._frontend.handshake_timeout:g} s")
            self._end("c")
        elif state is State.ENDING:
            self._end("c")
        elif state is State.SECURING:
            self._give_up_securing()
            self._not_secured(TimeoutError(errno.ETIMEDOUT, "the TLS handshake took too long"))
        else:
            self._check_closing(now)

    # ---- the steps

    def _take_preface(self, preface: Preface) -> None:
        frontend = self._frontend
        self._preface = None
        frontend.deadlines.clear(self)
        self._source = preface.source or self._source
        self._hello = preface.hello
        self._destination = preface.destination
        if preface.believed and not self._admitted(preface.source is not None):
            return
        behind, self._behind_header = self._behind_header, None
        if behind is None:
            self._client.unread(preface.rest)
            self.choose(self._routed(preface.hello.server_name if preface.hello else None))
        else:
            self.secure(*behind)

    def _admitted(self, counts: bool) -> bool:
        """Whether the client that the balancer before us has named may come in.

        :param counts: whether it has named one.
        """
        frontend = self._frontend
        admission = frontend.admission
        if admission is None:
            return True
        try:
            admission.stay(self, admission.admit(self._source[0], frontend.seconds(), counts))
        except Unwanted as why:
            frontend.turned_away(self._source, why)
            self._end("P")
            return False
        return True

    def _routed(self, name: str | None) -> Backend | None:
        routes = self._frontend.routes
        return (routes.find(name) if routes else None) or self._frontend.backend

    def _not_secured(self, failure: Exception) -> None:
        """No TLS with this server: it was not reached."""
        self._securing = None
        self._state = State.CONNECTING
        self._frontend.deadlines.clear(self)
        self.connect_failed(failure)

    def _acquire(self, avoid: Collection[Server]) -> None:
        backend = self._backend
        assert backend is not None
        pool = backend.pool
        now = self._started if self._state is State.ACCEPTED else self._frontend.seconds()
        if backend.session_ids is not None:
            key: bytes | None = backend.session_ids.key(self._hello, self._source[0], now)
        else:
            key = pool.key_for(self._source[0]) if pool.needs_key else None
        try:
            got = pool.acquire(self, key, now, avoid)
        except QueueFull:
            self._refuse("SQ")
        except NoServer:
            self._refuse("SC")
        else:
            if not isinstance(got, Lease):
                self._queue(got, backend)
            elif got.server in avoid:
                self._rest(got)
            else:
                self._connect(got, now)

    def _queue(self, ticket: Ticket, backend: Backend) -> None:
        self._state = State.QUEUED
        self._ticket = ticket
        self._wait(backend.queue_timeout)
        if backend.abortonclose:
            self._client.watch()

    def _connect(self, lease: Lease, now: float) -> None:
        backend = self._backend
        assert backend is not None
        server = lease.server
        if self._state is State.QUEUED:
            self._frontend.deadlines.clear(self)
        if not self._leased_at:
            self._leased_at = now
        self._state = State.CONNECTING
        self._lease = lease
        self._redispatched = self._redispatched or self._server_name not in (None, server.name)
        self._server_name = server.name
        address = server.place(server.port or self.reached()[1])  # where we were reached costs a system call
        if address is None:
            self.connect_failed(OSError(f"{server.full_name} {server.condition()}"))
            return
        speaks_first = server.name in backend.tls or server.name in backend.send_proxy or self._client.has_waiting()
        self._attempt = self._frontend.network.connect(address, self, backend.connect_timeout, backend.source, speaks_first)
        if backend.abortonclose:
            self._client.watch()

    def _overhear(self, session_ids: SessionIds, stream: PipedStream, server: Server) -> None:
        """Join the streams, and note which session the server gives the client."""
        client, seconds = self._hello, self._frontend.seconds

        def heard(hello: ServerHello) -> None:
            session_ids.learn(client, hello, server.host.name, seconds())

        Overhearing(self, self._client, stream, heard)
        self._hello = None

    def _redispatch(self, failed: Server) -> None:
        self._release()
        self._acquire((failed,))

    def _rest(self, lease: Lease) -> None:
        """The same server again, but not at once: one that restarts is away for a moment."""
        assert self._backend is not None
        self._lease = lease
        self._state = State.RESTING
        self._wait(min(TURNAROUND, self._backend.connect_timeout))

    def _try_again(self) -> None:
        backend, lease = self._backend, self._lease
        assert backend is not None
        assert lease is not None
        if backend.redispatch and not lease.server.usable:
            self._redispatch(lease.server)
        else:
            self._connect(lease, self._frontend.seconds())

    def _check_idle(self, now: float) -> None:
        server = self._server
        assert server is not None
        silent = now - max(self._client.last_active, server.last_active)
        if silent < self._idle:
            self._frontend.deadlines.set(self, now + self._idle - silent)
        else:
            self._end(self._late)

    def _check_closing(self, now: float) -> None:
        """Both sides are closed but for what is queued: as long as that goes out, however slowly, it is not cut off."""
        active = self._client.last_active if self._server is None else max(self._client.last_active, self._server.last_active)
        left = self._frontend.client_fin_timeout - (now - active)
        if left > 0:
            self._wait(left)
        else:
            self._abort()

    def _lost_client(self, error: Exception | None) -> None:
        if self._state is State.RELAYING and self._server is not None:
            if error is not None and not _usual(error):
                self._blame("C")
            self._state = State.CLOSING
            self._server.close()
            self._hasten()
        elif self._state is State.ENDING and self._server_gone:
            if error is not None and not _usual(error):
                self._blame("C")
            self._state = State.CLOSING
        else:
            if self._state is State.PREFACE:
                self._frontend.left_early += 1
            self._end("C")

    def _lost_server(self, error: Exception | None) -> None:
        if self._lease is not None and self._server is not None:
            self._lease.server.carried(*self._server_odometer.since(self._server))
        self._release()
        if self._state is State.RELAYING:
            if error is not None and not _usual(error):
                self._blame("S")
            self._state = State.ENDING
            # not close(): unread bytes of the client would make that a reset, which can overtake the server's last words
            self._client.write_eof()
            self._hasten()

    def _refuse(self, termination: str) -> None:
        self._frontend.refused += 1
        self._termination = termination
        self._state = State.CLOSING
        self._end("")

    def _end(self, letter: str) -> None:
        """Leave the present state for good: give back what is held, and close both sides once what is queued is sent."""
        if self._state is not State.CLOSING:
            self._blame(letter)
            self._state = State.CLOSING
        self._preface = None
        if self._ticket is not None:
            self._ticket.cancel(self._frontend.seconds())
            self._ticket = None
        self._turn_back()
        if self._server is None:
            self._release()
        else:
            self._server.close()
        self._client.close()
        self._wait(self._frontend.client_fin_timeout)

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

    def _blame(self, letter: str) -> None:
        if self._termination == "--":
            self._termination = letter + self._state.value[0]

    def _abort(self) -> None:
        self._client.abort()
        if self._server is not None:
            self._server.abort()

    def _release(self) -> None:
        lease, self._lease = self._lease, None
        if lease is not None:
            lease.release(self._frontend.seconds())

    def _wait(self, seconds: float) -> None:
        self._frontend.deadlines.set(self, self._frontend.seconds() + seconds)

    def _await_answer(self) -> None:
        """The client has said all: a server may think about it as long as ever."""
        assert self._backend is not None
        self._late = "s"
        self._idle = self._backend.server_timeout

    def _hasten(self) -> None:
        """The server has ended, or the client has gone: from now on ``client_fin`` is the patience for the rest."""
        patience = self._frontend.client_fin_timeout
        if self._idle > patience or not self.deadline_tick:
            self._idle = min(self._idle, patience)
            self._wait(self._idle)

    def _finish(self) -> None:
        frontend = self._frontend
        frontend.deadlines.clear(self)
        self.tally()
        try:
            if self._visit is not None:
                self._visit = None  # it has written its own lines
            elif not frontend.dontlognull or self._own_bytes() or self._termination[0] == "P":
                frontend.log(self._record())
        finally:
            frontend.ended(self)

    def _tally_client(self) -> None:
        sent, received = self._client_odometer.since(self._client)
        self._frontend.bytes_in += received
        self._frontend.bytes_out += sent

    def _own_bytes(self) -> int:
        """What the client sent itself: the PROXY header is of the balancer before it."""
        return self._client.received - self._header_size

    def _record(self) -> SessionRecord:
        frontend, backend = self._frontend, self._backend
        pool = backend.pool if backend is not None else None
        server = pool.servers.get(self._server_name) if pool is not None and self._server_name is not None else None
        upstream = self._server
        started, leased, connected = self._started, self._leased_at, self._connected_at
        return SessionRecord(
            self._source,
            self._accepted,
            frontend.name,
            None if pool is None else pool.name,
            self._server_name,
            int((leased - started) * 1000) if leased else -1,
            int((connected - leased) * 1000) if connected else -1,
            int((frontend.seconds() - started) * 1000),
            self._own_bytes(),
            0 if upstream is None else upstream.received,
            self._termination,
            frontend.gate.taken,
            len(frontend.sessions),
            0 if pool is None else pool.sessions,
            0 if server is None else server.sessions,
            self._retries,
            self._redispatched,
            0 if server is None else server.queued,
            0 if pool is None else pool.queued,
        )


def _usual(error: Exception) -> bool:
    """Most peers answer our goodbye in TLS by closing the connection, without one of theirs: no reason to blame them."""
    return isinstance(error, TruncatedError) and error.told
