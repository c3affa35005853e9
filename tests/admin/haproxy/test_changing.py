"""Commands that change servers."""

from exproxy import pool
from tests.admin.haproxy.stage import RuntimeStage

OPERATED = "'set server <srv> state' expects 'ready', 'drain' and 'maint'."


class ChangingTests(RuntimeStage):
    def test_a_state_is_set_and_audited(self) -> None:
        heard = self.hear()
        self.assertEqual(self.say("set server smtp/ex1 state drain"), "\n")
        self.assertIs(self.server("smtp/ex1").own_admin, pool.Admin.DRAIN)
        self.assertEqual(heard, ["audit: uid 7 at the socket set server smtp/ex1 to drain, which was ready"])

    def test_disabling_is_maintenance_and_enabling_ends_it(self) -> None:
        self.say("disable server smtp/ex1")
        self.assertIs(self.server("smtp/ex1").own_admin, pool.Admin.MAINT)
        self.say("enable server smtp/ex1")
        self.assertIs(self.server("smtp/ex1").own_admin, pool.Admin.READY)

    def test_a_weight_is_absolute_or_a_part_of_the_one_that_was_configured(self) -> None:
        for command, weight in (
            ("set server smtp/ex1 weight 4", 4),
            ("set weight smtp/ex1 200%", 2),
            ("set weight smtp/ex1 0", 0),
            ("set weight smtp/ex1 100000%", 256),
            ("set weight smtp/ex1 50%", 0),
            ("set weight smtp/ex1 100%", 1),
        ):
            self.assertEqual(self.say(command), "\n")
            self.assertEqual(self.server("smtp/ex1").weight, weight, command)

    def test_what_makes_no_sense_is_refused_in_haproxys_words_and_changes_nothing(self) -> None:
        heard = self.hear()
        for command, answer in (
            ("set server", "Require 'backend/server'.\n"),
            ("set server smtp/ex9 state maint", "No such server.\n"),
            ("set server smtp/ex1 state", OPERATED + "\n"),
            ("set server smtp/ex1 state away", OPERATED + "\n"),
            ("set server smtp/ex1 weight", "Require <weight> or <weight%>.\n"),
            ("set server smtp/ex1 weight 257", "Absolute weight can only be between 0 and 256 inclusive.\n"),
            ("set server smtp/ex1 weight -1", "Absolute weight can only be between 0 and 256 inclusive.\n"),
            ("set server smtp/ex1 weight -1%", "Relative weight must be positive.\n"),
            ("set server smtp/ex1 weight 5x", "Trailing garbage in weight string"),
            ("set server smtp/ex1 weight x", "Empty weight string empty or preceded by garbage"),
            ("enable server smtp", "Require 'backend/server'.\n"),
        ):
            self.assertEqual(self.say(command), answer + "\n", command)
        self.assertTrue(self.say("set server smtp/ex1 sugar 2").startswith("usage: set server <backend>/<server> "))
        self.assertEqual(heard, [])
