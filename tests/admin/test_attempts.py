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

    def test_one_that_was_right_does_not_make_up_for_those_that_failed(self) -> None:
        attempts = Attempts()
        for _ in range(EACH - 1):
            attempts.begin("a", 10.0)
            attempts.begin("a", 10.0)
            attempts.succeeded("a")
        self.assertEqual(attempts.begin("a", 10.0), 0.0)
        self.assertGreater(attempts.begin("a", 10.0), 0.0)

    def test_who_is_known_is_counted_alone(self) -> None:
        attempts = Attempts()
        for number in range(ALL):
            attempts.begin(str(number // EACH), 10.0)
        self.assertGreater(attempts.begin("0", 10.0), 0.0)
        self.assertEqual([attempts.begin("0", 10.0, "anna") for _ in range(EACH)], [0.0] * EACH)
        self.assertGreater(attempts.begin("1", 10.0, "anna"), 0.0)
        attempts.succeeded("0", "anna")
        self.assertEqual(attempts.begin("1", 10.0, "anna"), 0.0)
        self.assertGreater(attempts.begin("0", 10.0), 0.0)

    def test_who_is_refused_takes_no_room(self) -> None:
        attempts = Attempts()
        for number in range(3 * ADDRESSES):
            attempts.begin(str(number), 10.0)
        self.assertEqual(len(attempts._of), ALL)

    def test_who_has_a_network_of_ipv6_is_one(self) -> None:
        attempts = Attempts()
        for number in range(EACH):
            self.assertEqual(attempts.begin(f"2001:db8::{number}", 10.0), 0.0)
        self.assertGreater(attempts.begin("2001:db8::ffff:1", 10.0), 0.0)
        self.assertEqual(attempts.begin("2001:db8:0:1::1", 10.0), 0.0)
        self.assertEqual(attempts.begin("fe80::1%eth0", 10.0), 0.0)
