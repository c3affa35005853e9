"""Clients and servers that do what nobody should: nothing is held for ever, nothing grows, nothing that was sent is lost."""

import contextlib
import gc
import socket
from collections import Counter
from ipaddress import ip_network
from itertools import pairwise
from random import Random
from typing import Any, cast

from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from exproxy.net.epoll.loop import Loop
from exproxy.net.epoll.network import EpollNetwork
from exproxy.net.epoll.splice import SIZE
from exproxy.net.transports import TransportNetwork
from exproxy.proxy.frontend import Frontend
from exproxy.proxy.gate import Gate
from exproxy.proxy.session import Session, State
from exproxy.wire.proxyheader import encode_v1
from tests.integration.hostile import FOR_EVER, Ground

TRUSTED = (ip_network("127.0.0.0/8"),)
MANY = 1000


class HostileSuite(Ground):
    """The same for both networks."""

    most_queued: int
    """Bytes that a session may hold for a client that does not read."""
    patience_with_the_half_closed: float
    """The server timeout where a client that has said all and resets is to be let go."""
    end_of_the_half_closed: str

    async def test_a_client_that_reads_nothing_costs_a_bounded_amount_and_loses_nothing(self) -> None:
        listener = self.server()
        frontend = self.open(self.backend(self.servers([listener.getsockname()])))
        client, server = await self.relayed(frontend, listener, buffer=16_384)
        size = await self.flood(server, frontend)
        self.assertTrue(0 < self.queued(frontend) <= self.most_queued, self.queued(frontend))
        server.shutdown(socket.SHUT_WR)
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(len(await self.read_all(client)), size)
        await self.all_comes_back(frontend)

    async def test_a_client_that_reads_nothing_for_good_is_let_go(self) -> None:
        listener = self.server()
        backend = self.backend(self.servers([listener.getsockname()]), server_timeout=0.2)
        frontend = self.open(backend, client_timeout=0.2, client_fin_timeout=0.2)
        _, server = await self.relayed(frontend, listener, buffer=16_384)
        await self.flood(server, frontend)
        await self.all_comes_back(frontend)
        self.assertEqual([record.termination for record in self.records], ["cD"])

    async def test_bytes_that_trickle_arrive_one_by_one(self) -> None:
        listener = self.server()
        frontend = self.open(self.backend(self.servers([listener.getsockname()])))
        client, server = await self.relayed(frontend, listener)
        for byte in b"EHLO trickle":
            await self.send(client, bytes((byte,)))
            self.assertEqual(await self.read(server, 1), bytes((byte,)))
            await self.send(server, bytes((byte,)))
            self.assertEqual(await self.read(client, 1), bytes((byte,)))
        client.close()
        server.close()
        await self.all_comes_back(frontend)

    async def test_bytes_that_trickle_keep_a_session_alive(self) -> None:
        listener = self.server()
        backend = self.backend(self.servers([listener.getsockname()]), server_timeout=1.0)
        frontend = self.open(backend, client_timeout=1.0)
        while await self.trickled(frontend, listener, 2.0) > 0.4:
            pass  # the machine stood still for too long: whether the session has ended says nothing
        self.assertEqual(len(frontend.sessions), 1)
        await self.all_comes_back(frontend)
        self.assertEqual({record.termination for record in self.records}, {"cD"})

    async def trickled(self, frontend: Frontend, listener: socket.socket, seconds: float) -> float:
        """For so long, byte by byte, from a client that is the only one: the longest silence between two of them."""
        await self.until(lambda: not frontend.sessions)
        begun = last = self.seconds()
        silence = 0.0
        client, server = await self.relayed(frontend, listener)
        with contextlib.suppress(AssertionError, ConnectionError):  # it was cut off
            while last < begun + seconds:
                await self.send(client, b"x")
                await self.read(server, 1)
                silence, last = max(silence, self.seconds() - last), self.seconds()
        return max(silence, self.seconds() - last)

    async def test_a_header_that_trickles_does_not_hold_the_preface_open(self) -> None:
        listener = self.server()
        frontend = self.open(self.backend(self.servers([listener.getsockname()])), TRUSTED, preface_timeout=0.3)
        client = self.client(frontend)
        header = encode_v1(("203.0.113.5", 999), ("198.51.100.1", 25))
        await self.until(lambda: frontend.sessions or self.records)
        with contextlib.suppress(ConnectionError):  # it may be cut off before it has said all
            for byte in header[:-1]:
                await self.send(client, bytes((byte,)))
        await self.all_comes_back(frontend)
        self.assertEqual(self.records[0].termination, "cR")

    async def test_a_reset_before_it_is_accepted_gives_all_back(self) -> None:
        listener = self.server()
        frontend = self.open(self.backend(self.servers([listener.getsockname()])))
        self.reset(self.client(frontend))
        await self.until(lambda: self.records)
        await self.all_comes_back(frontend)
        self.assertEqual([record.bytes_in for record in self.records], [0])

    async def test_a_reset_in_the_preface_gives_all_back(self) -> None:
        frontend = self.open(self.backend(self.servers([self.server().getsockname()])), TRUSTED)
        client = self.client(frontend)
        await self.until(lambda: frontend.sessions)
        client.send(b"PROXY TCP4")
        self.reset(client)
        await self.all_comes_back(frontend)
        self.assertEqual(self.records[0].termination, "CR")

    async def test_a_reset_in_the_queue_gives_all_back(self) -> None:
        listener = self.server()
        servers = self.servers([listener.getsockname()], maxconn=1)
        frontend = self.open(self.backend(servers, queue_timeout=0.2))
        client, server = await self.relayed(frontend, listener)
        second = self.client(frontend)
        await self.until(lambda: servers.queued or self.records)
        self.reset(second)
        await self.until(lambda: not servers.queued)
        client.close()
        server.close()
        await self.all_comes_back(frontend)
        self.assertEqual([record.termination for record in self.records if record.server is None], ["sQ"])

    async def test_a_reset_while_we_connect_gives_all_back(self) -> None:
        servers = self.servers([self.silent_server().getsockname()])
        frontend = self.open(self.backend(servers, connect_timeout=0.2, retries=0))
        client = self.client(frontend)
        await self.until(lambda: servers.sessions or self.records)
        self.reset(client)
        await self.all_comes_back(frontend)
        self.assertEqual(self.records[0].termination, "sC")

    async def test_a_reset_between_two_tries_gives_all_back(self) -> None:
        servers = self.servers([self.refusing_address()])
        frontend = self.open(self.backend(servers, connect_timeout=1.0, retries=2))
        client = self.client(frontend)
        await self.until(lambda: next(iter(servers.servers.values())).failed_connects)
        self.reset(client)
        await self.all_comes_back(frontend)
        self.assertEqual((self.records[0].termination, self.records[0].retries), ("SC", 2))

    async def test_a_reset_while_we_relay_gives_all_back(self) -> None:
        listener = self.server()
        frontend = self.open(self.backend(self.servers([listener.getsockname()])))
        client, server = await self.relayed(frontend, listener)
        await self.send(client, b"x")
        await self.read(server, 1)
        self.reset(client)
        self.assertEqual(await self.read_all(server), b"")
        await self.all_comes_back(frontend)
        self.assertEqual(self.records[0].termination, "CD")

    async def test_a_reset_while_a_server_floods_gives_all_back(self) -> None:
        listener = self.server()
        frontend = self.open(self.backend(self.servers([listener.getsockname()])))
        client, server = await self.relayed(frontend, listener, buffer=16_384)
        await self.flood(server, frontend)
        self.reset(client)
        await self.all_comes_back(frontend)
        self.assertEqual(self.records[0].termination, "CD")

    async def test_a_reset_after_the_clients_half_close_gives_all_back(self) -> None:
        listener = self.server()
        backend = self.backend(self.servers([listener.getsockname()]), server_timeout=self.patience_with_the_half_closed)
        frontend = self.open(backend)
        client, server = await self.relayed(frontend, listener)
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(await self.read_all(server), b"")
        self.reset(client)
        await self.all_comes_back(frontend)
        self.assertEqual(self.records[0].termination, self.end_of_the_half_closed)

    async def test_a_reset_after_the_servers_half_close_gives_all_back(self) -> None:
        listener = self.server()
        frontend = self.open(self.backend(self.servers([listener.getsockname()])))
        client, server = await self.relayed(frontend, listener)
        server.shutdown(socket.SHUT_WR)
        self.assertEqual(await self.read_all(client), b"")
        self.reset(client)
        await self.all_comes_back(frontend)
        self.assertEqual(self.records[0].termination, "CD")

    async def test_a_reset_when_the_server_has_gone_gives_all_back(self) -> None:
        listener = self.server()
        frontend = self.open(self.backend(self.servers([listener.getsockname()])))
        client, server = await self.relayed(frontend, listener)
        self.reset(server)
        await self.until(lambda: self.state(frontend) is State.ENDING)
        self.reset(client)
        await self.all_comes_back(frontend)
        self.assertEqual(self.records[0].termination, "SD")

    async def test_a_reset_of_a_client_that_is_being_let_go_gives_all_back(self) -> None:
        listener = self.server()
        servers = self.servers([listener.getsockname()])
        frontend = self.open(self.backend(servers))
        client, server = await self.relayed(frontend, listener, buffer=16_384)
        await self.flood(server, frontend)
        next(iter(frontend.sessions)).evicted(cast(Any, None), "D")
        self.assertIs(self.state(frontend), State.CLOSING)
        self.reset(client)
        await self.all_comes_back(frontend)
        self.assertEqual(self.records[0].termination, "DD")

    async def test_a_server_that_answers_and_closes_during_an_upload_is_heard(self) -> None:
        listener = self.server()
        frontend = self.open(self.backend(self.servers([listener.getsockname()])))
        client, server = await self.relayed(frontend, listener)
        await self.flood(client)
        await self.send(server, b"413 too large")
        server.close()
        self.assertEqual(await self.read(client, 13), b"413 too large")
        client.close()
        await self.all_comes_back(frontend)

    async def test_a_server_that_greets_and_closes_at_once_is_heard_to_its_end(self) -> None:
        listener = self.server()
        frontend = self.open(self.backend(self.servers([listener.getsockname()])))
        for _ in range(30):
            client, server = await self.relayed(frontend, listener)
            server.sendall(b"421 busy\r\n")
            server.close()
            self.assertEqual(await self.read_all(client), b"421 busy\r\n")
            client.close()
            await self.until(lambda: not frontend.sessions)
        await self.all_comes_back(frontend)

    async def test_a_client_that_reads_later_than_client_fin_still_gets_the_servers_last_words(self) -> None:
        listener = self.server()
        frontend = self.open(self.backend(self.servers([listener.getsockname()])), client_fin_timeout=0.2)
        for reset in (False, True):
            client, server = await self.relayed(frontend, listener, buffer=16_384)
            await self.send(server, b"x" * 200_000)
            await self.until(lambda: next(iter(frontend.sessions))._client.sent == 200_000)
            if reset:
                self.reset(server)
            else:
                server.close()
            await self.until(lambda: not frontend.sessions)
            self.assertEqual(len(await self.read_all(client)), 200_000)
        await self.all_comes_back(frontend)

    async def test_a_thousand_who_say_nothing_are_held_and_all_released(self) -> None:
        self.allow_descriptors(4 * MANY + 200)
        listener = self.server(backlog=MANY)
        frontend = self.open(self.backend(self.servers([listener.getsockname()])))
        clients = [self.client(frontend) for _ in range(MANY)]
        servers = frontend.backend.pool if frontend.backend else None
        assert servers is not None
        await self.until(lambda: servers.sessions == MANY)
        self.assertEqual(len(frontend.sessions), MANY)
        for client in clients:
            client.close()
        for _ in range(MANY):
            (await self.accept(listener)).close()
        await self.all_comes_back(frontend)

    async def test_a_thousand_without_a_preface_are_sent_away_in_time(self) -> None:
        self.allow_descriptors(2 * MANY + 200)
        frontend = self.open(self.backend(self.servers([self.server().getsockname()])), TRUSTED, preface_timeout=0.3)
        for _ in range(MANY):
            self.client(frontend)
        await self.until(lambda: len(self.records) == MANY)
        self.assertEqual({record.termination for record in self.records}, {"cR"})
        await self.all_comes_back(frontend)

    async def test_clients_that_send_garbage_are_sent_away_and_counted_and_leave_nothing_behind(self) -> None:
        frontend = self.open(self.backend(self.servers([self.server().getsockname()])), TRUSTED)
        await self.garbage(frontend, 200)  # what is made once and kept, is made by now
        before = self.held()
        await self.garbage(frontend, MANY)
        self.assertLess(self.held() - before, MANY // 4)
        self.assertEqual(frontend.bad_prefaces, 200 + MANY)
        await self.all_comes_back(frontend)

    async def garbage(self, frontend: Frontend, count: int) -> None:
        """So many clients, one after the other, whose PROXY header is none."""
        address, words = frontend.listeners[0].address, Random(count)
        for _ in range(count):
            with socket.create_connection(address) as client:
                client.send(b"G" + words.randbytes(words.randrange(300)))
                await self.until(lambda: self.records)
            self.assertEqual(self.records.pop().termination, "PR")
        await self.until(lambda: not frontend.sessions)

    async def test_nothing_that_was_sent_is_lost_when_another_server_is_tried(self) -> None:
        listener = self.server()
        for bad in (self.silent_server().getsockname(), self.refusing_address()):
            self.records.clear()
            frontend = self.open(self.backend(self.servers([bad, listener.getsockname()]), connect_timeout=1.0))
            client = self.client(frontend)
            words = bytes(index % 251 for index in range(100_000))
            await self.until(lambda: frontend.sessions)  # noqa: B023 - asked at once
            await self.send(client, words[:50_000])
            server = await self.accept(listener)
            await self.send(client, words[50_000:])
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(await self.read_all(server), words)
            server.close()
            await self.until(lambda: self.records)
            self.assertTrue(self.records[0].redispatched)
        self.assertEqual(await self.read_all(client), b"")

    async def test_with_one_slot_all_are_served_in_their_turn_at_every_listener(self) -> None:
        listener = self.server()
        frontend = self.open(self.backend(self.servers([listener.getsockname()])), listeners=2, gate=Gate(1))
        waiting = [self.client(frontend, index % 2) for index in range(20)]
        ports = [frontend.listeners[index % 2].address[1] for index in range(20)]
        served: list[int] = []
        while len(served) < 20:
            server = await self.accept(listener)
            self.assertEqual(len(frontend.sessions), 1)
            session = next(iter(frontend.sessions))
            served.append(session._client.local[1])
            server.close()
            peer = session._client.peer
            next(client for client in waiting if client.fileno() >= 0 and client.getsockname() == peer).close()
            await self.over(frontend, session)
        self.assertEqual(sorted(served), sorted(ports))
        await self.all_comes_back(frontend)

    async def over(self, frontend: Frontend, session: Session) -> None:
        await self.until(lambda: session not in frontend.sessions)


class EpollHostileTests(HostileSuite, TestCase):
    """On an epoll of our own."""

    most_queued = SIZE
    patience_with_the_half_closed = FOR_EVER
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
        queues = [session._client._queue for session in frontend.sessions]
        return sum(len(queue) if isinstance(queue, bytearray) else queue.held for queue in queues if queue is not None)

    async def test_a_session_holds_no_closure_logger_or_endpoint(self) -> None:
        """What 100 sessions add to what the garbage collector knows, by type."""
        listener = self.server()
        frontend = self.open(self.backend(self.servers([listener.getsockname()])))
        held = [await self.relayed(frontend, listener)]  # what is made once, is made by now
        before = self.tracked()
        held += [await self.relayed(frontend, listener) for _ in range(100)]
        ends = 2 * len(held)  # ours to measure with
        grown = {name: count / 100 for name, count in (self.tracked() - before).items() if count > 50}
        self.assertLessEqual(set(grown), {"Session", "EpollStream", "Odometer", "socket", "Lease", "tuple"}, ends)
        self.assertEqual((grown["Session"], grown["EpollStream"], grown["Odometer"]), (1, 2, 2))
        for client, server in held:
            client.close()
            server.close()
        await self.all_comes_back(frontend)

    def tracked(self) -> Counter[str]:
        gc.collect()
        return Counter(type(each).__name__ for each in gc.get_objects())

    async def test_two_listeners_share_the_only_slot_turn_by_turn(self) -> None:
        """Even where a session is so short that its slot is free again in the same turn of the epoll."""
        gate = Gate(1)
        fronts = [self.open(None, name=name, gate=gate) for name in ("one", "two")]
        for _ in range(10):
            for front in fronts:
                self.client(front)
        await self.until(lambda: len(self.records) == 20)
        order = [record.frontend for record in self.records]
        self.assertTrue(all(first != second for first, second in pairwise(order)), order)


class TransportHostileTests(HostileSuite, TestCase):
    """On Twisted's transports."""

    most_queued = 3 * 65536
    patience_with_the_half_closed = 1.5
    """A transport that reads no more sees no reset: the server's silence ends it."""
    end_of_the_half_closed = "sD"

    async def setUp(self) -> None:
        self.network = TransportNetwork(cast(Any, reactor))
        self.addCleanup(self.network.deadlines.stop)
        await self.prepare()

    def queued(self, frontend: Frontend) -> int:
        transports = [session._client.transport for session in frontend.sessions]
        return sum(len(transport.dataBuffer) - transport.offset + transport._tempDataLen for transport in transports)
