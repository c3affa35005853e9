"""HAProxy's commands at a small site."""

from exproxy.admin.haproxy.conversation import Conversation
from exproxy.admin.haproxy.runtime import Runtime
from tests.admin.stage import AdminStage


class RuntimeStage(AdminStage):
    """``self.say("show stat")``: numbers are 2 ``mail``, 3 ``site``, 4 ``smtp``, 5 ``web``."""

    def setUp(self) -> None:
        super().setUp()
        self.runtime = Runtime(self.clock, self.things, self.sources, self.overview, self.actions)
        self.conversation = Conversation("uid 7 at the socket")

    def say(self, command: str) -> str:
        """The whole answer, with what ends it."""
        pieces = self.runtime.say(command, self.conversation)
        return "".join(piece if isinstance(piece, str) else self.successResultOf(piece) for piece in pieces)

    def rows(self, command: str = "show stat") -> dict[str, dict[str, str]]:
        """By ``pxname/svname``, the values that are there by their columns."""
        first, *lines = self.say(command).splitlines()
        names = first.removeprefix("# ").split(",")
        found = {}
        for line in lines[:-1]:
            values = {name: value for name, value in zip(names, line.split(","), strict=False) if value}
            found[f"{values['pxname']}/{values['svname']}"] = values
        return found
