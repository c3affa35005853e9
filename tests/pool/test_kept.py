"""What outlives a process."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool import Admin, Backend, Host, Operational, Server
from exproxy.pool.health import Verdict
from exproxy.pool.kept import FRESH, ByHand, Configured, Kept, Place, WeightByHand, keep, restore
from tests.pool.support import CHECK, fail, heal, make_backend, make_server


class KeptTests(SynchronousTestCase):
    """A back end with two servers; and the same again, after a restart."""

    def setUp(self) -> None:
        self.one, self.two, self.backend = self.made()
        self.configured = {name: Configured(1, "192.0.2.1:25 smtp") for name in (self.one.full_name, self.two.full_name)}

    def made(self) -> tuple[Server, Server, Backend]:
        one, two = make_server("ex1", checks=[CHECK]), make_server("ex2", checks=[CHECK])
        return one, two, make_backend(one, two)

    def hosts(self, *servers: Server) -> dict[str, Host]:
        return {server.host.name: server.host for server in servers}

    def kept(self, now: float = 100.0) -> Kept:
        return keep(self.hosts(self.one, self.two).values(), [self.backend], self.configured, now)

    def restored(self, kept: Kept, age: float = 1.0) -> tuple[Server, Server, list[str]]:
        one, two, backend = self.made()
        left = restore(kept, self.hosts(one, two), {backend.name: backend}, self.configured, age, 1000.0)
        return one, two, left

    def test_what_is_so_by_itself_is_not_kept(self) -> None:
        self.assertEqual(self.kept().by_hand, ByHand())

    def test_hosts_servers_and_weights_are_what_they_were_set_to(self) -> None:
        self.one.host.set_admin(Admin.DRAIN, 1.0)
        self.two.set_admin(Admin.MAINT, 1.0)
        self.two.set_weight(7, 1.0)
        one, two, left = self.restored(self.kept(), age=1e9)
        self.assertEqual((one.host.admin, one.own_admin, one.admin), (Admin.DRAIN, Admin.READY, Admin.DRAIN))
        self.assertEqual((two.host.admin, two.own_admin, two.weight), (Admin.READY, Admin.MAINT, 7))
        self.assertEqual(left, [])

    def test_a_weight_that_the_file_now_says_otherwise_wins(self) -> None:
        self.one.set_weight(7, 1.0)
        kept = self.kept()
        self.configured[self.one.full_name] = Configured(3, "")
        one, _, left = self.restored(kept)
        self.assertEqual(one.weight, 1)
        self.assertEqual(left, [f"weight 7 of server {one.full_name}, since the configuration now says 3"])

    def test_limits_and_addresses_are_what_they_were_set_to(self) -> None:
        name = self.one.full_name
        self.configured[name] = Configured(1, "", None, Place("10.0.0.1", 25))
        self.assertEqual(self.kept().by_hand, ByHand())
        self.one.set_maxconn(9, 1.0)
        self.one.move("10.0.0.77", 2525, 1.0)
        one, _, left = self.restored(self.kept())
        self.assertEqual((one.maxconn, one.address, one.port, left), (9, "10.0.0.77", 2525, []))
        kept = self.kept()
        self.configured[name] = Configured(1, "", 5, Place("10.0.0.2", 25))
        one, _, left = self.restored(kept)
        self.assertEqual((one.maxconn, one.address), (None, "10.0.0.1"))
        self.assertEqual(
            left,
            [
                f"maxconn 9 of server {name}, since the configuration now says 5",
                f"address 10.0.0.77 port 2525 of server {name}, since the configuration now says 10.0.0.2 port 25",
            ],
        )

    def test_an_address_that_dns_has_found_is_not_set_by_hand(self) -> None:
        self.configured[self.one.full_name] = Configured(1, "")
        self.one.move("10.0.0.77", 2525, 1.0)
        self.assertEqual(self.kept().by_hand.places, {})

    def test_who_is_not_configured_any_more_is_told(self) -> None:
        by_hand = ByHand({"ex9": Admin.MAINT}, {"hub/ex9": Admin.DRAIN}, {"hub/ex9": WeightByHand(0, 1)})
        _, _, left = self.restored(Kept(by_hand))
        self.assertEqual(
            left,
            [
                "weight 0 of server hub/ex9, which is not configured any more",
                "drain of server hub/ex9, which is not configured any more",
                "maint of host ex9, which is not configured any more",
            ],
        )

    def test_one_that_was_down_is_down_and_one_that_was_up_is_up(self) -> None:
        heal(self.one)
        fail(self.two)
        self.one.health.checks["smtp"].reason = ""
        one, two, _ = self.restored(self.kept())
        self.assertEqual(one.health.reason, "found before the restart")
        self.assertEqual((one.operational, two.operational), (Operational.UP, Operational.DOWN))
        self.assertIn("(found before the restart)", two.condition())

    def test_that_it_was_found_before_is_said_once_however_often_we_restart(self) -> None:
        fail(self.one)
        self.one, self.two, _ = self.restored(self.kept())
        self.backend = self.one.backend or self.backend
        again, _, _ = self.restored(self.kept(1000.0))
        self.assertEqual(again.health.reason.count("before the restart"), 1)

    def test_since_when_it_is_so_is_kept(self) -> None:
        heal(self.one)
        began = self.one.health.since
        one, _, _ = self.restored(self.kept(began + 60.0), age=5.0)
        self.assertEqual(1000.0 - one.health.since, 65.0)

    def test_how_a_server_is_grows_stale(self) -> None:
        heal(self.one)
        one, _, _ = self.restored(self.kept(), age=FRESH + 1)
        self.assertIs(one.operational, Operational.STARTING)

    def test_a_server_of_the_same_name_elsewhere_is_another_one(self) -> None:
        heal(self.one)
        kept = self.kept()
        self.configured[self.one.full_name] = Configured(1, "192.0.2.77:25 smtp")
        self.assertIs(self.restored(kept)[0].operational, Operational.STARTING)

    def test_what_is_equal_does_not_depend_on_the_moment(self) -> None:
        heal(self.one)
        self.assertEqual(self.kept(100.0), self.kept(200.0))
        fail(self.one)
        self.assertNotEqual(self.kept(200.0).health[self.one.full_name].checks, {"smtp": Verdict(Operational.UP)})

    def test_no_weight_is_beyond_what_servers_have(self) -> None:
        self.assertRaises(ValueError, WeightByHand, 257, 1)
