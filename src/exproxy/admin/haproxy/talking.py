"""The commands that are about the conversation itself."""

from collections.abc import Sequence

from exproxy.admin.haproxy.conversation import LONGEST, Conversation, Level
from exproxy.admin.haproxy.manual import Command
from exproxy.admin.haproxy.naming import leading_number

_UNITS = {"": 1.0, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
"""Without one a number is seconds here."""


class Talking:
    """All but those that every :class:`exproxy.admin.haproxy.manual.Manual` has."""

    def commands(self) -> tuple[Command, ...]:
        """All of them."""
        lower = "lower the level of the current CLI session to"
        return (
            Command(("operator",), "operator", f"{lower} operator", self._operator, Level.OPERATOR),
            Command(("user",), "user", f"{lower} user", self._user),
            Command(("set", "timeout"), "set timeout [cli] <delay>", "change a timeout setting", self._timeout),
            Command(("show", "cli", "level"), "show cli level", "display the level of the current CLI session", self._level),
        )

    def _operator(self, words: Sequence[str], conversation: Conversation) -> str:
        conversation.level = Level.OPERATOR
        return ""

    def _user(self, words: Sequence[str], conversation: Conversation) -> str:
        conversation.level = Level.USER
        return ""

    def _level(self, words: Sequence[str], conversation: Conversation) -> str:
        return conversation.level.name.lower() + "\n"

    def _timeout(self, words: Sequence[str], conversation: Conversation) -> str:
        if words[:1] != ["cli"]:
            return "'set timeout' only supports 'cli'.\n"
        if len(words) < 2:
            return "Expects an integer value.\n"
        read = leading_number(words[1])
        if read is None or read[0] < 1 or read[1] not in _UNITS:
            return "Invalid timeout value.\n"
        conversation.idle = min(LONGEST, read[0] * _UNITS[read[1]])
        return ""
