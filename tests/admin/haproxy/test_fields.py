"""The columns, which are the protocol."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin.haproxy.fields import PLACES, STAT


class FieldsTests(SynchronousTestCase):
    def test_columns_have_the_places_that_programs_count_on(self) -> None:
        known = {"pxname": 0, "svname": 1, "scur": 4, "status": 17, "iid": 27, "type": 32, "check_status": 36, "addr": 73}
        self.assertEqual({name: PLACES[name] for name in known}, known)
        self.assertEqual(len(PLACES), len(STAT), "no name is there twice")

    def test_what_counts_is_told_from_what_does_not(self) -> None:
        counting = {field.name for field in STAT if field.counts}
        self.assertLessEqual({"stot", "bin", "econ", "chkfail", "downtime"}, counting)
        self.assertTrue(counting.isdisjoint({"scur", "smax", "status", "weight", "lastchg"}))
