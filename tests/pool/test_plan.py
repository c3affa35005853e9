from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool import Server
from exproxy.pool.plan import Plan, Stage, make_plan
from tests.pool.support import CHECK, fail, heal, make_backend, make_server


class PlanTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.ex1 = make_server("ex1", checks=[CHECK])
        self.ex2 = make_server("ex2", checks=[CHECK])
        self.spare = make_server("spare", checks=[CHECK], backup=True)
        self.reserve = make_server("reserve", checks=[CHECK], backup=True)
        make_backend(self.ex1, self.ex2, self.spare, self.reserve)

    def plan(self) -> tuple[Stage, list[Server]]:
        plan = make_plan([self.ex1, self.ex2, self.spare, self.reserve], None)
        return plan.stage, list(plan.servers)

    def test_nobody_is_in_play_before_the_first_check(self) -> None:
        self.assertEqual(self.plan(), (Stage.AWAITED, []))

    def test_a_backup_that_is_checked_first_waits_for_the_others(self) -> None:
        heal(self.spare)
        self.assertEqual(self.plan(), (Stage.AWAITED, []))

    def test_the_usable_ones_that_are_not_backups_are_in_play(self) -> None:
        for server in (self.ex1, self.ex2, self.spare):
            heal(server)
        self.assertEqual(self.plan(), (Stage.OPEN, [self.ex1, self.ex2]))

    def test_all_backups_are_in_play_when_no_other_is_usable(self) -> None:
        for server in (self.spare, self.reserve):
            heal(server)
        for server in (self.ex1, self.ex2):
            fail(server)
        self.assertEqual(self.plan(), (Stage.OPEN, [self.spare, self.reserve]))

    def test_it_is_closed_when_all_are_down(self) -> None:
        for server in (self.ex1, self.ex2, self.spare, self.reserve):
            fail(server)
        self.assertEqual(self.plan(), (Stage.CLOSED, []))

    def test_without_servers_it_is_closed(self) -> None:
        self.assertEqual(make_plan((), None), Plan(Stage.CLOSED))

    def test_it_knows_whether_its_servers_are_backups(self) -> None:
        self.assertTrue(Plan(Stage.OPEN, [self.ex1]).primary)
        self.assertFalse(Plan(Stage.OPEN, [self.spare]).primary)
        self.assertFalse(Plan(Stage.CLOSED).primary)
