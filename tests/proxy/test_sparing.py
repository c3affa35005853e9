"""Not every line that a peer can provoke."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.proxy.sparing import QUIET, Sparing


class SparingTests(SynchronousTestCase):
    def test_the_first_of_a_kind_may_be_said_and_the_next_after_a_while_with_their_number(self) -> None:
        sparing = Sparing()
        self.assertEqual(sparing.left_out("client", 5.0), 0)
        self.assertEqual([sparing.left_out("client", 6.0 + second) for second in range(3)], [None] * 3)
        self.assertEqual(sparing.left_out("client", 5.0 + QUIET), 3)
        self.assertEqual(sparing.left_out("client", 5.0 + 2 * QUIET), 0)

    def test_kinds_do_not_silence_each_other(self) -> None:
        sparing = Sparing()
        sparing.left_out("client", 0.0)
        self.assertEqual(sparing.left_out("server", 0.0), 0)
