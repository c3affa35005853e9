"""One suite for every implementation of streams, on real sockets of the loopback address."""

import errno
import socket
from collections.abc import Awaitable, Callable
from typing import Any, cast

from twisted.internet import reactor
from twisted.internet.defer import Deferred

from exproxy.net.interfaces import Address, Network, PipedStream, PlainStream, Stream

LOOPBACK = "127.0.0.1"

PATIENCE = 60.0
"""Seconds after which what a test waits for does not come any more."""


class Recorder:
    """A receiver, dialer and acceptor that keeps what it was told and lets a test wait for it."""

    def __init__(self, room: int = 64) -> None:
        self.streams: list[PipedStream] = []
        self.data: dict[Stream, bytes] = {}
        self.events: list[tuple[str, Any]] = []
        self.lost: dict[Stream, Exception | None] = {}
        self._room = room
        self._waiting: list[tuple[Callable[[], object], Deferred[None]]] = []

    def until(self, condition: Callable[[], object]) -> Deferred[None]:
        done: Deferred[None] = Deferred()
        self._waiting.append((condition, done))
        self._look()
        return done.addTimeout(PATIENCE, cast(Any, reactor))

    def _look(self) -> None:
        for waiting in list(self._waiting):
            if waiting[0]():
                self._waiting.remove(waiting)
                waiting[1].callback(None)

    def note(self, event: str, about: Any) -> None:
        self.events.append((event, about))
        cast(Any, reactor).callLater(0, self._look)

    def room(self) -> int:
        return self._room

    def accepted(self, stream: PlainStream) -> None:
        self.streams.append(stream)
        self.data[stream] = b""
        stream.attach(self)
        self.note("accepted", stream)

    connected = accepted

    def accept_failed(self, error: OSError) -> None:
        self.note("accept failed", error)

    def connect_failed(self, error: Exception) -> None:
        self.note("connect failed", error)

    def data_received(self, stream: Stream, data: bytes) -> None:
        self.data[stream] += data
        self.note("data", stream)

    def eof_received(self, stream: Stream) -> None:
        self.note("eof", stream)

    def peer_left(self, stream: Stream) -> None:
        self.note("left", stream)

    def write_drained(self, stream: Stream) -> None:
        self.note("drained", stream)

    def stream_lost(self, stream: Stream, error: Exception | None) -> None:
        assert stream not in self.lost, "told twice"
        self.lost[stream] = error
        self.note("lost", stream)

    def happened(self, event: str, about: Any) -> bool:
        return (event, about) in self.events


class Pourings:
    """Who has streams pour, and which of them have done."""

    def __init__(self) -> None:
        self.streams: list[Stream] = []

    def poured(self, stream: Stream) -> None:
        self.streams.append(stream)


