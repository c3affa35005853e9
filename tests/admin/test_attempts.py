from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin.attempts import ADDRESSES, ALL, EACH, WINDOW, Attempts


class AttemptsTests(SynchronousTestCase):
    def test_one_address_may_fail_so_often_and_then_has_to_wait(self) -> None:
        attempts = Attempts()
        self.assertEqual([attempts.begin("a", 10.0) for _ in range(EACH)], [0.0] * EACH)
        self.assertEqual(attempts.begin("a", 30.0), WINDOW - 20.0)
        self.assertEqual(attempts.begin("b", 30.0), 0.0)
        self.assertEqual(attempts.begin("a", 10.0 + WINDOW), 0.0)

    def test_many_addresses_together_have_their_limit_too(self) -> None:
        attempts = Attempts()
        for number in range(ALL):
            self.assertEqual(attempts.begin(str(number), 10.0), 0.0)
        self.assertEqual(attempts.begin("another", 11.0), WINDOW - 1.0)

    def test_who_was_right_has_not_failed(self) -> None:
        attempts = Attempts()
        for _ in range(3 * EACH):
            self.assertEqual(attempts.begin("a", 10.0), 0.0)
            attempts.succeeded("a")

    def test_not_every_address_is_remembered(self) -> None:
        attempts = Attempts()
        for number in range(2 * ADDRESSES):
            attempts.begin(str(number), number * 10.0)
        self.assertLessEqual(len(attempts._of), ADDRESSES)
