"""What the suite on real sockets cannot drive: our own errors, resets at awkward moments, the size of a turn."""

import contextlib
import socket

from exproxy.net.epoll.loop import BUFFER
from tests.net.epoll.harness import LoopTestCase, SilentRecorder


class StreamTests(LoopTestCase):
    def test_a_receiver_that_raises_loses_its_own_stream_only(self) -> None:
        class Bad(SilentRecorder):
            def data_received(self, stream: object, data: bytes) -> None:
                raise ZeroDivisionError

        bad, good = Bad(), SilentRecorder()
        first, one = self.stream(bad)
        second, two = self.stream(good)
        first.resume()
        second.resume()
        one.send(b"x")
        two.send(b"y")
        self.turn()
        self.assertIn(first, bad.lost)
        self.assertEqual(good.data[second], b"y")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_a_pipe_reads_one_buffer_a_turn_and_carries_on_without_an_event(self) -> None:
        recorder = SilentRecorder()
        source, far = self.stream(recorder)
        sink, end = self.stream(recorder)
        far.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 * BUFFER)
        size = far.send(b"x" * 2 * BUFFER)
        source.pipe(sink)
        self.turn(1)
        self.assertLessEqual(source.received, BUFFER)
        got = 0
        for _ in range(100):
            with contextlib.suppress(BlockingIOError):
                got += len(end.recv(size))
            self.turn(1)
        self.assertEqual((got, source.received), (size, size))

    def test_watched_while_paused_it_tells_that_the_peer_left(self) -> None:
        recorder = SilentRecorder()
        stream, peer = self.stream(recorder)
        stream.watch()
        peer.send(b"unread")
        self.turn()
        self.assertFalse(recorder.happened("left", stream))
        peer.close()
        self.turn()
        self.assertTrue(recorder.happened("left", stream))
        self.assertEqual(recorder.data[stream], b"")

    def test_not_watched_a_paused_stream_keeps_the_last_words_for_later(self) -> None:
        recorder = SilentRecorder()
        stream, peer = self.stream(recorder)
        peer.send(b"last words")
        peer.close()
        self.turn()
        stream.resume()
        self.turn()
        self.assertEqual(recorder.data[stream], b"last words")
        self.assertTrue(recorder.happened("eof", stream))

    def test_writing_to_a_peer_that_is_gone_ends_a_paused_stream_with_the_error(self) -> None:
        recorder = SilentRecorder()
        stream, peer = self.stream(recorder)
        peer.close()
        stream.write(b"x")
        self.turn()
        self.assertIsInstance(recorder.lost[stream], OSError)

    def test_the_time_of_the_last_byte_is_that_of_its_turn(self) -> None:
        recorder = SilentRecorder()
        stream, peer = self.stream(recorder)
        stream.resume()
        self.reactor.advance(7)
        peer.send(b"x")
        self.turn(1)
        self.assertEqual(stream.last_active, 7)
