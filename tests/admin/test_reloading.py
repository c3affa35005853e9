"""Why a configuration was not read anew."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin.reloading import NotReloadedError


class NotReloadedTests(SynchronousTestCase):
    def test_it_says_each_reason_in_a_line(self) -> None:
        error = NotReloadedError(["one", "two"])
        self.assertEqual(error.problems, ("one", "two"))
        self.assertEqual(str(error), "one\ntwo")
