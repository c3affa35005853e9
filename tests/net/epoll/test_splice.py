"""Long transfers through a kernel pipe: nothing is lost, nothing is kept."""

import hashlib
import os
import random
import socket

from twisted.trial.unittest import SynchronousTestCase

from exproxy.net.epoll import splice, stream
from exproxy.net.epoll.splice import SIZE, TRICKLE, Pipes
from exproxy.net.epoll.stream import EpollStream
from tests.integration.streams import Pourings
from tests.net.epoll.harness import LoopTestCase, SilentRecorder

LONG = stream.BULK * 4


class PipesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.pipes = Pipes()
        self.addCleanup(self.pipes.close)
        self.near, self.far = socket.socketpair()
        for end in (self.near, self.far):
            end.setblocking(False)
            self.addCleanup(end.close)

    def test_a_pipe_that_is_done_is_lent_again(self) -> None:
        first = self.pipes.lend()
        first.leave()
        self.assertIs(self.pipes.lend(), first)
        first.leave()

    def test_it_is_not_done_before_the_writer_is(self) -> None:
        first = self.pipes.lend()
        first.waiting = True
        first.leave()
        second = self.pipes.lend()
        self.assertIsNot(first, second)
        first.sent()
        second.leave()

    def test_only_so_many_are_lent(self) -> None:
        lent = [self.pipes.lend() for _ in range(splice.PIPES)]
        self.assertIsNone(self.pipes.lend())
        for one in lent:
            one.leave()
        self.assertIsNotNone(self.pipes.lend())

    def test_one_that_holds_bytes_of_the_dead_is_not_lent_again(self) -> None:
        first = self.pipes.lend()
        self.far.send(b"secret")
        first.fill(self.near.fileno())
        first.leave()
        self.assertIsNot(self.pipes.lend(), first)

    def test_small_portions_in_a_row_trickle(self) -> None:
        lent = self.pipes.lend()
        for _ in range(TRICKLE):
            self.assertFalse(lent.trickles)
            self.far.send(b"x")
            lent.fill(self.near.fileno())
            lent.drain(self.near.fileno())
        self.assertTrue(lent.trickles)
        lent.leave()

    def test_out_of_descriptors_nobody_splices(self) -> None:
        def refuse(flags: int) -> tuple[int, int]:
            raise OSError(24, "Too many open files")

        self.patch(splice.os, "pipe2", refuse)
        self.assertIsNone(self.pipes.lend())


class SpliceTestCase(LoopTestCase):
    """Unix socket pairs can be spliced as TCP sockets can."""

    def setUp(self) -> None:
        super().setUp()
        self.recorder = SilentRecorder()
        self.source, self.client = self.stream(self.recorder)
        self.sink, self.server = self.stream(self.recorder)
        for end in (self.client, self.sink._sock):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 * SIZE)
        self.got = hashlib.sha256()
        self.size = 0

    def offer(self, data: bytes) -> int:
        try:
            return self.client.send(data)
        except BlockingIOError:
            return 0

    def take(self, limit: int = 1 << 22) -> None:
        try:
            data = self.server.recv(limit)
        except BlockingIOError:
            return
        self.size += len(data)
        self.got.update(data)

    def assertNothingLent(self) -> None:
        self.turn()
        self.assertEqual(self.loop.pipes._lent, 0)


