import base64
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin.answers import Asked
from exproxy.admin.attempts import ALL, EACH
from exproxy.admin.callers import Caller
from exproxy.admin.logins import KEPT, WAITING, Account, LoginError, Logins


class FakeSecret:
    def __init__(self, password: str) -> None:
        self.password = password
        self.asked = 0

    def matches(self, password: str) -> bool:
        self.asked += 1
        return password == self.password


def basic(name: str, password: str) -> bytes:
    return b"Basic " + base64.b64encode(f"{name}:{password}".encode())


class LoginsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.secret = FakeSecret("sécret:1")
        self.logins = Logins(self.clock, {"anna": Account(self.secret, "operator")}, lambda call: succeed(call()))

    def check(self, authorization: bytes | None, address: str = "192.0.2.1") -> "Deferred[Caller]":
        return self.logins.check(Asked("GET", (), authorization=authorization, address=address))

    def refused(self, authorization: bytes | None, address: str = "192.0.2.1") -> LoginError:
        error = self.failureResultOf(self.check(authorization, address), LoginError).value
        assert isinstance(error, LoginError)
        return error

    def test_who_knows_the_password_is_let_in_with_the_role(self) -> None:
        found = self.successResultOf(self.check(basic("anna", "sécret:1")))
        self.assertEqual(found, Caller("anna", "operator"))

    def test_a_wrong_password_is_refused_and_logged_without_it(self) -> None:
        self.assertIn("no such user, or the password is another one", str(self.refused(basic("anna", "x"))))

    def test_who_is_not_there_takes_as_long_as_who_is(self) -> None:
        self.refused(basic("otto", "x"))
        self.assertEqual(self.secret.asked, 1)

    def test_the_password_of_another_is_of_no_use(self) -> None:
        self.refused(basic("otto", "sécret:1"))

    def test_what_is_no_login_is_refused_without_a_comparison(self) -> None:
        for said in (
            None,
            b"",
            b"Basic",
            b"Basic !!!",
            b"Basic " + base64.b64encode(b"\xff:x"),
            b"Bearer x",
            b"Basic YQ==",
            b"Basic " + b"A" * 4096,
        ):
            self.assertIn("log in", str(self.refused(said)))
        self.assertEqual(self.secret.asked, 0)

    def test_what_was_right_is_not_compared_again(self) -> None:
        for _ in range(3):
            self.clock.advance(3600.0)
            self.successResultOf(self.check(basic("anna", "sécret:1")))
        self.assertEqual(self.secret.asked, 1)

    def test_nor_while_others_fail_wherever_they_are(self) -> None:
        self.successResultOf(self.check(basic("anna", "sécret:1")))
        for number in range(ALL):
            self.refused(basic("anna", f"guess {number}"), f"192.0.2.{1 + number // EACH}")
        self.successResultOf(self.check(basic("anna", "sécret:1")))
        self.assertGreater(self.refused(basic("anna", "sécret:1 "), "192.0.2.99").wait, 0.0)

    def test_those_are_remembered_that_are_used(self) -> None:
        accounts = {f"user{number}": Account(self.secret, "viewer") for number in range(KEPT + 1)}
        logins = Logins(self.clock, accounts, lambda call: succeed(call()))
        for name in accounts:
            for one in (name, "user0"):
                asked = Asked("GET", (), authorization=basic(one, "sécret:1"), address="192.0.2.1")
                self.successResultOf(logins.check(asked))
        self.assertEqual(self.secret.asked, KEPT + 1)

    def test_a_reload_forgets_nobody_who_is_as_before(self) -> None:
        self.successResultOf(self.check(basic("anna", "sécret:1")))
        self.logins.change({"anna": Account(self.secret, "viewer")})
        self.assertEqual(self.successResultOf(self.check(basic("anna", "sécret:1"))), Caller("anna", "viewer"))
        self.assertEqual(self.secret.asked, 1)

    def test_too_many_wrong_ones_have_to_wait_and_others_need_not(self) -> None:
        for _ in range(EACH):
            self.assertEqual(self.refused(basic("anna", "x")).wait, 0.0)
        self.assertGreater(self.refused(basic("anna", "sécret:1")).wait, 0.0)
        self.assertEqual(self.secret.asked, EACH)
        self.successResultOf(self.check(basic("anna", "sécret:1"), "192.0.2.2"))

    def test_one_is_compared_after_the_other_and_few_may_wait(self) -> None:
        waiting: list[Deferred[bool]] = []

        def elsewhere(call: Callable[[], bool]) -> Any:
            waiting.append(Deferred())
            return waiting[-1].addCallback(lambda _: call())

        self.logins = Logins(self.clock, {"anna": Account(self.secret, "viewer")}, elsewhere)
        asked = [self.check(basic("anna", "x"), f"192.0.2.{number}") for number in range(WAITING)]
        self.assertEqual(len(waiting), 1)
        refused = self.refused(basic("anna", "x"), "192.0.2.99")
        self.assertEqual((refused.wait, str(refused)), (1.0, "too many want to log in at once: wait a little, then try again"))
        for number in range(WAITING):
            waiting[number].callback(True)
        for one in asked:
            self.failureResultOf(one, LoginError)

    def test_what_two_names_and_passwords_have_in_common_is_not_taken_for_one(self) -> None:
        self.logins = Logins(self.clock, {"anna": Account(FakeSecret("a\0b"), "viewer")}, lambda call: succeed(call()))
        self.successResultOf(self.check(basic("anna", "a\0b")))
        self.refused(basic("anna\0a", "b"))

    def test_users_that_leave_or_have_another_password_are_not_remembered(self) -> None:
        self.successResultOf(self.check(basic("anna", "sécret:1")))
        self.logins.change({"anna": Account(FakeSecret("other"), "operator")})
        self.refused(basic("anna", "sécret:1"))

    def test_a_password_that_is_compared_while_users_change_opens_nothing(self) -> None:
        waiting: Deferred[None] = Deferred()
        account = Account(self.secret, "operator")
        self.logins = Logins(self.clock, {"anna": account}, lambda call: waiting.addCallback(lambda _: call()))
        asked = self.check(basic("anna", "sécret:1"))
        self.logins.change({"anna": Account(self.secret, "viewer")})
        waiting.callback(None)
        self.failureResultOf(asked, LoginError)


class StayTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.secret = FakeSecret("secret")
        self.logins = Logins(
            self.clock, {"anna": Account(self.secret, "operator"), "otto": Account(FakeSecret("x"), "viewer")}, self.at_once
        )

    def at_once(self, call: Callable[[], bool]) -> "Deferred[bool]":
        return succeed(call())

    def enter(self, name: str = "anna", password: str = "secret", address: str = "192.0.2.1") -> tuple[str, Caller]:
        return self.successResultOf(self.logins.enter(name, password, address))  # type: ignore[no-any-return]  # Twisted's Any

    def known(self, session: str) -> Caller | None:
        return self.logins.known(Asked("GET", (), session=session))

    def test_who_logs_in_is_known_by_a_name_of_its_own_and_has_a_token(self) -> None:
        first, one = self.enter()
        second, other = self.enter()
        self.assertNotEqual(first, second)
        self.assertNotEqual(one.token, other.token)
        self.assertEqual(self.known(first), one)
        self.assertEqual((one.name, one.role, one.anonymous), ("anna", "operator", False))
        self.assertGreaterEqual(len(first), 43)

    def test_who_is_not_logged_in_any_more_is_told_so(self) -> None:
        error = self.failureResultOf(self.logins.check(Asked("GET", (), session="x" * 43)), LoginError).value
        self.assertEqual(str(error), "you are not logged in any more: log in again")

    def test_who_logs_out_is_not_known(self) -> None:
        session, caller = self.enter()
        self.logins.leave(session, caller)
        self.assertIsNone(self.known(session))

    def test_who_leaves_the_configuration_or_has_another_password_is_not_known(self) -> None:
        anna, _ = self.enter()
        otto, _ = self.enter("otto", "x")
        self.logins.change({"anna": Account(FakeSecret("other"), "operator")})
        self.assertEqual((self.known(anna), self.known(otto)), (None, None))

    def test_another_role_is_so_at_once_and_the_stay_goes_on(self) -> None:
        session, _ = self.enter()
        self.logins.change({"anna": Account(self.secret, "viewer")})
        caller = self.known(session)
        assert caller is not None
        self.assertEqual(caller.role, "viewer")

    def test_a_password_that_comes_along_counts_and_not_the_stay(self) -> None:
        session, _ = self.enter()
        asked = Asked("GET", (), session=session, authorization=basic("anna", "wrong"))
        self.failureResultOf(self.logins.check(asked), LoginError)

    def test_wrong_ones_are_counted_for_both_ways_together(self) -> None:
        for _ in range(EACH):
            self.failureResultOf(self.logins.enter("anna", "x", "192.0.2.1"), LoginError)
        self.assertGreater(self.wait(self.logins.enter("anna", "secret", "192.0.2.1")), 0.0)
        self.assertGreater(
            self.wait(self.logins.check(Asked("GET", (), authorization=basic("anna", "secret"), address="192.0.2.1"))), 0.0
        )

    def wait(self, answered: "Deferred[Any]") -> float:
        error = self.failureResultOf(answered, LoginError).value
        assert isinstance(error, LoginError)
        self.assertIn("too many logins have failed: wait 61 s", str(error))
        return error.wait

    def test_who_knows_one_password_may_not_guess_another_for_that(self) -> None:
        for _ in range(EACH):
            self.enter()
            self.failureResultOf(self.logins.enter("otto", "guess", "192.0.2.1"), LoginError)
        self.assertGreater(self.wait(self.logins.enter("otto", "x", "192.0.2.1")), 0.0)

    def test_a_browser_of_somebody_who_has_been_in_does_not_wait_for_what_strangers_try(self) -> None:
        mark = self.logins.mark("anna")
        for number in range(ALL):
            self.failureResultOf(self.logins.enter("anna", "guess", f"192.0.2.{1 + number // EACH}"), LoginError)
        self.failureResultOf(self.logins.enter("anna", "secret", "192.0.2.1"), LoginError)
        self.failureResultOf(self.logins.enter("anna", "secret", "192.0.2.99", "x" * 64), LoginError)
        self.failureResultOf(self.logins.enter("otto", "x", "192.0.2.99", mark), LoginError)
        self.successResultOf(self.logins.enter("anna", "secret", "192.0.2.1", mark))

    def test_a_mark_is_good_for_no_more_guesses_than_an_address(self) -> None:
        mark = self.logins.mark("anna")
        for number in range(EACH):
            self.failureResultOf(self.logins.enter("anna", "guess", f"192.0.2.{number}", mark), LoginError)
        self.assertGreater(self.wait(self.logins.enter("anna", "secret", "192.0.2.99", mark)), 0.0)
        self.successResultOf(self.logins.enter("anna", "secret", "192.0.2.99"))

    def test_without_users_nobody_can_log_in(self) -> None:
        self.logins.change({})
        self.assertFalse(self.logins.needed)
        self.failureResultOf(self.logins.enter("anna", "secret", ""), LoginError)

    def test_the_end_of_a_stay_is_told(self) -> None:
        session, caller = self.enter()
        told: list[str] = []
        self.logins.when_over(session, lambda: told.append("over"))
        self.logins.when_over(session, lambda: told.append("taken back"))()
        self.logins.leave(session, caller)
        self.logins.when_over(session, lambda: told.append("at once"))
        self.assertEqual(told, ["over", "at once"])
