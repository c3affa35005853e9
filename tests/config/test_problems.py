"""How problems are said."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from exproxy.config.problems import ConfigError, Place, Problem, did_you_mean, dotted


class ProblemTests(SynchronousTestCase):
    def test_a_problem_is_one_line(self) -> None:
        problem = Problem(
            Path("conf/site.toml"), 12, "backends.hub.balance", '"leastcon" is not an algorithm', 'did you mean "leastconn"?'
        )
        expected = f'{Path("conf/site.toml")}:12: backends.hub.balance: "leastcon" is not an algorithm; did you mean "leastconn"?'
        self.assertEqual(str(problem), expected)

    def test_a_problem_of_the_file_has_neither_line_nor_key(self) -> None:
        self.assertEqual(str(Problem(Path("x.toml"), None, "", "cannot be read")), "x.toml: cannot be read")

    def test_an_error_is_its_problems_line_by_line(self) -> None:
        error = ConfigError([Problem(Path("x"), 1, "a", "one"), Problem(Path("x"), 2, "b", "two")])
        self.assertEqual(str(error).splitlines(), ["x:1: a: one", "x:2: b: two"])

    def test_paths_are_written_as_toml_would(self) -> None:
        self.assertEqual(dotted(("hosts", "a.b", 'c"d', 2, "x")), 'hosts."a.b"."c\\"d"[2].x')

    def test_a_place_is_file_and_line(self) -> None:
        self.assertEqual([str(Place(Path("x"), 3)), str(Place(Path("x")))], ["x:3", "x"])


class DidYouMeanTests(SynchronousTestCase):
    def test_the_nearest_word_is_offered_whatever_its_case(self) -> None:
        self.assertEqual(did_you_mean("Backend", ["bind", "backend"]), 'did you mean "backend"?')

    def test_few_words_are_all_told(self) -> None:
        self.assertEqual(did_you_mean("zzz", ["a", "b"]), 'known here: "a", "b"')

    def test_many_words_are_not(self) -> None:
        self.assertEqual(did_you_mean("zzz", "abcdefghij"), "")
