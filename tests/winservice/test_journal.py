"""What is written into Windows' event log, and what is not."""

from twisted.logger import Logger, LogPublisher
from twisted.trial.unittest import SynchronousTestCase

from exproxy.winservice.journal import ERROR, INFORMATION, LIFE, LONGEST, MOST, WARNING, Journal


class JournalTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.entries: list[tuple[int, str]] = []
        self.now = 0.0
        self.publisher = LogPublisher(Journal(lambda kind, text: self.entries.append((kind, text)), lambda: self.now))

    def logger(self, namespace: str) -> Logger:
        return Logger(namespace, observer=self.publisher)

    def test_errors_and_warnings_of_everybody_are(self) -> None:
        log = self.logger("twisted.something")
        log.error("{server} is down", server="ex1")
        log.critical("the end")
        log.warn("soon")
        self.assertEqual(self.entries, [(ERROR, "ex1 is down"), (ERROR, "the end"), (WARNING, "soon")])

    def test_so_are_starts_and_stops(self) -> None:
        self.logger(LIFE).info("exproxy is ready")
        self.assertEqual(self.entries, [(INFORMATION, "exproxy is ready")])

    def test_other_information_is_in_the_log_file_only(self) -> None:
        self.logger("exproxy.site.core").info("smtp listens")
        self.logger(LIFE).debug("nothing")
        self.assertEqual(self.entries, [])

    def test_an_error_that_was_not_caught_comes_with_where_it_was(self) -> None:
        try:
            raise ZeroDivisionError
        except ZeroDivisionError:
            self.logger("x").failure("an error of our own")
        ((kind, text),) = self.entries
        self.assertEqual(kind, ERROR)
        self.assertIn("an error of our own", text)
        self.assertIn("ZeroDivisionError", text)

    def test_an_entry_is_as_long_as_windows_takes(self) -> None:
        self.logger("x").error("{x}", x="x" * 40_000)
        self.assertEqual(len(self.entries[0][1]), LONGEST)

    def test_it_is_not_flooded_and_says_what_it_left_out(self) -> None:
        log = self.logger("x")
        for _ in range(MOST + 5):
            log.error("again")
        self.assertEqual(len(self.entries), MOST)
        self.now = 60.0
        log.error("later")
        self.assertEqual(self.entries[MOST:], [(WARNING, "5 more entries are in exproxy's log file only"), (ERROR, "later")])
