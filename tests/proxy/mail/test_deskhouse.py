"""What the clients of a front end have in common whose server is chosen by who they are."""

from exproxy.pool import Admin
from tests.proxy.mail.deskstage import DeskStage


class DeskHouseTests(DeskStage):
    def test_only_servers_that_clients_may_come_to_say_what_is_offered(self) -> None:
        self.desks()
        one, two = self.pool.servers.values()
        one.health.offers, two.health.offers = ("A", "B"), ("B", "C")
        self.assertEqual(self.house.offered(), ("B",))
        two.set_admin(Admin.MAINT, self.clock.seconds())
        self.assertEqual(self.house.offered(), ("A", "B"))

    def test_nothing_is_offered_while_one_of_them_is_not_known(self) -> None:
        self.desks()
        self.pool.servers["two"].health.offers = None
        self.assertEqual(self.house.offered(), ())

    def test_it_expects_servers_while_one_is_up(self) -> None:
        self.desks()
        self.assertTrue(self.house.expects())
        for server in self.pool.servers.values():
            server.set_admin(Admin.MAINT, self.clock.seconds())
        self.assertFalse(self.house.expects())
