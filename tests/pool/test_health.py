from collections.abc import Sequence
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool import Backend, Host, Server
from exproxy.pool.health import HISTORY, CheckResult, CheckSpec, Health, Verdict
from exproxy.pool.states import Operational
from tests.pool.support import CHECK, FAILED, PASSED, STOPPING

RESULTS = {"p": PASSED, "f": FAILED, "s": STOPPING}
LETTERS = {Operational.STARTING: "?", Operational.UP: "U", Operational.STOPPING: "S", Operational.DOWN: "D"}

TABLE = {
    # results and the states after each: rise 2, fall 3
    "p": "U",
    "f": "D",
    "s": "S",
    "pff": "UUU",
    "pfff": "UUUD",
    "pffpff": "UUUUUU",
    "psss": "UUUS",
    "psspss": "UUUUUU",
    "pffs": "UUUS",
    "pssf": "UUUS",
    "pfsf": "UUUS",
    "fp": "DD",
    "fpp": "DDU",
    "fpfpp": "DDDDU",
    "fss": "DDD",
    "fsss": "DDDS",
    "spp": "SSU",
    "sp": "SS",
    "sff": "SSS",
    "sfff": "SSSD",
    "sffsff": "SSSSSS",
    "sfffpp": "SSSDDU",
    "pfffpp": "UUUDDU",
}


class OneCheckTests(SynchronousTestCase):
    def test_states_follow_the_results(self) -> None:
        for results, states in TABLE.items():
            health = Health([CheckSpec("smtp", rise=2, fall=3)])
            seen = ""
            for result in results:
                health.observe("smtp", RESULTS[result], 1.0)
                seen += LETTERS[health.operational]
            self.assertEqual(seen, states, results)

    def test_it_is_starting_before_the_first_result(self) -> None:
        self.assertIs(Health([CheckSpec("smtp")]).operational, Operational.STARTING)

    def test_the_first_result_counts_at_once_whatever_rise_and_fall_say(self) -> None:
        health = Health([CheckSpec("smtp", rise=9, fall=9)])
        health.observe("smtp", PASSED, 1.0)
        self.assertIs(health.operational, Operational.UP)

    def test_a_transition_says_from_where_to_where_when_and_why(self) -> None:
        health = Health([CheckSpec("smtp", rise=2, fall=3)], "hub/ex2")
        health.observe("smtp", PASSED, 1.0)
        transitions = [health.observe("smtp", FAILED, at) for at in (2.0, 3.0, 4.0)]
        self.assertEqual(transitions[:2], [None, None])
        down = transitions[2]
        assert down is not None
        self.assertEqual((down.old, down.new, down.at), (Operational.UP, Operational.DOWN, 4.0))
        self.assertEqual(str(down), "hub/ex2 is down: SMTP said 554 No (L7STS), after 3 failed checks")
        self.assertEqual(health.since, 4.0)

    def test_stopping_and_coming_back_are_sentences(self) -> None:
        health = Health([CheckSpec("smtp", rise=2, fall=2)], "hub/ex2")
        health.observe("smtp", PASSED, 1.0)
        sentences = [str(health.observe("smtp", result, 2.0)) for result in (STOPPING, STOPPING, PASSED, PASSED)]
        self.assertEqual(
            sentences,
            [
                "None",
                "hub/ex2 is stopping: SMTP said 421 4.3.2 Service not active: Exchange is in maintenance, in 2 checks in a row",
                "None",
                "hub/ex2 is up: SMTP said 220 ready, after 2 passed checks",
            ],
        )

    def test_a_mixture_says_that_it_is_one(self) -> None:
        health = Health([CheckSpec("smtp", fall=2)], "hub/ex2")
        for result in (PASSED, STOPPING):
            health.observe("smtp", result, 1.0)
        stopping = health.observe("smtp", FAILED, 2.0)
        self.assertEqual(str(stopping), "hub/ex2 is stopping: SMTP said 554 No (L7STS), after 2 failed or stopping checks")

    def test_a_first_failure_needs_no_count(self) -> None:
        health = Health([CheckSpec("smtp")], "hub/ex2")
        self.assertEqual(str(health.observe("smtp", FAILED, 1.0)), "hub/ex2 is down: SMTP said 554 No (L7STS)")

    def test_a_result_without_a_text_is_told_by_its_status(self) -> None:
        health = Health([CheckSpec("smtp")], "hub/ex2")
        self.assertEqual(str(health.observe("smtp", CheckResult(False, status="L4TOUT"), 1.0)), "hub/ex2 is down: L4TOUT")

    def test_in_transition_is_when_the_last_results_speak_against_the_state(self) -> None:
        for results, expected in {
            "": 0,
            "p": 0,
            "pf": 1,
            "ps": 1,
            "pfff": 0,
            "pfffp": 1,
            "s": 0,
            "sp": 1,
            "sf": 1,
            "f": 0,
            "fs": 1,
        }.items():
            health = Health([CheckSpec("smtp", rise=2, fall=3)])
            for result in results:
                health.observe("smtp", RESULTS[result], 1.0)
            self.assertEqual(health.in_transition, bool(expected), results)

    def test_the_last_result_is_remembered_with_its_time(self) -> None:
        health = Health([CheckSpec("smtp")])
        health.observe("smtp", PASSED, 1.0)
        health.observe("smtp", FAILED, 2.0)
        self.assertEqual((health.checks["smtp"].last, health.checks["smtp"].last_at), (FAILED, 2.0))

    def test_history_is_bounded(self) -> None:
        health = Health([CheckSpec("smtp", rise=1, fall=1)])
        for at in range(50):
            health.observe("smtp", FAILED if at % 2 else PASSED, float(at))
        self.assertEqual(len(health.history), HISTORY)
        self.assertEqual(health.history[-1].at, 49.0)

    def test_a_check_that_there_is_not_is_an_error(self) -> None:
        self.assertRaises(KeyError, Health([CheckSpec("smtp")]).observe, "imap", PASSED, 1.0)

    def test_a_rise_or_fall_of_nothing_is_refused(self) -> None:
        self.assertRaises(ValueError, CheckSpec, "smtp", rise=0)
        self.assertRaises(ValueError, CheckSpec, "smtp", fall=0)

    @given(st.lists(st.sampled_from("pfs"), max_size=60), st.integers(1, 4), st.integers(1, 4))
    def test_enough_equal_results_always_decide(self, results: Sequence[str], rise: int, fall: int) -> None:
        health = Health([CheckSpec("smtp", rise=rise, fall=fall)])
        for result in results:
            health.observe("smtp", RESULTS[result], 1.0)
        for result, count, state in (
            (PASSED, rise, Operational.UP),
            (FAILED, fall, Operational.DOWN),
            (STOPPING, fall, Operational.STOPPING),
        ):
            for _ in range(count):
                health.observe("smtp", result, 1.0)
            self.assertIs(health.operational, state)
            self.assertFalse(health.in_transition)


class SeveralChecksTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.health = Health([CheckSpec("owa", 1, 1), CheckSpec("ews", 1, 1), CheckSpec("oab", 1, 1, required=False)], "web/ex1")

    def observe(self, **results: CheckResult) -> list[str]:
        return [str(self.health.observe(check, result, 1.0)) for check, result in results.items()]

    def test_all_required_checks_have_to_pass(self) -> None:
        self.observe(owa=PASSED)
        self.assertIs(self.health.operational, Operational.STARTING)
        self.observe(ews=PASSED)
        self.assertIs(self.health.operational, Operational.UP)

    def test_one_that_fails_takes_it_down_and_is_named(self) -> None:
        self.assertEqual(self.observe(owa=PASSED, ews=FAILED)[1], "web/ex1 is down: check ews: SMTP said 554 No (L7STS)")

    def test_each_check_counts_for_itself(self) -> None:
        health = Health([CheckSpec("owa", 1, 2), CheckSpec("ews", 1, 2)])
        for check, result in (("owa", PASSED), ("ews", PASSED), ("owa", FAILED), ("ews", FAILED)):
            health.observe(check, result, 1.0)
        self.assertIs(health.operational, Operational.UP)

    def test_one_that_is_not_required_only_warns(self) -> None:
        self.observe(owa=PASSED, ews=PASSED, oab=FAILED)
        self.assertIs(self.health.operational, Operational.UP)
        self.assertEqual(self.health.warnings, ("check oab: SMTP said 554 No",))

    def test_the_warnings_of_passed_checks_are_kept_too(self) -> None:
        self.observe(owa=CheckResult(True, warnings=("the certificate ends in 9 days",)))
        self.assertEqual(self.health.warnings, ("check owa: the certificate ends in 9 days",))

    def test_down_is_worse_than_stopping(self) -> None:
        self.observe(owa=STOPPING, ews=FAILED)
        self.assertIs(self.health.operational, Operational.DOWN)

    def test_the_reason_is_that_of_the_check_that_is_left_unwell(self) -> None:
        self.observe(owa=FAILED, ews=STOPPING)
        sentence = self.observe(owa=PASSED)[0]
        self.assertTrue(sentence.startswith("web/ex1 is stopping: check ews: SMTP said 421"), sentence)

    def test_a_server_without_required_checks_is_up_at_once(self) -> None:
        self.assertIs(Health().operational, Operational.UP)
        self.assertIs(Health([CheckSpec("oab", required=False)]).operational, Operational.UP)


class SuspectTests(SynchronousTestCase):
    def test_counts_as_a_failed_check(self) -> None:
        health = Health([CheckSpec("smtp", fall=2)], "hub/ex1")
        health.observe("smtp", PASSED, 1.0)
        self.assertIsNone(health.suspect("10 connects failed", 2.0))
        self.assertTrue(health.in_transition)
        self.assertEqual(
            str(health.suspect("10 connects failed", 3.0)), "hub/ex1 is down: 10 connects failed (L4CON), after 2 failed checks"
        )

    def test_does_not_decide_what_a_starting_server_is(self) -> None:
        health = Health([CheckSpec("smtp", fall=1)])
        health.suspect("10 connects failed", 1.0)
        self.assertIs(health.operational, Operational.STARTING)


