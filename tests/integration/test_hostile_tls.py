"""The same as :mod:`tests.integration.test_hostile` where TLS is spoken, by hostile clients and by hostile servers."""

import contextlib
import socket
from ipaddress import ip_network
from random import Random
from typing import Any, cast

from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from exproxy.net.epoll.loop import Loop
from exproxy.net.epoll.network import EpollNetwork
from exproxy.net.tls.client import ClientTLS, client_context
from exproxy.net.tls.profiles import BUILT_IN
from exproxy.net.tls.server import ServerTLS
from exproxy.net.transports import TransportNetwork
from exproxy.proxy.backend import Backend
from exproxy.proxy.frontend import Frontend
from exproxy.proxy.session import State
from exproxy.wire.proxyheader import encode_v1
from tests.integration.hostile import FOR_EVER, Ground
from tests.integration.tlsstreams import TLSSocket
from tests.net.tls.files import certificate_file
from tests.proxy.test_preface import client_hello

HELLO = client_hello("mail.example.com")
HEADER = encode_v1(("203.0.113.5", 999), ("198.51.100.1", 25))
TRUSTED = (ip_network("127.0.0.0/8"),)
MANY = 1000


class TLSHostileSuite(Ground):
    """The same for both networks."""

    most_queued: int
    """Bytes that a session may hold for a client that does not read."""
    end_of_the_half_closed: str
    """Of a client that says close_notify and resets."""

    async def prepare(self) -> None:
        self.tls = ServerTLS([certificate_file(cast(Any, self).mktemp())], BUILT_IN["intermediate"])
        self.trusting = client_context(False, None, BUILT_IN["intermediate"])
        await super().prepare()

    def front(self, listener: socket.socket, **options: Any) -> Frontend:
        timeout = options.pop("server_timeout", FOR_EVER)
        return self.open(self.backend(self.servers([listener.getsockname()]), server_timeout=timeout), tls=self.tls, **options)

    async def spoken(self, frontend: Frontend, listener: socket.socket, buffer: int = 0) -> tuple[TLSSocket, socket.socket]:
        """A client whose handshake is done, and the server's end of its session."""
        client = TLSSocket(frontend.listeners[0].address, buffer=buffer)
        self.sockets.append(client.raw)
        cast(Any, self).addCleanup(client.end)
        pool = cast(Backend, frontend.backend).pool

        def relays() -> bool:
            client.shake_hands()
            return bool(pool.sessions)

        await self.until(relays)
        return client, await self.accept(listener)

    # ---- in the handshake

    async def test_a_reset_in_the_handshake_gives_all_back(self) -> None:
        frontend = self.front(self.server())
        for words in (b"", HELLO[:3], HELLO[:50], HELLO):
            client = self.client(frontend)
            await self.until(lambda: frontend.sessions)
            self.assertIs(self.state(frontend), State.HANDSHAKE)
            client.send(words)
            if words is HELLO:
                await self.read(client, 5)
            self.reset(client)
            await self.until(lambda: not frontend.sessions)
        await self.all_comes_back(frontend)
        self.assertEqual([record.termination for record in self.records], ["CR"] * 4)
        self.assertEqual((frontend.left_early, frontend.bad_handshakes), (4, 0))

    async def test_a_reset_in_or_behind_a_proxy_header_gives_all_back(self) -> None:
        frontend = self.front(self.server(), accept_proxy=TRUSTED)
        for words, state in ((b"", State.PREFACE), (HEADER[:20], State.PREFACE), (HEADER, State.HANDSHAKE)):
            client = self.client(frontend)
            await self.until(lambda: frontend.sessions)
            client.send(words)
            await self.until(lambda state=state: frontend.sessions and self.state(frontend) is state)
            self.reset(client)
            await self.until(lambda: not frontend.sessions)
        await self.all_comes_back(frontend)
        self.assertEqual([(record.termination, record.bytes_in) for record in self.records], [("CR", 0)] * 3)
        self.assertEqual(frontend.left_early, 3)

    async def test_who_sends_a_proxy_header_and_nothing_else_is_not_waited_for(self) -> None:
        frontend = self.front(self.server(), accept_proxy=TRUSTED, handshake_timeout=0.3)
        client = self.client(frontend)
        await self.until(lambda: frontend.sessions)
        for byte in HEADER:
            await self.send(client, bytes((byte,)))
            await self.turn()
        await self.all_comes_back(frontend)
        self.assertEqual([record.termination for record in self.records], ["cR"])
        self.assertEqual((frontend.bad_prefaces, frontend.bad_handshakes), (0, 1))

    async def test_a_handshake_that_comes_with_the_proxy_header_begins_once(self) -> None:
        listener = self.server()
        frontend = self.front(listener, accept_proxy=TRUSTED)
        client = TLSSocket(frontend.listeners[0].address)
        client.raw.send(HEADER)
        self.sockets.append(client.raw)
        cast(Any, self).addCleanup(client.end)
        pool = cast(Backend, frontend.backend).pool
        await self.until(lambda: client.shake_hands() or pool.sessions)
        self.assertEqual((frontend.bad_handshakes, pool.sessions), (0, 1))

    async def test_a_handshake_that_trickles_is_not_waited_for(self) -> None:
        frontend = self.front(self.server(), handshake_timeout=0.3)
        client = self.client(frontend)
        await self.until(lambda: frontend.sessions or self.records)
        for byte in HELLO:
            with contextlib.suppress(OSError):  # it is cut off before it has said all
                client.send(bytes((byte,)))
            await self.turn()
        await self.all_comes_back(frontend)
        self.assertEqual([record.termination for record in self.records], ["cR"])
        self.assertEqual(frontend.bad_handshakes, 1)

    async def test_a_handshake_that_stops_in_the_middle_is_not_waited_for(self) -> None:
        frontend = self.front(self.server(), handshake_timeout=4.0)  # the first part of it has to be heard before that
        client = self.client(frontend)
        await self.until(lambda: frontend.sessions)
        client.send(HELLO)
        await self.read(client, 5)
        await self.all_comes_back(frontend)
        self.assertEqual([record.termination for record in self.records], ["cR"])

    async def test_a_hello_longer_than_any_is_refused_before_it_is_read(self) -> None:
        frontend = self.front(self.server())
        client = self.client(frontend)
        await self.until(lambda: frontend.sessions)
        client.send(b"\x16\x03\x01\x40\x00" + b"\x01\xff\xff\xff\x03\x03" + bytes(0x4000 - 6))
        await self.all_comes_back(frontend)
        self.assertEqual([record.termination for record in self.records], ["PR"])

    async def test_a_thousand_that_never_begin_are_sent_away_in_time_and_counted(self) -> None:
        self.allow_descriptors(2 * MANY + 200)
        frontend = self.front(self.server(), handshake_timeout=0.3)
        for _ in range(MANY):
            self.client(frontend)
        await self.until(lambda: len(self.records) == MANY)
        self.assertEqual({record.termination for record in self.records}, {"cR"})
        self.assertEqual(frontend.bad_handshakes, MANY)
        await self.all_comes_back(frontend)

    async def test_clients_that_send_garbage_are_sent_away_and_counted_and_leave_nothing_behind(self) -> None:
        frontend = self.front(self.server())
        await self.garbage(frontend, 200)  # what is made once and kept, is made by now
        before = self.held()
        await self.garbage(frontend, MANY)
        self.assertLess(self.held() - before, MANY // 4)
        self.assertEqual(frontend.bad_handshakes, 200 + MANY)
        await self.all_comes_back(frontend)

    async def garbage(self, frontend: Frontend, count: int) -> None:
        """So many clients, one after the other, who speak something else."""
        address, words = frontend.listeners[0].address, Random(count)
        for _ in range(count):
            with socket.create_connection(address) as client:
                client.send(b"GA" + words.randbytes(5 + words.randrange(300)))
                await self.until(lambda: self.records)
            self.assertEqual(self.records.pop().termination, "PR")
        await self.until(lambda: not frontend.sessions)

    # ---- behind it

    async def test_a_reset_while_we_relay_gives_all_back(self) -> None:
        listener = self.server()
        frontend = self.front(listener)
        client, server = await self.spoken(frontend, listener)
        self.reset(client.raw)
        self.assertEqual(await self.read_all(server), b"")
        await self.all_comes_back(frontend)
        self.assertEqual([record.termination for record in self.records], ["CD"])

    async def test_a_reset_after_the_goodbye_gives_all_back(self) -> None:
        listener = self.server()
        frontend = self.front(listener)
        client, server = await self.spoken(frontend, listener)
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(await self.read_all(server), b"")
        self.reset(client.raw)
        await self.all_comes_back(frontend)
        self.assertEqual([record.termination for record in self.records], [self.end_of_the_half_closed])

    async def test_an_end_without_a_goodbye_may_have_cut_something_off(self) -> None:
        listener = self.server()
        frontend = self.front(listener)
        client, server = await self.spoken(frontend, listener)
        client.sendall(b"half a mess")
        client.raw.shutdown(socket.SHUT_WR)
        self.assertEqual(await self.read_all(server), b"half a mess")
        await self.all_comes_back(frontend)
        self.assertEqual([record.termination for record in self.records], ["CD"])

    async def test_bytes_that_trickle_arrive_one_by_one(self) -> None:
        listener = self.server()
        frontend = self.front(listener)
        client, server = await self.spoken(frontend, listener)
        for byte in b"EHLO trickle":
            client.sendall(bytes((byte,)))
            self.assertEqual(await self.read(server, 1), bytes((byte,)))
            await self.send(server, bytes((byte,)))
            self.assertEqual(await self.read(cast(Any, client), 1), bytes((byte,)))
        client.close()
        server.close()
        await self.all_comes_back(frontend)

    async def test_a_client_that_reads_nothing_costs_a_bounded_amount_and_loses_nothing(self) -> None:
        listener = self.server()
        frontend = self.front(listener)
        client, server = await self.spoken(frontend, listener, buffer=16_384)
        size = await self.flood(server, frontend)
        self.assertTrue(0 < self.queued(frontend) <= self.most_queued, self.queued(frontend))
        server.shutdown(socket.SHUT_WR)
        self.assertEqual(len(await self.read_all(cast(Any, client))), size)
        client.close()
        await self.all_comes_back(frontend)

    async def test_a_client_that_reads_nothing_for_good_is_let_go(self) -> None:
        listener = self.server()
        frontend = self.front(listener, server_timeout=2.0, client_timeout=2.0, client_fin_timeout=0.2)
        _, server = await self.spoken(frontend, listener, buffer=16_384)
        await self.flood(server, frontend)
        await self.all_comes_back(frontend)
        self.assertEqual([record.termination for record in self.records], ["cD"])

    async def test_a_close_that_waits_for_a_deaf_client_is_cut_off(self) -> None:
        listener = self.server()
        frontend = self.front(listener, client_fin_timeout=0.2)
        _, server = await self.spoken(frontend, listener, buffer=16_384)
        await self.flood(server, frontend)
        next(iter(frontend.sessions)).evicted(cast(Any, None), "D")
        self.assertIs(self.state(frontend), State.CLOSING)
        await self.all_comes_back(frontend)
        self.assertEqual([record.termination for record in self.records], ["DD"])

    # ---- servers

    async def test_a_reset_while_we_shake_hands_with_the_server_gives_all_back(self) -> None:
        frontend = self.open(self.to(self.server(), handshake_timeout=0.3))
        client = self.client(frontend)
        await self.until(lambda: self.records or (frontend.sessions and self.state(frontend) is State.SECURING))
        self.reset(client)
        await self.all_comes_back(frontend)
        self.assertEqual([record.termination for record in self.records], ["sC"])

    async def test_servers_that_answer_a_handshake_with_nonsense_or_leave_are_not_reached(self) -> None:
        for words in (
            b"220 mail.example.com ESMTP\r\n",
            b"\x16\x03\x03\x00\x04\x02\xff\xff\xff",
            b"\x15\x03\x03\x00\x02\x02\x28",
            b"",
        ):
            listener = self.server()
            frontend = self.open(self.to(listener))
            client = self.client(frontend)
            server = await self.accept(listener)
            await self.read(server, 5)
            server.send(words)
            self.reset(server)
            self.assertEqual(await self.read_all(client), b"")
            client.close()
            await self.all_comes_back(frontend)
        self.assertEqual({record.termination for record in self.records}, {"SC"})

    async def test_a_server_whose_handshake_trickles_is_not_waited_for(self) -> None:
        listener = self.server()
        frontend = self.open(self.to(listener, handshake_timeout=0.3))
        self.client(frontend)
        server = await self.accept(listener)
        with contextlib.suppress(OSError):
            server.send(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc")  # a record that has 16 KB

        def cut_off() -> bool:
            with contextlib.suppress(OSError):
                server.send(b"x")
            return not frontend.sessions

        await self.until(cut_off)
        await self.all_comes_back(frontend)
        self.assertEqual([record.termination for record in self.records], ["sC"])

    def to(self, listener: socket.socket, **options: Any) -> Backend:
        """TLS towards the server."""
        tls = {"s0": ClientTLS("mail.example.com", False, self.trusting)}
        return self.backend(self.servers([listener.getsockname()]), retries=0, tls=tls, **options)


class EpollTLSHostileTests(TLSHostileSuite, TestCase):
    """TLS on the socket itself."""

    most_queued = 256 * 1024
    end_of_the_half_closed = "--"

    async def setUp(self) -> None:
        self.loop = Loop(cast(Any, reactor))
        self.addCleanup(self.loop.close)
        self.network = EpollNetwork(self.loop)
        await self.prepare()

    def kept(self) -> int:
        self.assertEqual(self.loop.pipes._lent, 0)
        return 2 * len(self.loop.pipes._free)

    def queued(self, frontend: Frontend) -> int:
        return sum(len(cast(Any, session._client)._queue or b"") for session in frontend.sessions)

    async def test_with_abortonclose_a_client_that_leaves_while_we_shake_hands_with_the_server_is_let_go_at_once(self) -> None:
        listener = self.server()
        frontend = self.open(self.to(listener, abortonclose=True))
        client = self.client(frontend)
        await self.until(lambda: frontend.sessions and self.state(frontend) is State.SECURING)
        self.reset(client)
        await self.all_comes_back(frontend)
        self.assertEqual([record.termination for record in self.records], ["CC"])


class TransportTLSHostileTests(TLSHostileSuite, TestCase):
    """TLS between two buffers, over Twisted's transports."""

    most_queued = 3 * 65536 + 64 * 1024
    end_of_the_half_closed = "CD"

    async def setUp(self) -> None:
        self.network = TransportNetwork(cast(Any, reactor))
        self.addCleanup(self.network.deadlines.stop)
        await self.prepare()

    def queued(self, frontend: Frontend) -> int:
        transports = [cast(Any, session._client)._stream.transport for session in frontend.sessions]
        return sum(len(transport.dataBuffer) - transport.offset + transport._tempDataLen for transport in transports)
