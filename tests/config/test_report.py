"""Problems with their lines, without those that only follow from others."""

from exproxy.config.report import Report, first, settings
from exproxy.config.sections import DefaultsSection, TimingSection
from exproxy.config.sources import Tree, read
from tests.config.support import ConfigTestCase


class ReportTests(ConfigTestCase):
    def tree(self) -> Tree:
        return read(self.write('[hosts]\nex1 = "10.0.0.1"\n'), {})

    def test_a_name_that_is_there_is_no_problem(self) -> None:
        report = Report(self.tree())
        self.assertTrue(report.reference(("x",), "hosts", "ex1"))
        self.assertEqual(report.tree.problems, [])

    def test_a_name_that_is_not_there_offers_the_nearest(self) -> None:
        report = Report(self.tree())
        self.assertFalse(report.reference(("hosts", "x"), "hosts", "ex2"))
        self.assertEqual(report.tree.problems[0].hint, 'did you mean "ex1"?')

    def test_a_name_that_a_broken_template_would_make_is_no_problem(self) -> None:
        self.assertTrue(Report(self.tree(), expected=frozenset({"ex9"})).reference(("x",), "hosts", "ex9"))

    def test_what_follows_from_a_value_that_was_taken_out_is_not_said(self) -> None:
        report = Report(self.tree(), damaged=frozenset({("hosts", "ex1")}))
        report.problem(("hosts",), "there are none")
        self.assertEqual(report.tree.problems, [])

    def test_the_same_problem_is_told_once(self) -> None:
        report = Report(self.tree())
        for _ in range(2):
            report.problem(("hosts",), "there are none")
        self.assertEqual(len(report.tree.problems), 1)

    def test_a_file_is_looked_for_beside_the_configuration(self) -> None:
        self.assertEqual(Report(self.tree()).file(("hosts",), "ca.pem"), self.folder / "ca.pem")

    def test_a_warning_is_no_problem(self) -> None:
        report = Report(self.tree())
        report.warning(("hosts", "ex1"), "nobody uses it")
        self.assertEqual((report.tree.problems, report.warnings[0].line), ([], 2))

    def test_what_one_line_has_made_for_many_is_told_once(self) -> None:
        report = Report(self.tree())
        for name in ("one", "two"):
            report.warning(("hosts", "ex1", name), "nobody uses it")
        report.warning(("hosts", "ex1"), "it is far away")
        self.assertEqual([warning.message for warning in report.warnings], ["nobody uses it", "it is far away"])

    def test_what_is_not_built_is_said_so(self) -> None:
        report = Report(self.tree())
        report.later(("hosts",), "this", "use that")
        self.assertEqual(str(report.tree.problems[0]).partition(": ")[2], "hosts: this is not built yet; use that")


class SettingsTests(ConfigTestCase):
    def test_the_first_value_counts(self) -> None:
        self.assertEqual([first(None, 0, 1), first(None)], [0, None])

    def test_the_first_section_that_says_something_counts(self) -> None:
        sections = (DefaultsSection(retries=1), DefaultsSection(retries=2, queue_size=3), TimingSection())
        self.assertEqual(settings(("retries", "queue_size", "backlog"), sections), {"retries": 1, "queue_size": 3})

    def test_nothing_and_no_are_said_too(self) -> None:
        sections = (DefaultsSection(retries=0, redispatch=False), DefaultsSection(retries=2, redispatch=True))
        self.assertEqual(settings(("retries", "redispatch"), sections), {"retries": 0, "redispatch": False})

    def test_what_only_a_later_section_knows_of_counts(self) -> None:
        self.assertEqual(settings(["retries"], (TimingSection(), DefaultsSection(retries=3))), {"retries": 3})

    def test_without_sections_nothing_is_said(self) -> None:
        self.assertEqual(settings(["retries"], ()), {})
