from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin.series import LENGTH, STEP, Counts, Series


class SeriesTests(SynchronousTestCase):
    def test_octets_are_those_of_a_second(self) -> None:
        series = Series()
        series.sample({"": Counts(1, 100, 0)}, 10.0)
        series.sample({"": Counts(2, 300, 50)}, 12.0)
        found = series.of("")
        self.assertEqual((found.sessions, found.bytes_in, found.bytes_out), ((2.0,), (100.0,), (25.0,)))
        self.assertEqual((found.at, found.step), (12.0, STEP))

    def test_who_looks_more_often_gets_no_more_points(self) -> None:
        series = Series()
        for second in range(9):
            series.sample({"": Counts(second)}, 10.0 + 1.001 * second)
        self.assertEqual(series.of("").sessions, (2.0, 4.0, 6.0, 8.0))

    def test_it_is_kept_in_a_fixed_room(self) -> None:
        series = Series()
        for number in range(2 * LENGTH):
            series.sample({"": Counts(number)}, STEP * number)
        found = series.of("")
        self.assertEqual((len(found.sessions), found.sessions[-1]), (LENGTH, 2.0 * LENGTH - 1))

    def test_what_is_not_there_any_more_is_forgotten_and_what_is_new_begins(self) -> None:
        series = Series()
        for number in range(3):
            series.sample({"a" if number < 2 else "b": Counts(number, 10 * number)}, STEP * number)
        self.assertEqual((series.of("a").sessions, series.of("b").bytes_in), ((), (0.0,)))

    def test_counts_that_go_back_are_no_traffic(self) -> None:
        series = Series()
        series.sample({"": Counts(1, 100, 100)}, 0.0)
        series.sample({"": Counts(1, 0, 0)}, STEP)
        self.assertEqual(series.of("").bytes_in, (0.0,))

    def test_a_clock_that_goes_back_does_not_stop_it(self) -> None:
        series = Series()
        for now in (1000.0, 10.0, 12.0):
            series.sample({"": Counts(1)}, now)
        self.assertEqual(series.of("").sessions, (1.0,))
