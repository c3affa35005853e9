"""Tests of exproxy.proxy.accesslog.dates."""

import time

from twisted.trial.unittest import SynchronousTestCase

from exproxy.proxy.accesslog.dates import Dates, common, iso


class DatesTests(SynchronousTestCase):
    def test_common_is_what_haproxy_writes(self) -> None:
        self.assertEqual(Dates(common, time.gmtime)(1_233_922_371.25), "06/Feb/2009:12:12:51.250")

    def test_iso_is_rfc_3339_without_the_zone(self) -> None:
        self.assertEqual(Dates(iso, time.gmtime)(1_233_922_371.25), "2009-02-06T12:12:51.250")

    def test_milliseconds_have_three_digits(self) -> None:
        self.assertTrue(Dates(iso, time.gmtime)(1_233_922_371.0078125).endswith(":51.007"))

    def test_a_second_is_rendered_once(self) -> None:
        asked: list[float] = []

        def zone(seconds: float) -> time.struct_time:
            asked.append(seconds)
            return time.gmtime(seconds)

        dates = Dates(iso, zone)
        for moment in (7.1, 8.2, 7.9, 8.0):
            dates(moment)
        self.assertEqual(asked, [7, 8])

    def test_what_is_remembered_is_bounded(self) -> None:
        dates = Dates(iso, time.gmtime)
        for second in range(3 * Dates.REMEMBERED):
            dates(float(second))
        self.assertLessEqual(len(dates._known), Dates.REMEMBERED)
