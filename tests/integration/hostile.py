"""A front end on real sockets of the loopback address, with clients and servers that are plain sockets in the test's hands."""

import errno
import gc
import os
import resource
import socket
import struct
import sys
from collections.abc import Callable, Iterable
from random import Random
from typing import Any, cast

from twisted.internet import reactor
from twisted.internet.defer import Deferred

from exproxy import pool
from exproxy.net.interfaces import Address, Network
from exproxy.net.tls.server import ServerTLS
from exproxy.proxy.accesslog.record import SessionRecord
from exproxy.proxy.backend import Backend
from exproxy.proxy.frontend import Frontend
from exproxy.proxy.gate import Gate
from exproxy.proxy.listener import Listener
from exproxy.proxy.session import State
from tests.integration.streams import LOOPBACK, PATIENCE, Recorder

FOR_EVER = 600.0
"""Seconds, longer than any test: what is to end by itself does not end by these."""


class Ground:
    """Mixed into a trial TestCase that sets ``network``."""

    network: Network
    timeout = 4 * PATIENCE

    async def prepare(self) -> None:
        """To be called by ``setUp``, once there is a network."""
        self.records: list[SessionRecord] = []
        self.sockets: list[socket.socket] = []
        self.frontends: list[Frontend] = []
        self.addCleanup(self.clear)
        await self._warm_up()
        self.descriptors = descriptors()

    async def _warm_up(self) -> None:
        """The reactor has descriptors of its own, once it runs and has accepted its first client."""
        acceptor = Recorder()
        port = self.network.listen((LOOPBACK, 0), acceptor)
        port.resume()
        with socket.create_connection(port.address):
            await self.until(lambda: acceptor.streams)
        acceptor.streams[0].abort()
        port.close()
        await self.until(lambda: acceptor.lost)
        await self.turn()

    async def clear(self) -> None:
        for frontend in self.frontends:
            for listener in tuple(frontend.listeners):
                listener.stop()
            for session in tuple(frontend.sessions):
                session.kill("K")
        for sock in self.sockets:
            sock.close()
        await self.until(lambda: not any(frontend.sessions for frontend in self.frontends))
        await self.turn()

    # ---- the scene

    def server(self, backlog: int = 128) -> socket.socket:
        listener = socket.create_server((LOOPBACK, 0), backlog=backlog)
        listener.setblocking(False)
        self.sockets.append(listener)
        return listener

    def silent_server(self) -> socket.socket:
        """Its backlog is full: nobody who connects is answered."""
        listener = self.server(backlog=0)
        for _ in range(4):
            filler = self.new_socket()
            filler.connect_ex(listener.getsockname())
        return listener

    def refusing_address(self) -> Address:
        """A port that is nobody else's and that nobody listens on."""
        sock = self.new_socket()
        sock.bind((LOOPBACK, 0))
        return cast(Address, sock.getsockname())

    def servers(self, addresses: Iterable[Address], balance: str = "first", **options: Any) -> pool.Backend:
        built = pool.Backend("hub", cast(Any, balance), rng=Random(1))
        now = self.seconds()
        for index, (host, port) in enumerate(addresses):
            built.add(pool.Server(f"s{index}", pool.Host(f"s{index}", host), host, port, now=now, **options), now)
        return built

    def backend(self, servers: pool.Backend, **options: Any) -> Backend:
        values: dict[str, Any] = {
            "pool": servers,
            "connect_timeout": FOR_EVER,
            "server_timeout": FOR_EVER,
            "queue_timeout": FOR_EVER,
            "retries": 3,
            "redispatch": True,
            "abortonclose": False,
            "source": None,
            "send_proxy": {},
            "handshake_timeout": FOR_EVER,
            "tls": {},
        }
        return Backend(**(values | options))

    def open(
        self,
        backend: Backend | None,
        accept_proxy: tuple[Any, ...] = (),
        listeners: int = 1,
        tls: ServerTLS | None = None,
        **options: Any,
    ) -> Frontend:
        values: dict[str, Any] = {
            "name": "front",
            "clock": cast(Any, reactor),
            "network": self.network,
            "gate": Gate(2000),
            "backend": backend,
            "routes": None,
            "maxconn": None,
            "client_timeout": FOR_EVER,
            "client_fin_timeout": FOR_EVER,
            "preface_timeout": FOR_EVER,
            "handshake_timeout": FOR_EVER,
            "log": self.records.append,
            "dontlognull": False,
        }
        frontend = Frontend(**(values | options))
        self.frontends.append(frontend)
        made = [Listener(frontend, accept_proxy, tls) for _ in range(listeners)]
        for listener in made:
            listener.open((LOOPBACK, 0), 1024)
        for listener in made:
            listener.start()
        return frontend

    # ---- the actors

    def new_socket(self) -> socket.socket:
        sock = socket.socket()
        sock.setblocking(False)
        self.sockets.append(sock)
        return sock

    def client(self, frontend: Frontend, listener: int = 0, buffer: int = 0) -> socket.socket:
        """:param buffer: bytes that the kernel may keep for it, about; 0: as many as the kernel likes."""
        sock = self.new_socket()
        if buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        code = sock.connect_ex(frontend.listeners[listener].address)
        assert code in (0, errno.EINPROGRESS), os.strerror(code)
        return sock

    async def accept(self, listener: socket.socket) -> socket.socket:
        accepted: list[socket.socket] = []

        def arrived() -> bool:
            try:
                accepted.append(listener.accept()[0])
            except BlockingIOError:
                return False
            return True

        await self.until(arrived)
        accepted[0].setblocking(False)
        self.sockets.append(accepted[0])
        return accepted[0]

    async def relayed(self, frontend: Frontend, listener: socket.socket, **options: Any) -> tuple[socket.socket, socket.socket]:
        """A client and the server's end of its session."""
        client = self.client(frontend, **options)
        return client, await self.accept(listener)

    async def read(self, sock: socket.socket, size: int) -> bytes:
        got = bytearray()

        def complete() -> bool:
            try:
                data = sock.recv(size - len(got))
            except BlockingIOError:
                return False
            assert data, f"the end after {len(got)} of {size} bytes"
            got.extend(data)
            return len(got) == size

        await self.until(complete)
        return bytes(got)

    async def read_all(self, sock: socket.socket) -> bytes:
        """Until the end; a reset raises."""
        got = bytearray()

        def ended() -> bool:
            try:
                while data := sock.recv(1 << 20):
                    got.extend(data)
            except BlockingIOError:
                return False
            return True

        await self.until(ended)
        return bytes(got)

    async def send(self, sock: socket.socket, data: bytes) -> None:
        rest = memoryview(data)

        def sent() -> bool:
            nonlocal rest
            try:
                rest = rest[sock.send(rest) :]
            except BlockingIOError:
                return False
            return not rest

        await self.until(sent)

    def queued(self, frontend: Frontend) -> int:
        """Bytes that wait in our memory for clients."""
        raise NotImplementedError

    async def flood(self, sock: socket.socket, frontend: Frontend | None = None) -> int:
        """Send until nobody takes any more for ten turns; how many bytes that were.

        :param frontend: until some wait there too, if its session lives so long.
        """
        block, taken, idle = b"x" * 262_144, 0, 0
        while idle < 10 or (frontend is not None and frontend.sessions and not self.queued(frontend)):
            try:
                taken += sock.send(block)
                idle = 0
            except BlockingIOError:
                idle += 1
                await self.turn()
            except ConnectionError:
                break  # the session is over
        return taken

    def state(self, frontend: Frontend) -> State:
        """Of the only session."""
        (session,) = frontend.sessions
        return session._state

    def allow_descriptors(self, count: int) -> None:
        """For this test."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < count:
            resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
            cast(Any, self).addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))

    def reset(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()

    # ---- time

    def seconds(self) -> float:
        return cast(float, cast(Any, reactor).seconds())

    async def turn(self) -> None:
        turn: Deferred[None] = Deferred()
        cast(Any, reactor).callLater(0.001, turn.callback, None)
        await turn

    async def until(self, condition: Callable[[], object]) -> None:
        last = self.seconds() + PATIENCE
        while not condition():
            assert self.seconds() < last, "what was waited for did not come"
            await self.turn()

    # ---- what has to be true in the end

    def kept(self) -> int:
        """Descriptors that the network keeps for the next who needs them."""
        return 0

    def held(self) -> int:
        """What is alive of Python's memory, in blocks; without the deadlines of nobody that time leaves behind, ten a second."""
        cast(Any, self.network.deadlines)._sweep()
        gc.collect()
        return sys.getallocatedblocks()

    async def all_comes_back(self, frontend: Frontend) -> None:
        """Sessions, slots, leases, places in the queue, deadlines and descriptors."""
        await self.until(lambda: not frontend.sessions)
        for sock in self.sockets:
            sock.close()
        assert frontend.backend is not None
        servers = frontend.backend.pool
        held = [servers.sessions, servers.queued, *(server.sessions for server in servers.servers.values())]
        self.assertEqual((frontend.gate.taken, set(held)), (0, {0}))
        for listener in tuple(frontend.listeners):
            listener.stop()
        await self.until(lambda: descriptors() - self.kept() <= self.descriptors)
        self.assertFalse(any(cast(Any, self.network.deadlines)._buckets.values()))


def descriptors() -> int:
    """How many this process has."""
    return len(os.listdir("/proc/self/fd"))
