"""How a line of commands is read."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin.haproxy.words import commands, words


class WordsTests(SynchronousTestCase):
    def test_commands_stand_between_semicolons(self) -> None:
        self.assertEqual(commands("show stat;show info"), ["show stat", "show info"])

    def test_a_semicolon_at_the_end_ends_the_last_one(self) -> None:
        self.assertEqual((commands("show stat; "), commands(""), commands(";")), (["show stat"], [""], [""]))

    def test_an_escaped_semicolon_is_part_of_a_word(self) -> None:
        self.assertEqual(commands(r"a\;b"), [r"a\;b"])
        self.assertEqual(words(r"a\;b"), ["a;b"])

    def test_an_escaped_backslash_escapes_nothing(self) -> None:
        self.assertEqual(commands(r"a\\;b"), [r"a\\", "b"])
        self.assertEqual(words(r"a\\ b"), ["a\\", "b"])

    def test_blanks_of_all_kinds_part_words(self) -> None:
        self.assertEqual(words("  show \t stat\r"), ["show", "stat"])
        self.assertEqual(words(r"one\ word"), ["one word"])
        self.assertEqual(words(""), [])
