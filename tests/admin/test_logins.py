import base64
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin.attempts import EACH
from exproxy.admin.callers import Caller
from exproxy.admin.logins import REMEMBERED, WAITING, Account, LoginError, Logins


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

    def refused(self, authorization: bytes | None, address: str = "192.0.2.1") -> LoginError:
        error = self.failureResultOf(self.logins.check(authorization, address), LoginError).value
        assert isinstance(error, LoginError)
        return error

    def test_who_knows_the_password_is_let_in_with_the_role(self) -> None:
        found = self.successResultOf(self.logins.check(basic("anna", "sécret:1"), "192.0.2.1"))
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

    def test_what_was_right_is_not_compared_again_for_a_while(self) -> None:
        for _ in range(3):
            self.successResultOf(self.logins.check(basic("anna", "sécret:1"), "192.0.2.1"))
        self.assertEqual(self.secret.asked, 1)
        self.clock.advance(REMEMBERED)
        self.successResultOf(self.logins.check(basic("anna", "sécret:1"), "192.0.2.1"))
        self.assertEqual(self.secret.asked, 2)

    def test_too_many_wrong_ones_have_to_wait_and_others_need_not(self) -> None:
        for _ in range(EACH):
            self.assertEqual(self.refused(basic("anna", "x")).wait, 0.0)
        self.assertGreater(self.refused(basic("anna", "sécret:1")).wait, 0.0)
        self.assertEqual(self.secret.asked, EACH)
        self.successResultOf(self.logins.check(basic("anna", "sécret:1"), "192.0.2.2"))

    def test_one_is_compared_after_the_other_and_few_may_wait(self) -> None:
        waiting: list[Deferred[bool]] = []

        def elsewhere(call: Callable[[], bool]) -> Any:
            waiting.append(Deferred())
            return waiting[-1].addCallback(lambda _: call())

        self.logins = Logins(self.clock, {"anna": Account(self.secret, "viewer")}, elsewhere)
        asked = [self.logins.check(basic("anna", "x"), f"192.0.2.{number}") for number in range(WAITING)]
        self.assertEqual(len(waiting), 1)
        self.assertGreater(self.refused(basic("anna", "x"), "192.0.2.99").wait, 0.0)
        for number in range(WAITING):
            waiting[number].callback(True)
        for one in asked:
            self.failureResultOf(one, LoginError)
