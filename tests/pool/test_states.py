from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool.states import Admin, Operational, Transition, in_words, stricter


class StricterTests(SynchronousTestCase):
    def test_maintenance_is_stricter_than_drain_is_stricter_than_ready(self) -> None:
        self.assertIs(stricter(Admin.READY, Admin.DRAIN), Admin.DRAIN)
        self.assertIs(stricter(Admin.MAINT, Admin.DRAIN, Admin.READY), Admin.MAINT)
        self.assertIs(stricter(Admin.READY, Admin.READY), Admin.READY)


class TransitionTests(SynchronousTestCase):
    def test_is_a_sentence(self) -> None:
        transition = Transition("hub/ex2", Operational.UP, Operational.DOWN, "SMTP said 554 No, after 3 failed checks", 7.0)
        self.assertEqual(str(transition), "hub/ex2 is down: SMTP said 554 No, after 3 failed checks")

    def test_is_a_sentence_without_a_reason_too(self) -> None:
        self.assertEqual(str(Transition("hub/ex2", Admin.READY, Admin.MAINT, "", 7.0)), "hub/ex2 is in maintenance")

    def test_every_state_has_words(self) -> None:
        for state in (*Operational, *Admin):
            self.assertTrue(in_words(state).startswith("is "), state)
