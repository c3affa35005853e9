"""Which command is meant, and help."""

from tests.admin.haproxy.stage import RuntimeStage

LAST = """\
  help [<command>]                        : list matching or all commands
  prompt                                  : toggle interactive mode with prompt
  quit                                    : disconnect

"""


class ManualTests(RuntimeStage):
    def test_help_lists_all_in_order(self) -> None:
        first, *lines = self.say("help").splitlines(keepends=True)
        self.assertEqual(first, "The following commands are valid at this level:\n")
        self.assertEqual("".join(lines[-4:]), LAST)
        self.assertEqual(lines[:-4], sorted(lines[:-4]))
        self.assertTrue(all(line[42:44] == ": " for line in lines[:-1]), lines)

    def test_help_with_words_lists_what_they_may_mean(self) -> None:
        self.assertEqual(
            [line.split()[:2] for line in self.say("help show servers").splitlines()[1:3]], [["show", "servers"]] * 2
        )

    def test_an_unknown_command_is_answered_by_those_that_are_like_it(self) -> None:
        said = self.say("show foo")
        self.assertTrue(
            said.startswith("Unknown command, but maybe one of the following ones is a better match:\n  show backend")
        )
        self.assertTrue(said.endswith(LAST))
        self.assertNotIn("set server", said)
        self.assertIn("  show stat", self.say("shwo stat"))

    def test_no_command_is_answered_by_all(self) -> None:
        said = self.say("")
        self.assertTrue(said.startswith("Unknown command. Please enter one of the following commands only:\n"))
        self.assertIn("  show stat", said)

    def test_words_have_to_be_written_as_they_are(self) -> None:
        self.assertIn("Unknown command", self.say("SHOW STAT"))

    def test_who_has_given_up_a_level_is_refused(self) -> None:
        self.assertEqual(self.say("user"), "\n")
        for command in ("set server smtp/ex1 state maint", "show sess", "operator"):
            self.assertEqual(self.say(command), "Permission denied\n\n")
        self.assertEqual(self.server("smtp/ex1").own_admin.value, "ready")

    def test_prompt_and_quit_are_heard(self) -> None:
        self.assertEqual(self.say("prompt"), "\n> ")
        self.assertEqual(self.say("prompt"), "\n")
        self.assertEqual((self.say("quit"), self.conversation.over), ("", True))
