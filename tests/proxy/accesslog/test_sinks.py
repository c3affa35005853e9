"""Tests of exproxy.proxy.accesslog.sinks."""

import errno
import os
from pathlib import Path

from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from exproxy.proxy.accesslog import sinks
from exproxy.proxy.accesslog.sinks import FileSink, StdoutSink, Trouble


class SaidTestCase(SynchronousTestCase):
    """Collects the log's sentences."""

    def setUp(self) -> None:
        self.said: list[str] = []
        observer = lambda event: self.said.append(event["log_format"].format(**event))  # noqa: E731 - it has to be removed again
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)


class TroubleTests(SaidTestCase):
    def test_a_failure_is_said_once(self) -> None:
        trouble = Trouble("access log x")
        trouble.failed(OSError("no"), 1)
        trouble.failed(OSError("no"), 2)
        self.assertEqual(self.said, ["access log x cannot be written: no; lines are dropped"])

    def test_the_full_stop_of_a_reason_does_not_end_the_sentence(self) -> None:
        Trouble("access log x").failed("Connection was refused.", 1)
        self.assertEqual(self.said, ["access log x cannot be written: Connection was refused; lines are dropped"])

    def test_the_recovery_says_how_many_lines_were_lost(self) -> None:
        trouble = Trouble("access log x")
        trouble.failed(OSError("no"), 1)
        trouble.failed(OSError("no"), 2)
        trouble.worked()
        trouble.worked()
        self.assertEqual(self.said[1:], ["access log x is written again; 3 lines were dropped"])


class FileSinkTests(SaidTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.path = Path(self.mktemp()) / "log" / "access.log"
        self.sink = FileSink(self.path)
        self.addCleanup(self.sink.close)

    def disk(self, *room: int) -> None:
        """Each write finds so much room; 0 is a full disk."""
        left = list(room)
        real = os.write

        def write(descriptor: int, data: bytes) -> int:
            space = left.pop(0) if left else len(data)
            if not space:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(descriptor, data[:space])

        self.patch(sinks.os, "write", write)

    def test_the_folder_is_made(self) -> None:
        self.assertTrue(self.path.exists())

    def test_each_line_gets_its_end(self) -> None:
        self.sink.write(["a", "b"], 0)
        self.assertEqual(self.path.read_text(), "a\nb\n")

    def test_what_is_there_already_is_kept(self) -> None:
        self.path.write_text("before\n")
        self.sink.write(["a"], 0)
        self.assertEqual(self.path.read_text(), "before\na\n")

    def test_others_may_not_read_it(self) -> None:
        self.assertEqual(self.path.stat().st_mode & 0o007, 0)

    def test_a_file_that_cannot_be_opened_at_the_start_is_an_error(self) -> None:
        self.assertRaises(OSError, FileSink, self.path.parent)

    def test_after_reopen_lines_go_to_a_new_file(self) -> None:
        self.sink.write(["a"], 0)
        rotated = self.path.rename(self.path.with_suffix(".1"))
        self.sink.reopen()
        self.sink.write(["b"], 0)
        self.assertEqual((rotated.read_text(), self.path.read_text()), ("a\n", "b\n"))

    def test_when_reopen_fails_the_old_file_is_kept_and_that_is_said(self) -> None:
        rotated = self.path.rename(self.path.with_suffix(".1"))
        self.path.mkdir()
        self.sink.reopen()
        self.sink.write(["a"], 0)
        self.assertEqual((rotated.read_text(), "the old file is kept" in self.said[0]), ("a\n", True))

    def test_a_short_write_is_continued(self) -> None:
        self.disk(3)
        self.sink.write(["abc", "def"], 0)
        self.assertEqual((self.path.read_text(), self.sink.dropped), ("abc\ndef\n", 0))

    def test_a_full_disk_is_counted_and_said_and_raises_nothing(self) -> None:
        self.disk(0, 0)
        self.sink.write(["a", "b"], 0)
        self.sink.write(["c"], 0)
        self.assertEqual((self.sink.dropped, len(self.said)), (3, 1))

    def test_a_line_that_was_cut_by_a_full_disk_does_not_run_into_the_next(self) -> None:
        self.disk(6, 0)
        self.sink.write(["abc", "def", "ghi"], 0)
        self.sink.write(["jkl"], 0)
        self.assertEqual((self.path.read_text(), self.sink.dropped), ("abc\nde\njkl\n", 2))

    def test_whole_lines_before_a_full_disk_leave_no_gap(self) -> None:
        self.disk(4, 0)
        self.sink.write(["abc", "def"], 0)
        self.sink.write(["ghi"], 0)
        self.assertEqual((self.path.read_text(), self.sink.dropped), ("abc\nghi\n", 1))

    def test_lone_surrogates_are_written_escaped(self) -> None:
        self.sink.write(["\udcff"], 0)
        self.assertEqual(self.path.read_bytes(), b"\\udcff\n")

    def test_a_fifo_that_nobody_reads_does_not_hold_the_process(self) -> None:
        fifo = self.path.with_name("fifo")
        os.mkfifo(fifo)
        self.assertRaises(OSError, FileSink, fifo)


class StdoutSinkTests(SaidTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.reader, self.writer = os.pipe()
        self.addCleanup(os.close, self.reader)
        self.addCleanup(lambda: os.close(self.writer) if self.writer >= 0 else None)
        self.sink = StdoutSink(self.writer, bound=100)

    def fill(self) -> None:
        os.set_blocking(self.writer, False)
        try:
            while True:
                os.write(self.writer, b"x" * 4096)
        except BlockingIOError:
            os.set_blocking(self.writer, True)

    def test_lines_come_out(self) -> None:
        self.sink.write(["a", "b"], 0)
        self.assertEqual(os.read(self.reader, 100), b"a\nb\n")

    def test_the_descriptors_mode_is_left_alone(self) -> None:
        self.sink.write(["a"], 0)
        self.assertTrue(os.get_blocking(self.writer))

    def test_a_reader_that_does_not_read_blocks_nobody(self) -> None:
        self.fill()
        self.sink.write(["a"], 0)
        self.assertEqual(self.sink.dropped, 0)

    def test_what_waited_is_written_when_the_reader_reads_again(self) -> None:
        self.fill()
        self.sink.write(["waited"], 0)
        os.read(self.reader, 1 << 20)
        self.sink.write(["later"], 0)
        self.assertEqual(os.read(self.reader, 100), b"waited\nlater\n")

    def test_what_waits_is_bounded(self) -> None:
        self.fill()
        for _ in range(100):
            self.sink.write(["0123456789"], 0)
        self.assertEqual((self.sink.dropped, len(self.sink._rest), len(self.said)), (90, 110, 1))

    def test_a_reader_that_is_gone_is_counted_and_said_once(self) -> None:
        os.dup2(os.open(os.devnull, os.O_RDONLY), self.writer)  # a descriptor that refuses writes
        self.sink.write(["a"], 0)
        self.sink.write(["b"], 0)
        self.assertEqual((self.sink.dropped, len(self.said)), (2, 1))
