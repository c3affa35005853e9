"""What the suite on real sockets cannot drive: our own errors, resets at awkward moments, the size of a turn."""

import contextlib
import socket

from exproxy.net.epoll.loop import BUFFER
from exproxy.net.interfaces import Stream
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

    def test_an_end_that_comes_with_the_last_words_is_passed_on_in_the_same_round(self) -> None:
        recorder = SilentRecorder()
        source, far = self.stream(recorder)
        sink, end = self.stream(recorder)
        source.pipe(sink)
        far.send(b"last words")
        far.close()
        self.loop.round(0)
        self.assertEqual((end.recv(100), end.recv(100)), (b"last words", b""))

    def test_who_has_to_hold_little_is_given_little_at_once_and_in_the_end_all(self) -> None:
        sizes: list[int] = []

        class Sipping(SilentRecorder):
            def data_received(self, stream: object, data: bytes) -> None:
                sizes.append(len(data))

        stream, peer = self.stream(Sipping())
        stream.portion = 1000
        peer.send(b"x" * 2500)
        stream.resume()
        self.turn()
        self.assertEqual(sizes, [1000, 1000, 500])

    def test_it_knows_what_waits_without_reading_it(self) -> None:
        recorder = SilentRecorder()
        stream, peer = self.stream(recorder)
        self.assertFalse(stream.has_waiting())
        peer.send(b"unread")
        self.assertTrue(stream.has_waiting())
        stream.resume()
        self.turn()
        self.assertEqual((stream.has_waiting(), recorder.data[stream]), (False, b"unread"))
        stream.unread(b"again")
        self.assertTrue(stream.has_waiting())

    def test_it_knows_whether_the_peer_has_still_to_read_what_was_written(self) -> None:
        stream, _peer = self.stream(SilentRecorder())
        self.assertFalse(stream.has_queued())
        while stream.write(b"x" * 65536):
            pass
        self.assertTrue(stream.has_queued())

    def test_what_waits_on_a_stream_that_has_ended_is_nothing(self) -> None:
        stream, peer = self.stream(SilentRecorder())
        peer.send(b"unread")
        stream.abort()
        self.turn()
        self.assertFalse(stream.has_waiting())

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

    def test_a_watch_ends_when_reading_goes_on(self) -> None:
        recorder = SilentRecorder()
        stream, peer = self.stream(recorder)
        stream.watch()
        stream.resume()
        self.turn()
        stream.pause()
        peer.send(b"the rest of an upload")
        peer.close()
        self.turn()
        self.assertFalse(recorder.happened("left", stream))
        stream.resume()
        self.turn()
        self.assertEqual(recorder.data[stream], b"the rest of an upload")

    def test_a_peer_that_had_left_before_the_watch_began_is_told_too(self) -> None:
        recorder = SilentRecorder()
        stream, peer = self.stream(recorder)
        stream.resume()
        self.turn()
        stream.pause()
        peer.close()
        self.turn()
        stream.watch()
        self.assertFalse(recorder.happened("left", stream))
        self.turn()
        self.assertTrue(recorder.happened("left", stream))

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

    def test_the_last_words_of_a_peer_that_is_gone_wait_for_a_slow_reader(self) -> None:
        recorder = SilentRecorder()
        server, server_end = self.stream(recorder)
        client, client_end = self.stream(recorder)
        server.pipe(client)
        client.pipe(server)
        server_end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * BUFFER)
        size = 0
        while server._reading:
            with contextlib.suppress(BlockingIOError):
                size += server_end.send(b"x" * BUFFER)
            self.turn(1)
        with contextlib.suppress(BlockingIOError):
            size += server_end.send(b"x" * BUFFER)
        server_end.close()
        client_end.send(b"more of the upload")
        self.turn()
        got = 0
        for _ in range(1000):
            with contextlib.suppress(BlockingIOError):
                got += len(client_end.recv(BUFFER))
            self.turn(1)
        self.assertEqual(got, size)

    def test_a_peer_that_takes_no_more_but_says_nothing_either_ends_the_stream(self) -> None:
        recorder = SilentRecorder()
        stream, peer = self.stream(recorder)
        stream.resume()
        self.turn()
        peer.shutdown(socket.SHUT_RD)
        stream.write(b"x")
        self.turn()
        self.assertIsInstance(recorder.lost.get(stream), BrokenPipeError)

    def test_bytes_put_back_while_it_reads_come_without_an_event(self) -> None:
        class Taster(SilentRecorder):
            def data_received(self, stream: Stream, data: bytes) -> None:
                if not self.happened("data", stream):
                    stream.unread(data)
                    self.note("data", stream)
                else:
                    super().data_received(stream, data)

        recorder = Taster()
        stream, peer = self.stream(recorder)
        stream.resume()
        peer.send(b"hello")
        self.turn()
        self.assertEqual(recorder.data[stream], b"hello")

    def test_nothing_is_queued_behind_the_end(self) -> None:
        for end in ("close", "write_eof"):
            stream, peer = self.stream(SilentRecorder())
            while stream.write(b"x" * BUFFER):
                pass
            size = stream.sent
            getattr(stream, end)()
            self.assertTrue(stream.write(b"late"))
            got = 0
            for _ in range(1000):
                with contextlib.suppress(BlockingIOError):
                    got += len(peer.recv(BUFFER))
                self.turn(1)
            self.assertEqual((stream.sent, got), (size, size))

    def test_the_time_of_the_last_byte_is_that_of_its_turn(self) -> None:
        recorder = SilentRecorder()
        stream, peer = self.stream(recorder)
        stream.resume()
        self.reactor.advance(7)
        peer.send(b"x")
        self.turn(1)
        self.assertEqual(stream.last_active, 7)
