"""When the keys of tickets change."""

from OpenSSL import SSL
from twisted.trial.unittest import SynchronousTestCase

from exproxy.net.tls.tickets import ROTATE, Entries


class EntriesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.made: list[SSL.Context] = []

    def make(self) -> SSL.Context:
        self.made.append(SSL.Context(SSL.TLS_SERVER_METHOD))
        return self.made[-1]

    def test_a_period_has_one_context(self) -> None:
        entries = Entries(self.make, 1000.0, 1)
        first = entries.current
        entries.turn(1000.0 + ROTATE - 1)
        self.assertIs(entries.current, first)
        entries.turn(1000.0 + ROTATE)
        self.assertIsNot(entries.current, first)

    def test_those_who_inherit_the_same_have_the_same_at_the_same_time(self) -> None:
        entries = Entries(self.make, 0.0, 4)
        seen = []
        for period in range(4):
            entries.turn(period * ROTATE + 7)
            seen.append(entries.current)
        self.assertEqual(len(set(map(id, seen))), 4)
        self.assertEqual(len(self.made), 4)

    def test_who_was_not_asked_for_some_periods_has_that_of_now(self) -> None:
        often, seldom = Entries(self.make, 0.0, 4), Entries(iter(self.made).__next__, 0.0, 4)
        for period in range(3):
            often.turn(period * ROTATE)
        seldom.turn(2 * ROTATE)
        self.assertIs(often.current, seldom.current)

    def test_used_up_it_makes_its_own_and_only_for_now(self) -> None:
        entries = Entries(self.make, 0.0, 2)
        entries.turn(10 * ROTATE)
        self.assertIs(entries.current, self.made[-1])
        self.assertEqual(len(self.made), 3)
