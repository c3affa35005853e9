"""Durations and sizes."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.config.units import byte_rate, duration, duration_text, rate, rate_text, size


class DurationTests(SynchronousTestCase):
    def test_each_unit_is_known(self) -> None:
        texts = ["250ms", "3s", "30m", "24h", "1d", "1.5s"]
        self.assertEqual([duration(text) for text in texts], [0.25, 3.0, 1800.0, 86400.0, 86400.0, 1.5])

    def test_a_bare_number_is_refused_with_a_hint(self) -> None:
        error = self.assertRaises(ValueError, duration, 30)
        self.assertEqual(str(error), 'a duration needs a unit: "30s" or "30ms"?')

    def test_an_unknown_unit_is_refused(self) -> None:
        self.assertIn('"3w" is not a duration', str(self.assertRaises(ValueError, duration, "3w")))

    def test_a_boolean_is_no_duration(self) -> None:
        self.assertIn("this is not a duration", str(self.assertRaises(ValueError, duration, True)))

    @given(st.floats(min_value=0, max_value=1e9, allow_nan=False).filter(lambda value: "e" not in repr(value)))
    def test_what_is_written_is_read_again(self, seconds: float) -> None:
        self.assertEqual(duration(duration_text(seconds)), seconds)

    def test_the_largest_unit_that_fits_is_written(self) -> None:
        self.assertEqual([duration_text(value) for value in (0, 0.25, 90, 3600, 86400)], ["0s", "250ms", "90s", "1h", "1d"])


class SizeTests(SynchronousTestCase):
    def test_units_are_of_1024(self) -> None:
        self.assertEqual([size(text) for text in ("64KB", "1MB", "10240k", 7)], [65536, 1048576, 10485760, 7])

    def test_anything_else_is_refused(self) -> None:
        for value in ("64", "many", True, 1.5):
            self.assertIn("is not a size", str(self.assertRaises(ValueError, size, value)))


class RateTests(SynchronousTestCase):
    def test_so_many_within_a_time(self) -> None:
        for text, expected in (
            ("100/10s", (100, 10.0)),
            ("600/1m", (600, 60.0)),
            ("20/s", (20, 1.0)),
            (" 5 / 1.5h ", (5, 5400.0)),
            ("1/100ms", (1, 0.1)),
        ):
            self.assertEqual(rate(text), expected, text)
            self.assertEqual(rate(rate_text(*expected)), expected, text)

    def test_what_is_no_rate(self) -> None:
        for value in ("100", "100/", "/s", "0/s", "5/0s", "1.5/s", "5/10", 5, None):
            self.assertRaises(ValueError, rate, value)

    def test_octets_a_second(self) -> None:
        self.assertEqual([byte_rate(text) for text in ("500B/s", "1KB/s", "2 MB/s")], [500, 1024, 2_097_152])
        for value in ("500", "500B", "0B/s", "500B/m", "fast/s", 500):
            self.assertRaises(ValueError, byte_rate, value)
