"""Tests of exproxy.proxy.accesslog.log."""

from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from exproxy.proxy.accesslog.log import AccessLog
from exproxy.proxy.accesslog.record import SessionRecord
from tests.proxy.accesslog.samples import RECORD, MemorySink


def number(record: SessionRecord) -> str:
    return str(record.retries)


class AccessLogTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.sink = MemorySink()
        self.log = AccessLog(self.clock, number, [self.sink], limit=3)
        self.said: list[str] = []
        observer = lambda event: self.said.append(event["log_format"])  # noqa: E731 - it has to be removed again
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def record(self, *numbers: int) -> None:
        for each in numbers:
            self.log.log(RECORD._replace(retries=each))

    def test_no_timer_runs_while_nothing_waits(self) -> None:
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_records_are_written_as_one_batch_after_the_interval(self) -> None:
        self.record(1, 2)
        self.clock.advance(0.1)
        self.assertEqual(self.sink.batches, [["1", "2"]])

    def test_nothing_is_written_before_that(self) -> None:
        self.record(1)
        self.clock.advance(0.09)
        self.assertEqual(self.sink.batches, [])

    def test_the_timer_ends_when_all_is_written(self) -> None:
        self.record(1)
        self.clock.advance(0.1)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_every_sink_gets_the_batch(self) -> None:
        other = MemorySink()
        self.log = AccessLog(self.clock, number, [self.sink, other])
        self.record(1)
        self.log.flush()
        self.assertEqual(other.lines, self.sink.lines)

    def test_more_than_the_limit_is_dropped_and_counted(self) -> None:
        self.record(1, 2, 3, 4, 5)
        self.clock.advance(0.1)
        self.assertEqual((self.sink.lines, self.log.dropped), (["1", "2", "3"], 2))

    def test_dropping_is_said_once_when_it_starts_and_once_when_it_ends(self) -> None:
        self.record(1, 2, 3, 4, 5, 6)
        self.clock.advance(0.1)
        self.assertEqual((len(self.said), self.said[1]), (2, "access log: {missed} lines were dropped; all are written again"))

    def test_dropping_again_later_is_said_again(self) -> None:
        for _ in range(2):
            self.record(1, 2, 3, 4)
            self.clock.advance(0.1)
        self.assertEqual(len(self.said), 4)

    def test_a_large_batch_lets_others_have_their_turn(self) -> None:
        self.log = AccessLog(self.clock, number, [self.sink])
        self.record(*range(AccessLog.SLICE + 1))
        self.clock.advance(0.1)
        self.assertEqual([len(batch) for batch in self.sink.batches], [AccessLog.SLICE, 1])

    def test_flush_writes_all_at_once_and_ends_the_timer(self) -> None:
        self.record(1, 2)
        self.log.flush()
        self.assertEqual((self.sink.lines, self.clock.getDelayedCalls()), (["1", "2"], []))

    def test_flush_of_nothing_writes_nothing(self) -> None:
        self.log.flush()
        self.assertEqual(self.sink.batches, [])

    def test_reopen_writes_what_waits_to_the_old_file_first(self) -> None:
        self.record(1)
        self.log.reopen()
        self.assertEqual(self.sink.calls, ["reopen after 1"])

    def test_close_writes_what_waits_and_closes_once(self) -> None:
        self.record(1)
        self.log.close()
        self.log.close()
        self.assertEqual(self.sink.calls, ["close after 1"])

    def test_records_after_the_close_are_counted_as_dropped(self) -> None:
        self.log.close()
        self.record(1, 2)
        self.assertEqual((self.log.dropped, self.clock.getDelayedCalls()), (2, []))

    def test_without_sinks_nothing_is_kept(self) -> None:
        self.log = AccessLog(self.clock, number, [], limit=3)
        self.record(1, 2, 3, 4, 5)
        self.assertEqual((self.log.dropped, self.clock.getDelayedCalls(), self.log._waiting), (0, [], []))

    def test_lost_adds_what_the_sinks_lost(self) -> None:
        self.sink.dropped = 5
        self.record(1, 2, 3, 4)
        self.assertEqual(self.log.lost, 6)
