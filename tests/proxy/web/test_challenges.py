"""What an answer says of credentials."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool.logins import Logins
from exproxy.proxy.web.challenges import KNOWN, PATHS, Challenges, Proof
from tests.proxy.web.test_routes import head


class ChallengesTests(SynchronousTestCase):
    def test_401_says_that_they_are_wrong(self) -> None:
        self.assertIs(Challenges().answered(b"x", 401, 0.0), True)

    def test_another_answer_says_that_they_are_right_only_where_401_was_seen(self) -> None:
        challenges = Challenges()
        self.assertIsNone(challenges.answered(b"x", 200, 0.0))
        challenges.answered(b"x", 401, 0.0)
        self.assertEqual([challenges.answered(b"x", status, 1.0) for status in (200, 302)], [False, False])
        self.assertIsNone(challenges.answered(b"y", 200, 1.0))
        self.assertIsNone(challenges.answered(b"x", 200, KNOWN))

    def test_errors_say_nothing(self) -> None:
        challenges = Challenges()
        challenges.answered(b"x", 401, 0.0)
        self.assertEqual([challenges.answered(b"x", status, 0.0) for status in (-1, 403, 404, 500, 503)], [None] * 5)

    def test_so_many_are_remembered(self) -> None:
        challenges = Challenges()
        for number in range(PATHS + 50):
            challenges.answered(b"%d" % number, 401, 0.0)
        self.assertEqual(len(challenges), PATHS)


class ProofTests(SynchronousTestCase):
    def failures(self, *answers: tuple[str, str, int]) -> bool:
        """Whether one failure was found in requests and their answers."""
        logins, challenges = Logins(1, 60.0, b"secret"), Challenges()
        user = logins.user("anna")
        for method, target, status in answers:
            Proof(challenges, head(target, "a", method), logins.begin(b"source", user, 0.0)).end(status, 0.0)
        return logins.judge(b"source", user, 0.0).wait > 0

    def test_a_failure_is_told(self) -> None:
        self.assertTrue(self.failures(("GET", "/ews", 401)))
        self.assertFalse(self.failures(("GET", "/ews", 200)))

    def test_method_and_canonical_path_are_what_wants_a_password(self) -> None:
        challenges = Challenges()
        logins = Logins(9, 60.0, b"secret")

        def ask(method: str, target: str, status: int) -> int:
            Proof(challenges, head(target, "a", method), logins.begin(b"s", logins.user("anna"), 0.0)).end(status, 0.0)
            return len(challenges)

        self.assertEqual([ask("POST", "/EWS?a", 401), ask("POST", "/%65ws?b", 401), ask("GET", "/ews", 401)], [1, 1, 2])
