"""What only the configuration changes is refused, and said so."""

from tests.admin.haproxy.stage import RuntimeStage

CONFIGURED = "This can only be changed in the configuration: change maxconn there, and reload.\n\n"


class LimitingTests(RuntimeStage):
    def test_ports_are_neither_paused_nor_closed(self) -> None:
        for command in ("disable frontend mail", "shutdown frontend mail"):
            self.assertEqual(self.say(command), "Failed to pause frontend, check logs for precise cause.\n\n")
        self.assertEqual(self.say("enable frontend mail"), "All sockets are already enabled.\n\n")

    def test_limits_are_not_changed(self) -> None:
        self.assertEqual(self.say("set maxconn frontend mail 5"), CONFIGURED)
        self.assertEqual(self.say("set maxconn global 5"), CONFIGURED)

    def test_names_and_values_are_looked_at_first(self) -> None:
        for command in ("disable frontend", "enable frontend", "shutdown frontend", "set maxconn frontend"):
            self.assertEqual(self.say(command), "A frontend name is expected.\n\n")
            self.assertEqual(self.say(command + " nope"), "No such frontend.\n\n")
        self.assertEqual(self.say("set maxconn frontend mail"), "Integer value expected.\n\n")
        self.assertEqual(self.say("set maxconn global"), "Expects an integer value.\n\n")
