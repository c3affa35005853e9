"""A whole front end in memory: clients, a listener, a pool and servers, on one clock."""

from random import Random
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exproxy import pool
from exproxy.net.interfaces import Address
from exproxy.net.tls.server import ServerTLS
from exproxy.proxy.accesslog.record import SessionRecord
from exproxy.proxy.backend import Backend
from exproxy.proxy.frontend import Frontend
from exproxy.proxy.gate import Gate
from exproxy.proxy.listener import Listener
from tests.net.memory import MemoryNetwork, MemoryStream, Peer, Recorder

FRONT: Address = ("192.0.2.9", 25)


class Stage(SynchronousTestCase):
    """Two servers, ``one`` and ``two``, of the back end ``hub``; the front end is ``smtp``."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1000)
        self.network = MemoryNetwork(self.clock)
        self.records: list[SessionRecord] = []
        self.gate = Gate(100)
        self.servers = {name: Peer() for name in ("one", "two")}
        self.addresses = {"one": ("192.0.2.1", 2525), "two": ("192.0.2.2", 2525)}
        for name, peer in self.servers.items():
            self.network.listen(self.addresses[name], peer).resume()

    def servers_of(self, balance: str = "first", server: dict[str, Any] | None = None, **options: Any) -> pool.Backend:
        built = pool.Backend("hub", balance, rng=Random(1), **options)
        for name, (host, port) in self.addresses.items():
            made = pool.Server(name, pool.Host(name, host), host, port, now=self.clock.seconds(), **(server or {}))
            built.add(made, self.clock.seconds())
        return built

    def backend(self, servers: pool.Backend | None = None, **options: Any) -> Backend:
        values: dict[str, Any] = {
            "pool": servers or self.servers_of(),
            "connect_timeout": 5.0,
            "server_timeout": 60.0,
            "queue_timeout": 10.0,
            "retries": 3,
            "redispatch": True,
            "abortonclose": False,
            "source": None,
            "send_proxy": {},
            "handshake_timeout": 3.0,
            "tls": {},
        }
        return Backend(**(values | options))

    def open(
        self,
        backend: Backend | None,
        accept_proxy: tuple[Any, ...] = (),
        address: Address = FRONT,
        tls: ServerTLS | None = None,
        **options: Any,
    ) -> Frontend:
        values: dict[str, Any] = {
            "name": "smtp",
            "clock": self.clock,
            "network": self.network,
            "gate": self.gate,
            "backend": backend,
            "routes": None,
            "maxconn": None,
            "client_timeout": 30.0,
            "client_fin_timeout": 4.0,
            "preface_timeout": 5.0,
            "handshake_timeout": 3.0,
            "log": self.records.append,
            "dontlognull": False,
        }
        frontend = Frontend(**(values | options))
        self.listen(frontend, accept_proxy, address, tls)
        return frontend

    def listen(
        self,
        frontend: Frontend,
        accept_proxy: tuple[Any, ...] = (),
        address: Address = FRONT,
        tls: ServerTLS | None = None,
    ) -> Listener:
        listener = Listener(frontend, accept_proxy, tls)
        listener.open(address, 128)
        listener.start()
        return listener

    def client(self, address: Address = FRONT, source: str | None = None) -> Recorder:
        client = Recorder()
        self.network.connect(address, client, 5.0, source)
        self.settle()
        return client

    def settle(self) -> None:
        self.clock.pump([0] * 40)

    def send(self, client: Recorder, data: bytes) -> None:
        client.stream.write(data)
        self.settle()

    def far(self, client: Recorder) -> MemoryStream:
        """Our end of a client's connection."""
        assert isinstance(client.stream, MemoryStream)
        return client.stream.other

    def got(self, server: str) -> list[bytes]:
        return [bytes(session.data) for session in self.servers[server].sessions]