class SplicedStreamTests(SpliceTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.source.pipe(self.sink)

    def transfer(self, data: bytes, portion: int = 1 << 22, read: int = 1 << 22) -> None:
        place = 0
        for _ in range(20_000):
            place += self.offer(data[place : place + portion])
            self.turn(1)
            self.take(read)
            if self.size == len(data):
                return
        raise AssertionError(f"{self.size} of {len(data)} bytes arrived")

    def begin(self) -> None:
        """Until it splices."""
        sent = 0
        while self.source._splice is None:
            sent += self.offer(bytes(1 << 20))
            self.turn(1)
            self.take()
            self.assertLess(sent, LONG)

    def test_a_long_transfer_is_spliced_and_arrives_byte_for_byte(self) -> None:
        data = random.Random(1).randbytes(LONG)
        self.begin()
        begun = self.size
        self.turn(50)
        while self.size != self.source.received:
            self.take()
            self.turn(1)
        self.size, self.got = 0, hashlib.sha256()
        self.transfer(data)
        self.assertIsNotNone(self.source._splice)
        self.assertEqual(self.got.hexdigest(), hashlib.sha256(data).hexdigest())
        self.assertEqual(self.source.received, self.sink.sent)
        self.assertGreater(self.source.received, begun + LONG - 1)

    def test_the_change_from_copying_to_splicing_loses_nothing(self) -> None:
        data = random.Random(2).randbytes(LONG)
        self.transfer(data, portion=700_001, read=300_007)
        self.assertEqual(self.got.hexdigest(), hashlib.sha256(data).hexdigest())

    def test_a_reader_that_stops_holds_the_source_back(self) -> None:
        self.begin()
        for _ in range(200):
            self.offer(bytes(1 << 20))
            self.turn(1)
        held = self.source.received
        self.turn(20)
        self.assertEqual(self.source.received, held)
        for _ in range(400):
            self.take()
            self.turn(1)
        self.assertGreater(self.source.received, held)

    def test_a_trickle_goes_back_to_copying(self) -> None:
        self.begin()
        for _ in range(10):
            self.turn(1)
            self.take()
        for _ in range(TRICKLE + 2):
            self.offer(b"x")
            self.turn(2)
            self.take()
        self.assertIsNone(self.source._splice)
        self.assertIs(self.source._to, self.sink)

    def test_the_end_comes_behind_the_last_byte(self) -> None:
        self.begin()
        self.offer(b"the end")
        self.client.shutdown(socket.SHUT_WR)
        rest = b""
        for _ in range(200):
            self.turn(1)
            try:
                rest += self.server.recv(1 << 22)
            except BlockingIOError:
                continue
            if self.recorder.happened("eof", self.source):
                break
        self.assertTrue(rest.endswith(b"the end"))
        self.turn()
        self.assertEqual(self.server.recv(1 << 22), b"")

    def stuck(self) -> EpollStream:
        """Until bytes wait in the pipe for a server that does not read."""
        self.begin()
        for _ in range(400):
            self.offer(bytes(1 << 20))
            self.turn(1)
            if self.sink._queue is self.source._splice:
                return self.sink
        raise AssertionError("the sink takes everything")

    def test_a_writer_that_dies_gives_its_pipe_back(self) -> None:
        self.stuck().abort()
        self.turn()
        self.source.abort()
        self.assertNothingLent()

    def test_a_reader_that_dies_leaves_its_bytes_to_the_writer(self) -> None:
        sink = self.stuck()
        self.source.abort()
        self.turn()
        sink.close()
        received = self.source.received
        for _ in range(400):
            self.turn(1)
            self.take()
        self.assertEqual(self.size, received)
        self.assertIn(sink, self.recorder.lost)
        self.assertNothingLent()

    def test_a_server_that_resets_drops_what_waits_and_the_source_goes_on(self) -> None:
        self.stuck()
        self.server.close()
        for _ in range(100):
            self.turn(1)
        self.assertIn(self.sink, self.recorder.lost)
        self.offer(bytes(1 << 20))
        self.turn(10)
        self.assertNotIn(self.source, self.recorder.lost)
        self.source.abort()
        self.assertNothingLent()

    def test_without_a_pipe_it_goes_on_copying(self) -> None:
        self.patch(self.loop.pipes.__class__, "lend", lambda pipes: None)
        data = random.Random(3).randbytes(LONG)
        self.transfer(data)
        self.assertEqual(self.got.hexdigest(), hashlib.sha256(data).hexdigest())

    def test_descriptors_are_given_back_with_the_loop(self) -> None:
        closed: list[int] = []
        pipe2, close = os.pipe2, os.close
        made: list[int] = []
        self.patch(splice.os, "pipe2", lambda flags: made.extend(pipe2(flags)) or tuple(made))
        self.patch(splice.os, "close", lambda descriptor: closed.append(descriptor) or close(descriptor))
        pipes = Pipes()
        pipes.lend().leave()
        pipes.close()
        self.assertEqual((len(made), sorted(set(made) & set(closed))), (2, sorted(made)))


class PouredStreamTests(SpliceTestCase):
    """A body of known length, as mode ``http`` relays it."""

    def test_a_long_body_that_is_poured_is_spliced_and_not_a_byte_more(self) -> None:
        body, behind = random.Random(4).randbytes(LONG + 3), b"the next message"
        pourings = Pourings()
        spliced = place = 0
        self.source.pour(self.sink, len(body), pourings)
        for _ in range(20_000):
            place += self.offer((body + behind)[place : place + (1 << 22)])
            self.turn(1)
            spliced += self.source._splice is not None
            self.take()
            if self.size == len(body) and place == len(body + behind):
                break
        self.assertEqual(self.got.hexdigest(), hashlib.sha256(body).hexdigest())
        self.assertGreater(spliced, 0)
        self.assertEqual(pourings.streams, [self.source])
        self.source.resume()
        self.turn()
        self.take()
        self.assertEqual((self.size, self.recorder.data[self.source]), (len(body), behind))
        self.assertNothingLent()