class AgentTests(SynchronousTestCase):
    def test_the_server_is_up_only_if_checks_and_agent_say_so(self) -> None:
        health = Health([CheckSpec("smtp", 1, 1)], "hub/ex1")
        health.observe("smtp", PASSED, 1.0)
        self.assertEqual(str(health.agent(False, "its agent said down", 2.0)), "hub/ex1 is down: its agent said down")
        health.observe("smtp", FAILED, 3.0)
        self.assertIsNone(health.agent(True, "its agent said up", 4.0))
        self.assertIs(health.operational, Operational.DOWN)
        self.assertIsNotNone(health.observe("smtp", PASSED, 5.0))
        self.assertIs(health.operational, Operational.UP)

    def test_an_agent_does_not_end_the_start(self) -> None:
        health = Health([CheckSpec("smtp")])
        health.agent(True, "its agent said up", 1.0)
        self.assertIs(health.operational, Operational.STARTING)


class LocateTests(SynchronousTestCase):
    def test_without_a_port_a_server_is_down_whatever_its_checks_say(self) -> None:
        health = Health([CHECK], "hub/ex1")
        health.observe("smtp", PASSED, 1.0)
        self.assertEqual(str(health.locate("no port", "no port", 2.0)), "hub/ex1 is down: no port")
        self.assertIsNone(health.observe("smtp", PASSED, 3.0))
        self.assertEqual(str(health.locate("", "at port 6005", 4.0)), "hub/ex1 is up: at port 6005")

    def test_the_missing_port_is_the_reason_before_any_other(self) -> None:
        health = Health([CHECK], "hub/ex1")
        for _ in range(3):
            health.observe("smtp", FAILED, 1.0)
        self.assertIsNone(health.locate("no port", "no port", 2.0))
        self.assertEqual(health.reason, "no port")


class OffersTests(SynchronousTestCase):
    def test_what_a_server_offers_is_what_it_said_when_it_last_passed(self) -> None:
        health = Health([CheckSpec("imap"), CheckSpec("tcp")])
        self.assertIsNone(health.offers)
        for check, result in (
            ("imap", CheckResult(passed=True, offers=("A",))),
            ("imap", CheckResult(passed=False, offers=("B",))),
            ("tcp", CheckResult(passed=True)),
        ):
            health.observe(check, result, 1.0)
        self.assertEqual(health.offers, ("A",))

    def test_who_watches_is_told_of_new_offers_though_it_is_no_transition(self) -> None:
        server = Server("one", Host("one", "192.0.2.1"), "192.0.2.1", 143, checks=[CheckSpec("imap")])
        backend = Backend("hub", rng=Random(1))
        backend.add(server, 0.0)
        server.observe("imap", CheckResult(passed=True, offers=("A",)), 1.0)
        told: list[str] = []
        backend.watch(lambda server: told.append(server.name))
        for offers in (("A",), ("A", "B"), ("A", "B")):
            server.observe("imap", CheckResult(passed=True, offers=offers), 2.0)
        self.assertEqual(told, ["one"])


class RecallTests(SynchronousTestCase):
    """What another process has found is where checks go on."""

    def health(self, **verdicts: Verdict) -> Health:
        health = Health([CheckSpec("smtp", rise=2, fall=3), CheckSpec("http", rise=2, fall=3)], "hub/ex1")
        health.recall(verdicts, 40.0, 100.0)
        return health

    def test_one_that_was_down_stays_so_until_its_checks_say_otherwise(self) -> None:
        health = self.health(smtp=Verdict(Operational.DOWN, "it said 554"), http=Verdict(Operational.UP))
        self.assertEqual((health.operational, health.since), (Operational.DOWN, 40.0))
        self.assertEqual(health.reason, "check smtp: it said 554")
        health.observe("smtp", PASSED, 101.0)
        self.assertIs(health.operational, Operational.DOWN)
        health.observe("smtp", PASSED, 102.0)
        self.assertIs(health.operational, Operational.UP)

    def test_one_that_was_up_is_so_at_once_and_falls_as_ever(self) -> None:
        health = self.health(smtp=Verdict(Operational.UP), http=Verdict(Operational.UP))
        self.assertIs(health.operational, Operational.UP)
        health.observe("smtp", FAILED, 101.0)
        self.assertIs(health.operational, Operational.UP)

    def test_a_check_of_which_nothing_is_known_is_waited_for(self) -> None:
        self.assertIs(
            self.health(smtp=Verdict(Operational.UP), other=Verdict(Operational.DOWN)).operational, Operational.STARTING
        )

    def test_what_was_found_here_is_newer(self) -> None:
        health = Health([CheckSpec("smtp")])
        health.observe("smtp", PASSED, 1.0)
        self.assertIsNone(health.recall({"smtp": Verdict(Operational.DOWN, "old")}, 0.0, 2.0))
        self.assertEqual((health.operational, health.since), (Operational.UP, 1.0))
