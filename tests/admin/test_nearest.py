from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin.nearest import UnknownError, known


class KnownTests(SynchronousTestCase):
    def test_what_is_there_is_found(self) -> None:
        self.assertEqual(known("host", "ex1", {"ex1": 1}), 1)

    def test_the_nearest_name_is_offered_whatever_its_case(self) -> None:
        error = self.assertRaises(UnknownError, known, "host", "EX01", {"ex1": 1, "mail": 2})
        self.assertEqual((str(error), error.nearest), ('there is no host "EX01"; did you mean "ex1"?', "ex1"))

    def test_where_none_is_near_none_is_offered(self) -> None:
        error = self.assertRaises(UnknownError, known, "host", "x", {"mail": 2})
        self.assertEqual((str(error), error.nearest), ('there is no host "x"', ""))
