from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool import Admin, AgentAnswer, CheckSpec, Host, Operational, Server, Transition
from exproxy.pool.health import Verdict
from exproxy.pool.server import SHARE_OF_ONE, UNLIMITED
from tests.pool.support import CHECK, FAILED, PASSED, Recorder, fail, get, heal, make_backend, make_server, stop


def flags(server: Server) -> str:
    """``o``pened, ``a``waited, ``u``sable, ``s``tarting."""
    held = {"o": server.opened, "a": server.awaited, "u": server.usable, "s": server.starting}
    return "".join(letter for letter, holds in held.items() if holds)


class UsabilityTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.server = make_server("ex1", checks=[CHECK])
        self.backend = make_backend(self.server)

    def test_what_it_takes_follows_from_both_axes(self) -> None:
        steps = {Operational.STARTING: lambda _: None, Operational.UP: heal, Operational.STOPPING: stop, Operational.DOWN: fail}
        table = {
            Operational.STARTING: ("as", "s", ""),
            Operational.UP: ("ou", "u", ""),
            Operational.STOPPING: ("", "", ""),
            Operational.DOWN: ("", "", ""),
        }
        for operational, step in steps.items():
            step(self.server)
            self.assertIs(self.server.operational, operational)
            seen = []
            for admin in (Admin.READY, Admin.DRAIN, Admin.MAINT):
                self.server.set_admin(admin, 1.0)
                seen.append(flags(self.server))
            self.assertEqual(tuple(seen), table[operational], operational)

    def test_a_weight_of_nothing_is_like_drain(self) -> None:
        heal(self.server)
        self.server.set_weight(0, 1.0)
        self.assertEqual(flags(self.server), "u")

    def test_nobody_gets_it_outside_a_back_end(self) -> None:
        heal(self.server)
        self.backend.remove("ex1", 1.0)
        self.assertEqual(flags(self.server), "")

    def test_a_server_without_required_checks_is_open_at_once(self) -> None:
        server = make_server("ex2")
        self.backend.add(server, 0.0)
        self.assertEqual(flags(server), "ou")

    def test_it_is_awaited_until_the_dns_has_answered(self) -> None:
        server = Server("ex2", Host("ex2", "ex2.example.com"), None, 25)
        self.backend.add(server, 0.0)
        self.assertEqual(flags(server), "as")
        server.resolved("10.0.0.2", 1.0)
        self.assertEqual((flags(server), server.address), ("ou", "10.0.0.2"))

    def test_nobody_waits_for_a_name_that_the_dns_does_not_know(self) -> None:
        server = Server("ex2", Host("ex2", "ex2.example.com"), None, 25)
        self.backend.add(server, 0.0)
        server.resolve_failed("no such name", 1.0)
        self.assertEqual((flags(server), server.condition()), ("", "has no address: no such name"))

    def test_the_last_answer_of_the_dns_is_kept_when_it_fails(self) -> None:
        heal(self.server)
        self.server.resolve_failed("timeout", 1.0)
        self.assertEqual((flags(self.server), self.server.address), ("ou", "10.0.0.1"))

    def test_weights_and_limits_out_of_range_are_refused(self) -> None:
        for weight in (-1, 257):
            self.assertRaisesRegex(ValueError, "server ex1: a weight is 0 to 256", make_server, "ex1", weight=weight)
        self.assertRaisesRegex(ValueError, "at least 1", make_server, "ex1", maxconn=0)
        self.assertRaises(ValueError, self.server.set_weight, 300, 1.0)
        self.assertRaises(ValueError, self.server.set_maxconn, 0, 1.0)


class ConditionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.server = make_server("ex1", checks=[CHECK])
        make_backend(self.server)

    def test_says_what_is_the_matter(self) -> None:
        self.assertEqual(self.server.condition(), "is starting")
        self.server.observe("smtp", PASSED, 1.0)
        self.assertEqual(self.server.condition(), "is up: SMTP said 220 ready")
        self.server.set_admin(Admin.DRAIN, 1.0)
        self.assertEqual(self.server.condition(), "is draining")
        fail(self.server)
        self.assertEqual(self.server.condition(), "is down: SMTP said 554 No (L7STS), after 3 failed checks")
        self.server.set_admin(Admin.MAINT, 1.0)
        self.assertEqual(self.server.condition(), "is in maintenance")

    def test_a_weight_of_nothing_is_said(self) -> None:
        self.server.observe("smtp", PASSED, 1.0)
        self.server.set_weight(0, 1.0)
        self.assertEqual(self.server.condition(), "is up, but has weight 0")

    def test_a_missing_address_is_said(self) -> None:
        server = Server("ex2", Host("ex2", "ex2.example.com"), None, 25)
        self.assertEqual(server.condition(), "has no address yet")


class SlowStartTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.server = make_server("ex1", checks=[CHECK], slow_start=60.0, weight=2, maxconn=100)
        self.backend = make_backend(self.server)

    def strength(self) -> tuple[int, int]:
        return self.server.share, self.server.limit

    def test_there_is_none_at_process_start(self) -> None:
        self.server.observe("smtp", PASSED, 1.0)
        self.assertEqual(self.strength(), (2 * SHARE_OF_ONE, 100))
        self.assertFalse(self.server.slow_starting)

    def test_weight_and_maxconn_grow_from_the_moment_it_came_up(self) -> None:
        self.server.observe("smtp", FAILED, 1.0)
        heal(self.server, 100.0)
        seen = [self.strength()]
        for now in (115.0, 130.0, 159.0, 160.0):
            self.backend.tick(now)
            seen.append(self.strength())
        self.assertEqual(seen, [(1, 1), (128, 25), (256, 50), (503, 98), (512, 100)])
        self.assertFalse(self.server.slow_starting)

    def test_it_ends_when_the_server_goes_down_again(self) -> None:
        self.server.observe("smtp", FAILED, 1.0)
        heal(self.server, 100.0)
        fail(self.server, 110.0)
        self.assertFalse(self.server.slow_starting)
        heal(self.server, 200.0)
        self.assertEqual(self.strength(), (1, 1))

    def test_a_server_that_returns_from_stopping_starts_slowly(self) -> None:
        self.server.observe("smtp", PASSED, 1.0)
        stop(self.server, 10.0)
        heal(self.server, 20.0)
        self.assertTrue(self.server.slow_starting)

    def test_a_server_that_returns_from_maintenance_starts_slowly(self) -> None:
        self.server.observe("smtp", PASSED, 1.0)
        self.server.set_admin(Admin.MAINT, 10.0)
        self.server.set_admin(Admin.READY, 20.0)
        self.assertEqual(self.strength(), (1, 1))

    def test_a_server_that_was_drained_is_warm(self) -> None:
        self.server.observe("smtp", PASSED, 1.0)
        self.server.set_admin(Admin.DRAIN, 10.0)
        self.server.set_admin(Admin.READY, 20.0)
        self.assertFalse(self.server.slow_starting)

    def test_without_a_limit_only_the_weight_grows(self) -> None:
        self.server.set_maxconn(None, 0.0)
        self.server.observe("smtp", FAILED, 1.0)
        heal(self.server, 100.0)
        self.assertEqual(self.strength(), (1, UNLIMITED))

    def test_it_gets_few_sessions_at_first(self) -> None:
        other = make_server("ex2")
        self.server.set_maxconn(None, 0.0)
        self.server.set_weight(1, 0.0)
        self.server.observe("smtp", FAILED, 1.0)
        self.backend.add(other, 1.0)
        heal(self.server, 100.0)
        self.backend.tick(106.0)
        names = [get(self.backend).server.name for _ in range(110)]
        self.assertEqual(names.count("ex1"), 10)


class AdminTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.server = make_server("ex1", checks=[CHECK])
        self.backend = make_backend(self.server)
        self.told: list[Transition] = []
        self.backend.subscribe(self.told.append)

    def test_a_change_is_announced_once_with_who_did_it(self) -> None:
        self.server.set_admin(Admin.MAINT, 1.0, by="anna")
        self.server.set_admin(Admin.MAINT, 2.0, by="anna")
        self.assertEqual([str(one) for one in self.told], ["hub/ex1 is in maintenance: it was set to maint by anna"])

    def test_neither_axis_writes_the_other(self) -> None:
        self.server.set_admin(Admin.MAINT, 1.0)
        heal(self.server)
        self.assertEqual((self.server.operational, self.server.admin), (Operational.UP, Admin.MAINT))
        fail(self.server)
        self.server.set_admin(Admin.READY, 30.0)
        self.assertEqual((self.server.operational, self.server.admin), (Operational.DOWN, Admin.READY))


class AgentTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.server = make_server("ex1", checks=[CheckSpec("smtp", 1, 1)], weight=4, maxconn=100)
        self.backend = make_backend(self.server)
        self.server.observe("smtp", PASSED, 0.0)

    def test_weight_is_a_percentage_of_what_is_configured(self) -> None:
        self.server.agent(AgentAnswer(weight=75), 1.0)
        self.assertEqual(self.server.share, 3 * SHARE_OF_ONE)

    def test_a_weight_of_nothing_closes_it(self) -> None:
        self.server.agent(AgentAnswer(weight=0), 1.0)
        self.assertEqual(flags(self.server), "u")

    def test_maxconn_takes_the_place_of_what_is_configured(self) -> None:
        self.server.agent(AgentAnswer(maxconn=7), 1.0)
        self.assertEqual((self.server.limit, self.server.maxconn), (7, 100))

    def test_down_takes_it_out_whatever_the_checks_say(self) -> None:
        transition = self.server.agent(AgentAnswer(up=False, text="down disk full"), 1.0)
        self.assertEqual(str(transition), "hub/ex1 is down: its agent said down disk full")
        self.assertIsNone(self.server.observe("smtp", PASSED, 2.0))
        self.assertIsNotNone(self.server.agent(AgentAnswer(up=True), 3.0))
        self.assertEqual(flags(self.server), "ou")

    def test_its_admin_word_does_not_overwrite_what_people_set(self) -> None:
        self.server.set_admin(Admin.DRAIN, 1.0)
        self.server.agent(AgentAnswer(admin=Admin.MAINT), 2.0)
        self.assertIs(self.server.admin, Admin.MAINT)
        self.server.agent(AgentAnswer(admin=Admin.READY), 3.0)
        self.assertIs(self.server.admin, Admin.DRAIN)

    def test_what_it_does_not_speak_about_stays(self) -> None:
        self.server.agent(AgentAnswer(weight=50, maxconn=9, admin=Admin.DRAIN, text="50% drain"), 1.0)
        self.server.agent(AgentAnswer(text=""), 2.0)
        self.assertEqual((self.server.share, self.server.limit, self.server.admin), (2 * SHARE_OF_ONE, 9, Admin.DRAIN))

    def test_several_words_in_one_answer_all_count(self) -> None:
        told: list[str] = []
        self.backend.subscribe(lambda transition: told.append(str(transition)))
        self.server.agent(AgentAnswer(up=False, admin=Admin.DRAIN, text="down drain"), 1.0)
        self.assertEqual(told, ["hub/ex1 is draining: its agent said down drain", "hub/ex1 is down: its agent said down drain"])


