from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin.allowance import BURST, SHARE, Allowance


class AllowanceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.allowance = Allowance(10.0)

    def test_so_much_may_be_spent_at_once(self) -> None:
        self.allowance.spend(BURST * 0.9)
        self.assertFalse(self.allowance.exhausted(10.0))
        self.allowance.spend(BURST * 0.1)
        self.assertTrue(self.allowance.exhausted(10.0))

    def test_in_the_long_run_it_is_a_share_of_a_core(self) -> None:
        spent = 0.0
        for second in range(11, 1011):
            while not self.allowance.exhausted(float(second)):
                self.allowance.spend(0.001)
                spent += 0.001
        self.assertAlmostEqual(spent, BURST + 1000 * SHARE, places=-1)

    def test_what_is_not_spent_is_not_saved_up(self) -> None:
        self.allowance.exhausted(1e6)
        self.allowance.spend(BURST)
        self.assertTrue(self.allowance.exhausted(1e6))

    def test_nobody_owes_more_than_comes_back_soon(self) -> None:
        self.allowance.spend(1e6)
        self.assertFalse(self.allowance.exhausted(10.1 + BURST / SHARE))
