"""A configuration is read anew, one at a time, or everything stays."""

from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin.reloading import NotReloadedError
from exproxy.config import model
from exproxy.config.problems import ConfigError, Problem
from exproxy.site.errors import SiteError
from exproxy.site.reloading import Reloading
from tests.site.hearing import hear

NEW = model.Configuration(files=())


class ReloadingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.applied: list[model.Configuration] = []
        self.answers: list[object] = []
        self.heard = hear(self)
        self.reloading = Reloading(self.apply)
        self.reloading.read_by(lambda: NEW)

    def apply(self, new: model.Configuration) -> object:
        self.applied.append(new)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def refused(self) -> tuple[str, ...]:
        return self.failureResultOf(self.reloading.reload(), NotReloadedError).value.problems

    def test_what_has_changed_is_told_and_logged(self) -> None:
        self.answers = [("server hub/ex3 was added", "table cas was changed")]
        self.assertEqual(self.successResultOf(self.reloading.reload()), ("server hub/ex3 was added", "table cas was changed"))
        self.assertEqual(self.heard, ["the configuration was read anew: server hub/ex3 was added; table cas was changed"])

    def test_so_is_that_nothing_has(self) -> None:
        self.answers = [()]
        self.successResultOf(self.reloading.reload())
        self.assertEqual(self.heard, ["the configuration was read anew: nothing has changed"])

    def test_a_file_that_is_wrong_is_not_applied_and_each_problem_is_told(self) -> None:
        file = Path("/x.toml")

        def load() -> model.Configuration:
            raise ConfigError([Problem(file, line, "smtp", "is wrong") for line in (3, 9)])

        self.reloading.read_by(load)
        self.assertEqual(self.refused(), tuple(f"{file}:{line}: smtp: is wrong" for line in (3, 9)))
        self.assertEqual(self.applied, [])
        self.assertEqual(len(self.heard), 2)
        self.assertIn(f"all is as it was: {file}:9: smtp: is wrong", self.heard[1])

    def test_what_cannot_be_had_is_told(self) -> None:
        self.answers = [SiteError(["frontends.smtp: cannot listen"])]
        self.assertEqual(self.refused(), ("frontends.smtp: cannot listen",))

    def test_that_it_was_refused_is_known_until_one_holds(self) -> None:
        self.answers = [SiteError(["frontends.smtp: cannot listen"]), ()]
        self.assertFalse(self.reloading.refused)
        self.refused()
        self.assertTrue(self.reloading.refused)
        self.successResultOf(self.reloading.reload())
        self.assertFalse(self.reloading.refused)

    def test_an_error_of_ours_is_logged_as_one(self) -> None:
        self.answers = [ZeroDivisionError()]
        self.assertIn("exproxy made an error", self.refused()[0])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_who_asks_while_one_is_under_way_has_it_read_again_afterwards(self) -> None:
        under_way: Deferred[tuple[str, ...]] = Deferred()
        self.answers = [under_way, ("more",)]
        first, second = self.reloading.reload(), self.reloading.reload()
        self.assertEqual(len(self.applied), 1)
        under_way.callback(())
        self.assertEqual(self.successResultOf(first), ())
        self.assertEqual(self.successResultOf(second), ("more",))

    def test_all_who_ask_meanwhile_share_one(self) -> None:
        under_way: Deferred[tuple[str, ...]] = Deferred()
        self.answers = [under_way, SiteError(["no"])]
        first, *others = (self.reloading.reload() for _ in range(20))
        under_way.callback(())
        self.successResultOf(first)
        for asked in others:
            self.assertEqual(self.failureResultOf(asked, NotReloadedError).value.problems, ("no",))
        self.assertEqual(len(self.applied), 2)

    def test_one_that_was_refused_does_not_hold_up_the_next(self) -> None:
        self.answers = [SiteError(["no"]), ()]
        self.refused()
        self.assertEqual(self.successResultOf(self.reloading.reload()), ())

    def test_a_signal_has_nobody_to_be_told(self) -> None:
        self.answers = [SiteError(["no"])]
        self.reloading.signalled()
        self.assertEqual(self.heard, ["the configuration was not read anew, and all is as it was: no"])

    def test_a_process_that_ends_reads_nothing(self) -> None:
        self.reloading.end()
        self.assertEqual(self.refused(), ("the process ends",))
        self.assertEqual(self.applied, [])

    def test_without_a_file_there_is_nothing_to_read(self) -> None:
        self.assertEqual(
            self.failureResultOf(Reloading(self.apply).reload(), NotReloadedError).value.problems, ("there is no file to read",)
        )
