"""Who guesses passwords is braked, and nobody else."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool.logins import KNOWN, SLOW_AT_ONCE, WIDER, Judgement, Logins

HOME, OFFICE, THIEF = b"home", b"office", b"thief"
FAILURES, PERIOD = 4, 60.0


class LoginsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.now = 6_000.0
        self.logins = Logins(FAILURES, PERIOD, b"secret")

    def tries(self, source: bytes, name: str, failed: bool | None, times: int = 1) -> None:
        """Attempts that reach a server, whatever :meth:`Logins.judge` would say."""
        for _ in range(times):
            self.logins.begin(source, self.logins.user(name), self.now).end(failed, self.now)

    def judge(self, source: bytes, name: str) -> Judgement:
        return self.logins.judge(source, self.logins.user(name), self.now)

    def test_a_user_who_fails_too_often_from_one_source_is_refused_there_for_a_while(self) -> None:
        self.tries(THIEF, "anna", True, FAILURES - 1)
        self.assertEqual(self.judge(THIEF, "anna"), Judgement(0.0))
        self.tries(THIEF, "anna", True)
        judgement = self.judge(THIEF, "anna")
        self.assertGreater(judgement.wait, 0.0)
        self.now += judgement.wait + 0.01
        self.assertEqual(self.judge(THIEF, "anna").wait, 0.0)

    def test_the_same_user_from_elsewhere_and_others_from_there_are_not(self) -> None:
        self.tries(THIEF, "anna", True, FAILURES)
        self.assertEqual((self.judge(HOME, "anna"), self.judge(THIEF, "bert")), (Judgement(0.0), Judgement(0.0)))

    def test_a_success_takes_no_failure_back(self) -> None:
        self.tries(THIEF, "anna", True, FAILURES - 1)
        self.tries(THIEF, "anna", False)
        self.tries(THIEF, "anna", True)
        self.assertGreater(self.judge(THIEF, "anna").wait, 0.0)

    def test_an_account_of_his_own_frees_nobody_for_those_of_others(self) -> None:
        for _ in range(FAILURES):
            self.tries(THIEF, "anna", True)
            self.tries(THIEF, "thief", False)
        self.assertGreater(self.judge(THIEF, "anna").wait, 0.0)

    def test_who_tries_one_password_with_everybody_is_refused_for_all_of_them(self) -> None:
        for number in range(WIDER * FAILURES):
            self.tries(THIEF, f"user {number}", True)
        self.assertGreater(self.judge(THIEF, "somebody else").wait, 0.0)

    def test_who_has_logged_in_from_there_is_not_locked_out_by_him(self) -> None:
        self.tries(OFFICE, "bert", False)
        for number in range(WIDER * FAILURES):
            self.tries(OFFICE, f"user {number}", True)
        self.assertEqual(self.judge(OFFICE, "bert"), Judgement(0.0))
        self.tries(OFFICE, "bert", True, FAILURES)
        self.assertGreater(self.judge(OFFICE, "bert").wait, 0.0)

    def test_a_user_who_is_guessed_from_everywhere_is_slowed_and_never_locked(self) -> None:
        for number in range(WIDER * FAILURES):
            self.tries(b"thief %d" % number, "anna", True)
        self.assertEqual(self.judge(b"somewhere new", "anna"), Judgement(0.0, slow=True))

    def test_many_guessers_are_not_fast_together(self) -> None:
        for number in range(WIDER * FAILURES):
            self.tries(b"thief %d" % number, "anna", True)
        user = self.logins.user("anna")
        attempts = [self.logins.begin(b"new %d" % number, user, self.now, slow=True) for number in range(SLOW_AT_ONCE)]
        self.assertGreater(self.judge(b"one more", "anna").wait, 0.0)
        attempts[0].end(None, self.now)
        self.assertEqual(self.judge(b"one more", "anna"), Judgement(0.0, slow=True))

    def test_who_has_waited_makes_room_for_the_next_one(self) -> None:
        for number in range(WIDER * FAILURES):
            self.tries(b"thief %d" % number, "anna", True)
        user = self.logins.user("anna")
        attempts = [self.logins.begin(b"new %d" % number, user, self.now, slow=True) for number in range(SLOW_AT_ONCE)]
        attempts[0].go_on()
        self.assertEqual(self.judge(b"one more", "anna"), Judgement(0.0, slow=True))
        self.logins.begin(b"one more", user, self.now, slow=True)
        attempts[0].end(None, self.now)
        self.assertGreater(self.judge(b"yet another", "anna").wait, 0.0)

    def test_where_she_logs_in_from_she_is_not_even_slowed_for_a_week(self) -> None:
        self.tries(HOME, "anna", False)
        for later, slow in ((0.0, False), (KNOWN - 120, False), (KNOWN, True)):
            self.now = 6_000.0 + later
            for number in range(WIDER * FAILURES):
                self.tries(b"thief %d" % number, "anna", True)
            self.assertEqual(self.judge(HOME, "anna").slow, slow)

    def test_many_guesses_at_once_are_as_many_guesses(self) -> None:
        user = self.logins.user("anna")
        attempts = [self.logins.begin(THIEF, user, self.now) for _ in range(FAILURES)]
        self.assertGreater(self.judge(THIEF, "anna").wait, 0.0)
        for attempt in attempts:
            attempt.end(None, self.now)
        self.assertEqual(self.judge(THIEF, "anna").wait, 0.0)

    def test_a_phone_that_has_logged_in_may_have_many_requests_that_wait(self) -> None:
        self.tries(HOME, "anna", False)
        user = self.logins.user("anna")
        attempts = [self.logins.begin(HOME, user, self.now) for _ in range(3 * FAILURES)]
        self.assertEqual(self.judge(HOME, "anna"), Judgement(0.0))
        for attempt in attempts:
            attempt.end(False, self.now)

    def test_what_she_has_begun_before_she_was_known_there_does_not_count_either(self) -> None:
        user = self.logins.user("anna")
        attempts = [self.logins.begin(HOME, user, self.now) for _ in range(FAILURES + 1)]
        self.assertGreater(self.judge(HOME, "anna").wait, 0.0)
        attempts.pop().end(False, self.now)
        self.logins.begin(HOME, user, self.now)
        self.assertEqual(self.judge(HOME, "anna"), Judgement(0.0))
        self.tries(HOME, "anna", True, FAILURES)
        self.assertGreater(self.judge(HOME, "anna").wait, 0.0)

    def test_what_nobody_knows_the_end_of_proves_nothing(self) -> None:
        self.tries(HOME, "anna", None, 3 * FAILURES)
        self.assertEqual(self.judge(HOME, "anna"), Judgement(0.0))
        for number in range(WIDER * FAILURES):
            self.tries(b"thief %d" % number, "anna", True)
        self.assertTrue(self.judge(HOME, "anna").slow)

    def test_a_user_stands_for_nobody_without_the_secret(self) -> None:
        user = self.logins.user("anna")
        self.assertNotIn(b"anna", user)
        self.assertEqual(user, Logins(9, 1.0, b"secret").user("anna"))
        self.assertNotEqual(user, Logins(9, 1.0, b"another").user("anna"))

    def test_its_memory_is_bounded(self) -> None:
        logins = Logins(FAILURES, PERIOD, b"secret", size=10)
        for number in range(100):
            for failed in (True, False):
                logins.begin(b"source %d" % number, logins.user(f"user {number}"), self.now).end(failed, self.now)
        self.assertEqual(len(logins), 4 * 10)

    def test_processes_count_together(self) -> None:
        other = Logins(FAILURES, PERIOD, b"secret")
        for logins in (self.logins, other):
            for table in logins.shared().values():
                table.share()
        self.tries(THIEF, "anna", True, FAILURES)
        self.tries(HOME, "anna", False)
        for name, table in self.logins.shared().items():
            for key, count in table.changes():
                other.shared()[name].elsewhere(key, count, self.now)
        self.assertGreater(other.judge(THIEF, other.user("anna"), self.now).wait, 0.0)
        self.assertEqual(other.judge(HOME, other.user("anna"), self.now), Judgement(0.0))
        self.assertEqual({name: len(table.changes()) for name, table in other.shared().items()}, dict.fromkeys(other.shared(), 0))
