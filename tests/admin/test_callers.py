from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin.callers import Caller


class CallerTests(SynchronousTestCase):
    def test_who_has_a_name_is_somebody(self) -> None:
        self.assertFalse(Caller("anna", "viewer").anonymous)