class MappedTests(SynchronousTestCase):
    """A server whose port its endpoint mapper tells."""

    def setUp(self) -> None:
        self.server = Server("ex1", Host("ex1", "ex1.example.com"), "10.0.0.1", None, interface="emsmdb")
        self.backend = make_backend(self.server)
        self.doubts: list[int | None] = []
        self.server.when_in_doubt(lambda: self.doubts.append(self.server.port))

    def test_it_is_awaited_until_the_mapper_has_answered(self) -> None:
        self.assertEqual((flags(self.server), self.server.place(25), self.server.condition()), ("as", None, "has no port yet"))
        self.assertIsNone(self.server.mapped(6005, 1.0))
        self.assertEqual((flags(self.server), self.server.place(25)), ("ou", ("10.0.0.1", 6005)))

    def test_who_waits_for_the_port_gets_it(self) -> None:
        holder = Recorder()
        self.backend.acquire(holder, None, 0.5)
        self.server.mapped(6005, 1.0)
        self.assertEqual([lease.server for lease in holder.leases], [self.server])

    def test_nobody_waits_for_a_mapper_that_does_not_answer(self) -> None:
        self.server.mapping_failed("no answer", 1.0)
        self.assertEqual((flags(self.server), self.server.condition()), ("", "has no port: no answer"))

    def test_a_server_that_is_not_checked_yet_says_what_it_waits_for_in_vain(self) -> None:
        server = Server("ex2", Host("ex2", "ex2"), "10.0.0.2", None, interface="emsmdb", checks=[CHECK])
        self.backend.add(server, 0.0)
        self.assertEqual(server.condition(), "is starting")
        server.mapping_failed("no answer", 1.0)
        self.assertEqual(server.condition(), "has no port: no answer")

    def test_a_known_port_outlives_a_mapper_that_does_not_answer(self) -> None:
        self.server.mapped(6005, 1.0)
        self.server.mapping_failed("no answer", 2.0)
        self.assertEqual((flags(self.server), self.server.port), ("ou", 6005))

    def test_without_a_port_it_is_down_and_says_why(self) -> None:
        self.server.mapped(6005, 1.0)
        transition = self.server.unmapped("there is no emsmdb", 2.0)
        self.assertEqual(str(transition), "hub/ex1 is down: there is no emsmdb")
        self.assertEqual((flags(self.server), self.server.place(25)), ("", None))
        self.assertIsNone(self.server.unmapped("there is no emsmdb", 3.0))

    def test_with_a_port_it_is_what_its_checks_say(self) -> None:
        server = Server("ex2", Host("ex2", "ex2"), "10.0.0.2", None, interface="emsmdb", checks=[CHECK])
        self.backend.add(server, 0.0)
        server.unmapped("there is no emsmdb", 1.0)
        server.mapped(6005, 2.0)
        self.assertIs(server.operational, Operational.STARTING)
        heal(server, 3.0)
        self.assertEqual(flags(server), "ou")

    def test_checks_alone_bring_nobody_to_a_server_without_a_port(self) -> None:
        server = Server("ex2", Host("ex2", "ex2"), "10.0.0.2", None, interface="emsmdb", checks=[CHECK])
        self.backend.add(server, 0.0)
        heal(server, 3.0)
        self.assertEqual(flags(server), "as")

    def test_a_port_that_is_confirmed_changes_nothing(self) -> None:
        seen: list[str] = []
        self.server.mapped(6005, 1.0)
        self.backend.watch(lambda server: seen.append(server.name))
        self.server.mapped(6005, 2.0)
        self.assertEqual(seen, [])

    def test_another_address_has_another_port(self) -> None:
        self.server.mapped(6005, 1.0)
        self.server.resolved("10.0.0.1", 2.0)
        self.assertEqual((self.server.port, self.doubts), (6005, []))
        self.server.resolved("10.0.0.2", 2.0)
        self.assertEqual((self.server.port, flags(self.server), self.doubts), (None, "as", [None]))

    def test_a_connect_that_fails_is_a_doubt(self) -> None:
        self.server.mapped(6005, 1.0)
        get(self.backend).connect_failed(2.0)
        self.server.connects_failed_elsewhere(2, 3.0)
        self.server.connects_failed_elsewhere(0, 3.0)
        self.assertEqual(self.doubts, [6005, 6005])

    def test_sessions_end_with_the_port_where_that_is_wished(self) -> None:
        self.backend.on_marked_down = "shutdown-sessions"
        self.server.mapped(6005, 1.0)
        holder = Recorder()
        lease = self.backend.acquire(holder, None, 1.0)
        self.server.unmapped("there is no emsmdb", 2.0)
        self.assertEqual(holder.evictions, [(lease, "D")])

    def test_a_server_without_an_interface_takes_the_port_that_was_reached(self) -> None:
        server = Server("ex2", Host("ex2", "ex2"), "10.0.0.2", None)
        self.assertEqual((server.located, server.place(25), server.mapped_port), (True, ("10.0.0.2", 25), None))


class RecallTests(SynchronousTestCase):
    def test_what_was_found_before_holds_for_clients_at_once(self) -> None:
        server = make_server("ex1", checks=[CHECK])
        make_backend(server)
        name = next(iter(server.health.checks))
        server.recall({name: Verdict(Operational.UP)}, 0.0, 1.0)
        self.assertEqual(flags(server), "ou")
        self.assertFalse(server.slow_starting)


class MoveTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.server = make_server("ex1", checks=[CHECK])
        self.backend = make_backend(self.server)
        heal(self.server)
        self.doubts: list[int] = []
        self.server.when_in_doubt(lambda: self.doubts.append(1))

    def test_sessions_go_where_people_say_that_it_is(self) -> None:
        self.server.move("10.9.9.9", None, 30.0)
        self.assertEqual(self.server.place(99), ("10.9.9.9", 25))
        self.server.move("10.9.9.9", 26, 31.0)
        self.assertEqual((self.server.place(99), len(self.doubts)), (("10.9.9.9", 26), 2))

    def test_a_place_that_is_the_same_changes_nothing(self) -> None:
        self.server.move("10.0.0.1", 25, 30.0)
        self.assertEqual(self.doubts, [])

    def test_others_hear_of_the_port_too(self) -> None:
        told: list[int | None] = []
        self.backend.watch(lambda server: told.append(server.state(30.0).port))
        self.server.move("10.0.0.1", 26, 30.0)
        self.assertEqual(told[-1], 26)

    def test_a_port_that_an_endpoint_mapper_tells_is_not_set(self) -> None:
        mapped = make_server("ex2", interface="emsmdb")
        self.assertRaises(ValueError, mapped.move, "10.9.9.9", 26, 30.0)
        self.assertEqual(mapped.address, "10.0.0.1")

    def test_the_configured_weight_is_known_after_another_was_set(self) -> None:
        self.server.set_weight(9, 30.0)
        self.assertEqual((self.server.weight, self.server.configured_weight), (9, 1))


class BelievedTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.server = make_server("ex1", checks=[CHECK])
        make_backend(self.server)
        heal(self.server)

    def test_a_person_is_believed_until_checks_know_better(self) -> None:
        transition = self.server.set_health(Operational.DOWN, 30.0, "anna")
        assert transition is not None
        self.assertIn("is down: it was said to be down by anna", str(transition))
        self.server.observe(CHECK.name, PASSED, 31.0)
        self.assertEqual(flags(self.server), "", "one result is not enough")
        self.server.observe(CHECK.name, PASSED, 32.0)
        self.assertEqual(flags(self.server), "ou")

    def test_without_a_check_nobody_could_change_it_again(self) -> None:
        self.assertRaises(ValueError, make_server("ex2").set_health, Operational.DOWN, 30.0)


class BecomeTests(SynchronousTestCase):
    """The configuration says something else of it."""

    def setUp(self) -> None:
        self.server = make_server("one", weight=2, checks=[CHECK])
        self.hub = make_backend(self.server)
        heal(self.server, 1.0)

    def become(self, moved: bool = False, **settings: Any) -> None:
        self.server.become(make_server("one", **({"weight": 2, "checks": [CHECK]} | settings)), moved, 5.0)
        self.hub.settle(5.0)

    def test_what_was_set_by_hand_stays(self) -> None:
        self.server.set_admin(Admin.DRAIN, 2.0)
        self.server.set_weight(9, 2.0)
        self.become(maxconn=7, backup=True)
        self.assertEqual((self.server.admin, self.server.weight, self.server.maxconn), (Admin.DRAIN, 9, 7))
        self.assertTrue(self.server.backup)

    def test_a_weight_of_the_file_that_is_new_is_newer(self) -> None:
        self.server.set_weight(9, 2.0)
        self.become(weight=5)
        self.assertEqual(self.server.weight, 5)

    def test_one_that_has_moved_is_checked_anew(self) -> None:
        self.become(moved=True)
        self.assertEqual(self.server.operational, Operational.STARTING)
        self.assertTrue(self.server.awaited)

    def test_how_often_it_has_moved_is_known(self) -> None:
        self.become()
        self.assertEqual(self.server.moves, 0)
        self.become(moved=True)
        self.assertEqual(self.server.moves, 1)

    def test_a_check_that_is_new_has_to_find_fault_with_a_server_that_is_up(self) -> None:
        self.become(checks=[CHECK, CheckSpec("imap", fall=1)])
        self.assertEqual(self.server.operational, Operational.UP)
        self.server.observe("imap", FAILED, 6.0)
        self.assertEqual(self.server.operational, Operational.DOWN)

    def test_one_that_was_down_for_a_check_that_is_gone_is_up(self) -> None:
        fail(self.server, 2.0)
        self.become(checks=[])
        self.assertEqual(self.server.operational, Operational.UP)

    def test_an_agent_that_is_gone_has_nothing_to_say(self) -> None:
        self.server.agent(AgentAnswer(text="drain 10% down", up=False, admin=Admin.DRAIN, weight=10), 2.0)
        self.server.forget_agent(3.0)
        self.hub.settle(3.0)
        self.assertEqual((self.server.operational, self.server.admin), (Operational.UP, Admin.READY))
        self.assertEqual(self.server.share, 2 * SHARE_OF_ONE)