class StreamSuite:
    """Mixed into a trial TestCase that says which network."""

    network: Network
    host = LOOPBACK
    source = "127.0.0.5"
    timeout = 4 * PATIENCE  # Wine takes half a minute for 40 MB when the machine is busy
    more_than_fits = 40 << 20
    """Bytes that the kernel's buffers of two connections do not keep."""

    def listen(self, acceptor: Recorder) -> Address:
        port = self.network.listen((self.host, 0), acceptor)
        self.addCleanup(port.close)
        port.resume()
        return port.address

    def recorder(self) -> Recorder:
        recorder = Recorder()

        def end() -> Awaitable[None]:
            for stream in recorder.streams:
                stream.abort()
            return recorder.until(lambda: len(recorder.lost) == len(recorder.streams))

        self.addCleanup(end)
        return recorder

    async def pair(self) -> tuple[Recorder, PipedStream, Recorder, PipedStream]:
        """Two ends of one connection, both streams of the network."""
        ours, theirs = self.recorder(), self.recorder()
        address = self.listen(theirs)
        self.network.connect(address, ours, PATIENCE)
        await ours.until(lambda: ours.streams)
        await theirs.until(lambda: theirs.streams)
        return ours, ours.streams[0], theirs, theirs.streams[0]

    async def plain(self) -> tuple[Recorder, PipedStream, socket.socket]:
        """A stream whose peer is a socket that the test reads and writes by hand."""
        server = self.recorder()
        address = self.listen(server)
        peer = socket.create_connection(address, timeout=PATIENCE)
        self.addCleanup(peer.close)
        await server.until(lambda: server.streams)
        return server, server.streams[0], peer

    async def test_addresses_of_both_ends_are_known(self) -> None:
        _, stream, peer = await self.plain()
        self.assertEqual(stream.peer, peer.getsockname()[:2])
        self.assertEqual(stream.local, peer.getpeername()[:2])

    async def test_a_new_stream_reads_nothing(self) -> None:
        server, stream, peer = await self.plain()
        peer.sendall(b"early")
        _, other, theirs, far = await self.pair()
        other.write(b"x")
        far.resume()
        await theirs.until(lambda: theirs.data[far] == b"x")
        self.assertEqual(server.data[stream], b"")

    async def test_resumed_it_reads_what_waited(self) -> None:
        server, stream, peer = await self.plain()
        peer.sendall(b"early")
        stream.resume()
        await server.until(lambda: server.data[stream] == b"early")
        self.assertEqual(stream.received, 5)

    async def test_paused_it_reads_no_more_and_loses_nothing(self) -> None:
        _, near, theirs, far = await self.pair()
        far.resume()
        near.write(b"one")
        await theirs.until(lambda: theirs.data[far] == b"one")
        far.pause()
        near.write(b"two")
        server, stream, peer = await self.plain()
        peer.sendall(b"x")
        stream.resume()
        await server.until(lambda: server.data[stream])
        self.assertEqual(theirs.data[far], b"one")
        far.resume()
        await theirs.until(lambda: theirs.data[far] == b"onetwo")

    async def test_bytes_put_back_come_first(self) -> None:
        server, stream, peer = await self.plain()
        peer.sendall(b"world")
        stream.unread(b"hello ")
        stream.resume()
        await server.until(lambda: server.data[stream] == b"hello world")
        self.assertEqual(stream.received, 5)

    async def test_what_the_kernel_does_not_take_is_queued_and_told_when_drained(self) -> None:
        ours, near, theirs, far = await self.pair()
        size = 0
        while near.write(b"x" * 262_144):
            size += 262_144
            if size > 1 << 28:
                raise AssertionError("the kernel takes everything")
        size += 262_144
        far.resume()
        await ours.until(lambda: ours.happened("drained", near))
        await theirs.until(lambda: len(theirs.data[far]) == size)
        self.assertEqual(near.sent, size)

    async def test_half_close_lets_the_answer_through(self) -> None:
        ours, near, theirs, far = await self.pair()
        near.resume()
        far.resume()
        near.write(b"question")
        near.write_eof()
        await theirs.until(lambda: theirs.happened("eof", far))
        far.write(b"answer")
        await ours.until(lambda: ours.data[near] == b"answer")
        self.assertFalse(ours.lost or theirs.lost)

    async def test_when_both_ends_have_ended_the_stream_is_lost_without_error(self) -> None:
        ours, near, theirs, far = await self.pair()
        near.resume()
        far.resume()
        near.write_eof()
        await theirs.until(lambda: theirs.happened("eof", far))
        far.write_eof()
        await ours.until(lambda: near in ours.lost)
        await theirs.until(lambda: far in theirs.lost)
        self.assertEqual((ours.lost[near], theirs.lost[far]), (None, None))

    async def test_eof_comes_after_all_that_was_queued(self) -> None:
        _, near, theirs, far = await self.pair()
        while near.write(b"x" * 262_144):
            pass
        near.write_eof()
        sent = near.sent
        far.resume()
        await theirs.until(lambda: theirs.happened("eof", far))
        self.assertEqual(len(theirs.data[far]), sent)

    async def test_close_sends_what_is_queued(self) -> None:
        ours, near, theirs, far = await self.pair()
        while near.write(b"x" * 262_144):
            pass
        near.close()
        sent = near.sent
        far.resume()
        await theirs.until(lambda: theirs.happened("eof", far))
        self.assertEqual(len(theirs.data[far]), sent)
        await ours.until(lambda: near in ours.lost)
        self.assertIsNone(ours.lost[near])

    async def test_abort_resets_the_peer(self) -> None:
        ours, near, theirs, far = await self.pair()
        far.resume()
        near.abort()
        self.assertFalse(ours.lost)
        await ours.until(lambda: near in ours.lost)
        await theirs.until(lambda: far in theirs.lost)
        self.assertIsNone(ours.lost[near])
        self.assertIsInstance(theirs.lost[far], Exception)

    async def test_the_end_is_never_told_from_inside_a_call(self) -> None:
        """Whatever was sent and ended before: who calls ``close`` has still something to do."""
        ours, near, theirs, far = await self.pair()
        near.resume()
        near.write_eof()
        far.resume()
        await theirs.until(lambda: theirs.happened("eof", far))
        near.close()
        self.assertFalse(ours.lost)
        await ours.until(lambda: near in ours.lost)
        far.write_eof()
        self.assertFalse(theirs.lost)
        await theirs.until(lambda: far in theirs.lost)
        self.assertIsNone(ours.lost[near])

    async def test_a_port_paused_while_clients_come_accepts_no_more(self) -> None:
        class OneOnly(Recorder):
            def accepted(self, stream: PlainStream) -> None:
                super().accepted(stream)
                port.pause()

        theirs = OneOnly()
        port = self.network.listen((self.host, 0), theirs)
        self.addCleanup(port.close)
        clients = [socket.create_connection(port.address) for _ in range(3)]
        for client in clients:
            self.addCleanup(client.close)
        for count in (1, 2, 3):
            port.resume()
            await theirs.until(lambda: theirs.streams)
            await self.pair()
            await theirs.until(lambda count=count: len(theirs.streams) >= count)
            self.assertEqual(len(theirs.streams), count)
        self.assertEqual([stream.peer for stream in theirs.streams], [client.getsockname()[:2] for client in clients])
        for stream in theirs.streams:
            stream.abort()
        await theirs.until(lambda: len(theirs.lost) == 3)

    async def test_nothing_is_told_after_the_end(self) -> None:
        ours, near, _, _ = await self.pair()
        near.resume()
        near.close()
        near.write(b"late")
        near.write_eof()
        near.resume()
        near.close()
        near.abort()
        await ours.until(lambda: near in ours.lost)
        self.assertEqual([event for event, _ in ours.events if event != "accepted"], ["lost"])

    async def test_a_refused_connection_is_told_as_such(self) -> None:
        taken = socket.socket(self._family())
        taken.bind((self.host, 0))
        self.addCleanup(taken.close)
        ours = self.recorder()
        self.network.connect(taken.getsockname()[:2], ours, PATIENCE)
        self.assertEqual(ours.events, [])
        await ours.until(lambda: ours.events)
        self.assertIsInstance(ours.events[0][1], ConnectionRefusedError)

    async def test_a_silent_address_times_out(self) -> None:
        full = socket.socket(self._family())
        full.bind((self.host, 0))
        full.listen(0)
        self.addCleanup(full.close)
        fillers = []
        for _ in range(4):
            filler = socket.socket(self._family())
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
            fillers.append(filler)
            self.addCleanup(filler.close)
        ours = self.recorder()
        self.network.connect(full.getsockname()[:2], ours, 0.2)
        await ours.until(lambda: ours.events)
        self.assertIsInstance(ours.events[0][1], TimeoutError)

    async def test_a_cancelled_attempt_tells_nothing(self) -> None:
        ours, theirs = self.recorder(), self.recorder()
        address = self.listen(theirs)
        self.network.connect(address, ours, PATIENCE).cancel()
        self.network.connect(address, theirs, PATIENCE)
        await theirs.until(lambda: len(theirs.streams) >= 2)
        self.assertEqual(ours.events, [])

    async def test_the_source_address_is_used(self) -> None:
        ours, theirs = self.recorder(), self.recorder()
        address = self.listen(theirs)
        self.network.connect(address, ours, PATIENCE, self.source)
        await theirs.until(lambda: theirs.streams)
        self.assertEqual(theirs.streams[0].peer[0], self.source)

    async def test_a_paused_port_lets_clients_wait_and_a_resumed_one_takes_them(self) -> None:
        theirs = self.recorder()
        port = self.network.listen((self.host, 0), theirs)
        self.addCleanup(port.close)
        client = socket.create_connection(port.address)
        self.addCleanup(client.close)
        await self.pair()
        self.assertEqual(theirs.streams, [])
        port.resume()
        await theirs.until(lambda: theirs.streams)
        self.assertEqual(theirs.streams[0].peer, client.getsockname()[:2])

    async def test_a_port_in_use_is_an_os_error(self) -> None:
        address = self.listen(self.recorder())
        try:
            self.network.listen(address, self.recorder())
        except OSError as error:
            self.assertEqual(error.errno, errno.EADDRINUSE)
        else:
            raise AssertionError("bound twice")

    async def test_a_pipe_relays_both_ways_with_its_ends(self) -> None:
        front, client_side, client = await self.plain()
        back, server_side, server = await self.plain()
        client_side.pipe(server_side)
        server_side.pipe(client_side)
        client.sendall(b"question")
        client.shutdown(socket.SHUT_WR)
        await front.until(lambda: front.happened("eof", client_side))
        server.setblocking(False)
        self.assertEqual(await self._receive(server, 8, front), b"question")
        self.assertEqual(await self._next(server, front), b"")
        server.sendall(b"answer")
        server.close()
        await back.until(lambda: server_side in back.lost)
        await front.until(lambda: client_side in front.lost)
        self.assertEqual(client.recv(100), b"answer")
        self.assertEqual(client.recv(100), b"")
        self.assertEqual(front.data[client_side] + back.data[server_side], b"")

    async def test_a_pipe_holds_back_the_fast_side(self) -> None:
        front, client_side, client = await self.plain()
        _, server_side, server = await self.plain()
        client_side.pipe(server_side)
        server_side.pipe(client_side)
        client.setblocking(False)
        offered = await self._flood(client, front)
        self.assertLess(client_side.received, offered + 1)
        self.assertLess(client_side.received - _taken(server), 64 << 20)
        client.setblocking(True)
        client.shutdown(socket.SHUT_WR)
        server.setblocking(False)
        got = 0
        while True:
            try:
                data = server.recv(1 << 20)
            except BlockingIOError:
                await self._turn(front)
                continue
            if not data:
                break
            got += len(data)
        self.assertEqual(got, offered)

    async def test_a_pipe_relays_what_was_put_back(self) -> None:
        front, client_side, client = await self.plain()
        _, server_side, server = await self.plain()
        client_side.unread(b"preface ")
        client.sendall(b"rest")
        client_side.pipe(server_side)
        got = b""
        server.setblocking(False)
        while got != b"preface rest":
            try:
                got += server.recv(100)
            except BlockingIOError:
                await self._turn(front)
        self.assertEqual(got, b"preface rest")

    async def test_a_server_that_answers_and_closes_during_an_upload_is_heard(self) -> None:
        front, client_side, client = await self.plain()
        _, server_side, server = await self.plain()
        client_side.pipe(server_side)
        server_side.pipe(client_side)
        client.setblocking(False)
        await self._flood(client, front)
        server.sendall(b"413 too large")
        server.close()
        got = b""
        while got != b"413 too large":
            try:
                got += client.recv(100)
            except BlockingIOError:
                await self._turn(front)
        self.assertEqual(got, b"413 too large")

    async def pouring(self, size: int) -> tuple[Recorder, PipedStream, Any, "Pourings", Recorder, PipedStream, Any]:
        """One stream pours so many bytes into another."""
        front, client_side, client = await self.plain()
        back, server_side, server = await self.plain()
        client.setblocking(False)
        server.setblocking(False)
        pourings = Pourings()
        client_side.pour(server_side, size, pourings)
        return front, client_side, client, pourings, back, server_side, server

    async def test_a_stream_pours_what_it_is_told_to_and_no_byte_more(self) -> None:
        front, client_side, client, pourings, _, _, server = await self.pouring(8)
        await self._send(client, b"question and more", front)
        self.assertEqual(await self._receive(server, 8, front), b"question")
        self.assertEqual((pourings.streams, front.data[client_side]), ([client_side], b""))
        client_side.resume()
        await front.until(lambda: front.data[client_side] == b" and more")

    async def test_a_long_body_is_poured_with_back_pressure_and_what_follows_is_the_receivers(self) -> None:
        size = self.more_than_fits + 17
        front, client_side, client, pourings, _, server_side, server = await self.pouring(size)
        body = bytes(range(251)) * (size // 251 + 1)
        offered = await self._offer(client, body[:size], front)
        while not server_side.full:
            await self._turn(front)
        self.assertEqual((offered < size, pourings.streams, server_side.full), (True, [], True))
        got = await self._carry(client, body[offered:size] + b"next", server, size, front)
        self.assertTrue(got == body[:size])  # not assertEqual: it would print them
        while not pourings.streams:
            await self._turn(front)
        client_side.resume()
        await front.until(lambda: front.data[client_side] == b"next")

    async def test_an_end_while_it_pours_is_told_and_not_passed_on(self) -> None:
        front, client_side, client, pourings, _, server_side, server = await self.pouring(8)
        await self._send(client, b"quest", front)
        client.shutdown(socket.SHUT_WR)
        await front.until(lambda: front.happened("eof", client_side))
        self.assertEqual((pourings.streams, client_side.stop_pouring()), ([], 3))
        server_side.write(b"ion")
        self.assertEqual(await self._receive(server, 8, front), b"question")

    async def test_it_can_be_told_to_stop_pouring(self) -> None:
        front, client_side, client, pourings, _, _, server = await self.pouring(100)
        await self._send(client, b"question", front)
        self.assertEqual(await self._receive(server, 8, front), b"question")
        self.assertEqual(client_side.stop_pouring(), 92)
        self.assertEqual(client_side.stop_pouring(), 0)
        await self._send(client, b"answer", front)
        await front.until(lambda: front.data[client_side] == b"answer")
        self.assertEqual(pourings.streams, [])

    async def test_what_was_put_back_is_poured_first(self) -> None:
        front, client_side, _client = await self.plain()
        _, server_side, server = await self.plain()
        server.setblocking(False)
        pourings = Pourings()
        client_side.unread(b"question and more")
        client_side.pour(server_side, 8, pourings)
        self.assertEqual(await self._receive(server, 8, front), b"question")
        self.assertEqual(pourings.streams, [client_side])
        client_side.resume()
        await front.until(lambda: front.data[client_side] == b" and more")

    async def test_who_was_poured_to_tells_its_receiver_again_when_all_is_sent(self) -> None:
        front, client_side, client, _, back, server_side, server = await self.pouring(64 << 20)
        await self._flood(client, front)
        while not server_side.full:
            await self._turn(front)
        client_side.stop_pouring()
        self.assertFalse(back.happened("drained", server_side))
        while not back.happened("drained", server_side):
            await self._receive(server, 0, front, most=1 << 20)
        self.assertFalse(server_side.full)

    async def _offer(self, peer: Any, data: bytes, recorder: Recorder) -> int:
        """Send until nobody takes more for ten turns of the reactor; returns how much was taken."""
        sent, idle = 0, 0
        while sent < len(data) and idle < 10:
            try:
                sent += peer.send(data[sent : sent + 262_144])
                idle = 0
            except BlockingIOError:
                idle += 1
                await self._turn(recorder)
        return sent

    async def _carry(self, sender: Any, data: bytes, reader: Any, size: int, recorder: Recorder) -> bytes:
        """Send at one end, and receive so much at the other."""
        got = b""
        while data or len(got) < size:
            try:
                if data:
                    data = data[sender.send(data[:262_144]) :]
            except BlockingIOError:
                await self._turn(recorder)
            if len(got) < size:
                got += await self._receive(reader, 1, recorder, most=1 << 20)
        return got

    async def _send(self, peer: Any, data: bytes, recorder: Recorder) -> None:
        while data:
            try:
                data = data[peer.send(data) :]
            except BlockingIOError:
                await self._turn(recorder)

    async def _next(self, peer: Any, recorder: Recorder) -> bytes:
        while True:
            try:
                return cast(bytes, peer.recv(65_536))
            except BlockingIOError:
                await self._turn(recorder)

    async def _receive(self, peer: Any, least: int, recorder: Recorder, most: int = 65_536) -> bytes:
        """At least so many octets; none: what is there after a turn of the reactor."""
        got = b""
        while True:
            try:
                got += peer.recv(most)
            except BlockingIOError:
                await self._turn(recorder)
            if len(got) >= least:
                return got

    def _family(self) -> int:
        return socket.AF_INET6 if ":" in self.host else socket.AF_INET

    async def _flood(self, client: socket.socket, recorder: Recorder) -> int:
        """Write until nobody takes more for ten turns of the reactor."""
        offered, idle = 0, 0
        block = b"x" * 262_144
        while idle < 10:
            try:
                offered += client.send(block)
                idle = 0
            except BlockingIOError:
                idle += 1
                await self._turn(recorder)
        return offered

    async def _turn(self, recorder: Recorder) -> None:
        turn: Deferred[None] = Deferred()
        cast(Any, reactor).callLater(0.005, turn.callback, None)
        await turn


class PlainStreamSuite(StreamSuite):
    """What the connection itself can, and TLS cannot."""

    async def plain(self) -> tuple[Recorder, PlainStream, socket.socket]:
        recorder, stream, peer = await super().plain()
        return recorder, cast(PlainStream, stream), peer

    async def test_looking_takes_nothing_until_it_skips(self) -> None:
        server, stream, peer = await self.plain()
        stream.look()
        peer.sendall(b"head")
        await server.until(lambda: server.data[stream] == b"head")
        peer.sendall(b" body")
        await server.until(lambda: server.data[stream] == b"headhead body")
        self.assertEqual(stream.received, 0)
        stream.skip(5)
        server.data[stream] = b""
        stream.resume()
        await server.until(lambda: server.data[stream] == b"body")
        self.assertEqual(stream.received, 9)

    async def test_an_end_while_it_looks_is_told(self) -> None:
        server, stream, peer = await self.plain()
        stream.look()
        peer.sendall(b"half a")
        peer.shutdown(socket.SHUT_WR)
        await server.until(lambda: server.happened("eof", stream))
        self.assertIn(b"half a", server.data[stream])


def _taken(sock: socket.socket) -> int:
    """Bytes that wait unread in the kernel for ``sock``."""
    return len(sock.recv(1 << 26, socket.MSG_PEEK))
