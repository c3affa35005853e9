"""Relaying a number of bytes, between streams in memory; real ones are held to the same by tests/integration/streams.py."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.net.interfaces import Stream
from tests.net.memory import Recorder, pair


class PouringTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.client, self.ours = pair(self.clock)
        self.theirs, self.server = pair(self.clock, capacity=10)
        self.receiver, self.other, self.reader = Recorder(), Recorder(), Recorder()
        self.ours.attach(self.receiver)
        self.theirs.attach(self.other)
        self.server.attach(self.reader)
        self.done: list[Stream] = []

    def poured(self, stream: Stream) -> None:
        self.done.append(stream)

    def settle(self) -> None:
        self.clock.pump([0] * 20)

    def pour(self, size: int, *data: bytes) -> None:
        self.ours.pour(self.theirs, size, self)
        for part in data:
            self.client.write(part)
            self.settle()

    def test_the_owner_is_told_when_all_is_with_the_other_stream(self) -> None:
        self.pour(6, b"abc")
        self.assertEqual(self.done, [])
        self.client.write(b"def")
        self.settle()
        self.assertEqual((self.done, bytes(self.server.inbox)), ([self.ours], b"abcdef"))

    def test_what_came_behind_it_waits_for_the_receiver(self) -> None:
        self.pour(4, b"abcdef")
        self.assertEqual((self.done, self.receiver.data), ([self.ours], b""))
        self.ours.resume()
        self.settle()
        self.assertEqual((bytes(self.server.inbox), self.receiver.data), (b"abcd", b"ef"))

    def test_a_full_stream_is_waited_for_and_resumes_its_source(self) -> None:
        self.pour(30, b"x" * 12, b"y" * 8)
        self.assertEqual((self.ours.reading, self.theirs.full), (False, True))
        self.server.resume()
        self.client.write(b"z" * 10)
        self.settle()
        self.assertEqual((self.done, self.reader.data), ([self.ours], b"x" * 12 + b"y" * 8 + b"z" * 10))

    def test_afterwards_the_other_stream_tells_its_receiver_what_it_has_sent(self) -> None:
        self.pour(12, b"x" * 12)
        self.assertEqual((self.done, self.theirs.full), ([self.ours], True))
        self.server.resume()
        self.settle()
        self.assertEqual((self.theirs.full, self.other.drained), (False, 1))

    def test_who_stops_it_hears_what_is_missing(self) -> None:
        self.pour(10, b"abc")
        self.assertEqual(self.ours.stop_pouring(), 7)
        self.client.write(b"def")
        self.settle()
        self.assertEqual((bytes(self.server.inbox), self.receiver.data, self.done), (b"abc", b"def", []))

    def test_nothing_is_missing_where_nothing_was_poured(self) -> None:
        self.assertEqual(self.ours.stop_pouring(), 0)

    def test_an_end_is_the_receivers(self) -> None:
        self.pour(10, b"abc")
        self.client.write_eof()
        self.settle()
        self.server.resume()
        self.settle()
        self.assertEqual((self.receiver.eof, self.reader.eof, self.done), (True, False, []))

    def test_it_is_known_whether_the_other_stream_was_full(self) -> None:
        self.pour(30, b"x" * 8)
        self.assertFalse(self.ours.held_back)
        self.client.write(b"y" * 8)
        self.settle()
        self.assertTrue(self.ours.held_back)
