"""Commands about the conversation."""

from exproxy.admin.haproxy.conversation import LONGEST
from tests.admin.haproxy.stage import RuntimeStage


class TalkingTests(RuntimeStage):
    def test_levels_go_down_only(self) -> None:
        self.assertEqual(self.say("show cli level"), "admin\n\n")
        self.say("operator")
        self.assertEqual(self.say("show cli level"), "operator\n\n")
        self.say("user")
        self.assertEqual((self.say("operator"), self.say("show cli level")), ("Permission denied\n\n", "user\n\n"))

    def test_a_timeout_can_be_longer_and_not_endless(self) -> None:
        for said, seconds in (("60", 60.0), ("500ms", 0.5), ("2m", 120.0), ("9d", LONGEST)):
            self.assertEqual(self.say(f"set timeout cli {said}"), "\n")
            self.assertEqual(self.conversation.idle, seconds)

    def test_what_is_no_timeout_is_refused(self) -> None:
        for said in ("abc", "5x", "0", "-1"):
            self.assertEqual(self.say(f"set timeout cli {said}"), "Invalid timeout value.\n\n")
        self.assertEqual(self.say("set timeout cli"), "Expects an integer value.\n\n")
        self.assertEqual(self.say("set timeout"), "'set timeout' only supports 'cli'.\n\n")
