"""Commands that change servers."""

from exproxy import pool
from tests.admin.haproxy.stage import RuntimeStage
from tests.pool.support import heal, make_server

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

    def test_a_server_is_moved(self) -> None:
        server = self.server("smtp/ex1")
        for words, said, place in (
            ("10.0.0.1", "no need to change the addr", ("10.0.0.1", 25)),
            ("10.0.0.2", "IP changed from '10.0.0.1' to '10.0.0.2'", ("10.0.0.2", 25)),
            ("10.0.0.2 port 26", "no need to change the addr, port changed from '25' to '26'", ("10.0.0.2", 26)),
            ("::1 port 26", "IP changed from '10.0.0.2' to '::1', no need to change the port", ("::1", 26)),
        ):
            self.assertEqual(self.say(f"set server smtp/ex1 addr {words}"), f"{said} by 'stats socket command'\n\n")
            self.assertEqual(server.place(99), place)

    def test_a_place_that_is_none_is_refused_and_moves_nobody(self) -> None:
        for words, said in (
            ("", "set server <b>/<s> addr requires an address and optionally a port.\n"),
            ("ex1.example", "Invalid addr 'ex1.example' by 'stats socket command'\n"),
            ("10.0.0.9 port", "problem converting port '' to an int by 'stats socket command'\n"),
            ("10.0.0.9 port +1", "problem converting port '+1' to an int by 'stats socket command'\n"),
            ("10.0.0.9 port 65536", "port 65536 is none: they go from 1 to 65535 by 'stats socket command'\n"),
        ):
            self.assertEqual(self.say(f"set server smtp/ex1 addr {words}"), said + "\n")
        self.assertEqual(self.server("smtp/ex1").place(99), ("10.0.0.1", 25))
        self.server("smtp/ex1").interface = "emsmdb"
        self.assertIn("its endpoint mapper tells it", self.say("set server smtp/ex1 addr 10.0.0.9 port 26"))

    def test_a_limit_is_set_and_taken_away(self) -> None:
        for command, maxconn in (("set maxconn server smtp/ex1 7", 7), ("set maxconn server smtp/ex1 0", None)):
            self.assertEqual(self.say(command), "\n")
            self.assertEqual(self.server("smtp/ex1").maxconn, maxconn)
        for words, answer in (
            ("", "Require <maxconn>.\n"),
            ("x", "maxconn string empty or preceded by garbage"),
            ("5x", "Trailing garbage in maxconn string"),
        ):
            self.assertEqual(self.say(f"set maxconn server smtp/ex1 {words}"), answer + "\n")

    def test_health_is_believed_until_checks_say_otherwise(self) -> None:
        server = self.server("smtp/ex1")
        for word, status in (("down", "DOWN"), ("stopping", "NOLB"), ("up", "UP")):
            self.assertEqual(self.say(f"set server smtp/ex1 health {word}"), "\n")
            self.assertEqual(self.rows("show stat smtp 4 1")["smtp/ex1"]["status"], status)
        self.say("set server smtp/ex1 health down")
        heal(server, self.clock.seconds())
        self.assertIs(server.operational, pool.Operational.UP)
        self.assertEqual(
            self.say("set server smtp/ex1 health ill"), "'set server <srv> health' expects 'up', 'stopping', or 'down'.\n\n"
        )

    def test_where_there_is_no_check_and_no_agent_nothing_is_believed(self) -> None:
        plain = make_server("ex3", self.hosts["ex1"])
        self.backends["web"].add(plain, self.clock.seconds())
        for command, answer in (
            ("set server web/ex3 health down", "health checks are not enabled on this server.\n"),
            ("set server web/ex3 agent down", "agent checks are not enabled on this server.\n"),
            ("enable health web/ex3", "Health check was not configured on this server, cannot enable.\n"),
            ("enable agent web/ex3", "Agent was not configured on this server, cannot enable.\n"),
            ("disable health web/ex3", ""),
            ("disable agent web/ex3", ""),
        ):
            self.assertEqual(self.say(command), answer + "\n")
        self.assertIs(plain.operational, pool.Operational.UP)

    def test_an_agent_is_spoken_for(self) -> None:
        server = self.server("smtp/ex1")
        server.agent(pool.AgentAnswer(text="up 80%"), self.clock.seconds())
        self.assertEqual(self.say("set server smtp/ex1 agent down"), "\n")
        self.assertEqual(self.rows("show stat smtp 4 1")["smtp/ex1"]["status"], "DOWN (agent)")
        self.assertEqual(self.say("set server smtp/ex1 agent up"), "\n")
        self.assertIs(server.operational, pool.Operational.UP)
        self.assertEqual(self.say("set server smtp/ex1 agent half"), "'set server <srv> agent' expects 'up' or 'down'.\n\n")

    def test_checks_and_agents_are_always_on(self) -> None:
        self.server("smtp/ex1").agent(pool.AgentAnswer(text="up 80%"), self.clock.seconds())
        for what in ("health", "agent"):
            self.assertEqual(self.say(f"enable {what} smtp/ex1"), "\n")
            self.assertEqual(self.say(f"disable {what} smtp/ex1"), "This can only be changed in the configuration.\n\n")
