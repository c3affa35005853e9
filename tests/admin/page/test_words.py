from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin.page.words import count, duration, listed, milliseconds, octets, rate, several

THIN = "\u202f"


class WordsTests(SynchronousTestCase):
    def test_durations_have_two_units(self) -> None:
        said = [duration(seconds) for seconds in (-3, 0, 59.9, 60, 3700, 90_000, 86_400 * 400)]
        self.assertEqual(said, ["0s", "0s", "59s", "1m 0s", "1h 1m", "1d 1h", "400d 0h"])

    def test_octets_have_a_unit(self) -> None:
        said = [octets(number).replace(THIN, " ") for number in (0, 999, 1536, 150 * 1024, 5 * 1024**3, 5 * 1024**4)]
        self.assertEqual(said, ["0 B", "999 B", "1.5 KB", "150 KB", "5.0 GB", "5.0 TB"])

    def test_counts_are_grouped(self) -> None:
        self.assertEqual([count(7), count(104031)], ["7", f"104{THIN}031"])

    def test_rates_have_a_tenth_where_it_says_something(self) -> None:
        self.assertEqual([rate(number) for number in (0, 0.5, 3.0, 3.25, 31.4)], ["0", "0.5", "3", "3.2", "31"])

    def test_short_times_are_said_so(self) -> None:
        said = [milliseconds(seconds).replace(THIN, " ") for seconds in (0.0001, 0.004, 1.25)]
        self.assertEqual(said, ["<1 ms", "4 ms", "1.2 s"])

    def test_one_is_not_several(self) -> None:
        self.assertEqual([several(1, "server", "servers"), several(2, "server", "servers")], ["1 server", "2 servers"])

    def test_lists_end_somewhere(self) -> None:
        names = ["a", "b", "c", "d", "e", "f"]
        said = [listed(names[:end]) for end in (1, 2, 4, 6)]
        self.assertEqual(said, ["a", "a and b", "a, b, c and d", "a, b, c and 3 others"])
