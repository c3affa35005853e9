"""The commands for front ends and the whole process, whose limits and ports come from the configuration only.

Each refuses, in HAProxy's words where it has some, so that a script hears of it instead of believing that all is well.
"""

from collections.abc import Sequence

from exproxy.admin.haproxy.conversation import Conversation, Level
from exproxy.admin.haproxy.manual import Command
from exproxy.admin.sources import Things

_CONFIGURED = "This can only be changed in the configuration: change maxconn there, and reload.\n"


class Limiting:
    """:param things: the front ends that there are."""

    def __init__(self, things: Things) -> None:
        self._things = things

    def commands(self) -> tuple[Command, ...]:
        """All of them."""
        who = Level.ADMIN
        disable, enable = "temporarily disable specific frontend", "re-enable specific frontend"
        frontend, process = "change a frontend's maxconn setting", "change the per-process maxconn setting"
        return (
            Command(("disable", "frontend"), "disable frontend <frontend>", disable, self._disable, who),
            Command(("enable", "frontend"), "enable frontend <frontend>", enable, self._enable, who),
            Command(
                ("set", "maxconn", "frontend"), "set maxconn frontend <frontend> <value>", frontend, self._frontend_maxconn, who
            ),
            Command(("set", "maxconn", "global"), "set maxconn global <value>", process, self._global_maxconn, who),
            Command(("shutdown", "frontend"), "shutdown frontend <frontend>", "stop a specific frontend", self._disable, who),
        )

    def _unknown(self, words: Sequence[str]) -> str:
        if not words:
            return "A frontend name is expected.\n"
        return "" if words[0] in self._things.frontends else "No such frontend.\n"

    def _disable(self, words: Sequence[str], conversation: Conversation) -> str:
        return self._unknown(words) or "Failed to pause frontend, check logs for precise cause.\n"

    def _enable(self, words: Sequence[str], conversation: Conversation) -> str:
        return self._unknown(words) or "All sockets are already enabled.\n"

    def _frontend_maxconn(self, words: Sequence[str], conversation: Conversation) -> str:
        unknown = self._unknown(words)
        if unknown:
            return unknown
        return _CONFIGURED if len(words) > 1 else "Integer value expected.\n"

    def _global_maxconn(self, words: Sequence[str], conversation: Conversation) -> str:
        return _CONFIGURED if words else "Expects an integer value.\n"
