"""The commands that there are, and which one a line means."""

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence

from attrs import frozen
from twisted.internet.defer import Deferred

from exproxy.admin.haproxy.conversation import Conversation, Level

Said = Iterator["str | Deferred[str]"]
"""An answer, a piece after the other: the next one is made when the last one has gone out."""
Answer = Callable[[Sequence[str], Conversation], "str | Said"]
"""Takes the words behind those of the command."""

_WIDTH = 40
_SUGGESTIONS = 5
DENIED = "Permission denied\n"


@frozen
class Command:
    """:param words: what it begins with.

    :param usage: what ``help`` shows, in HAProxy's words, as ``text``.
    :param level: whom it is for.
    """

    words: tuple[str, ...]
    usage: str
    text: str
    answer: Answer
    level: Level = Level.USER

    def line(self) -> str:
        """In ``help``."""
        return f"  {self.usage.ljust(_WIDTH)}: {self.text}\n"


class Manual:
    """:param commands: all but those that ``help`` shows behind all others, which are here."""

    def __init__(self, commands: Iterable[Command]) -> None:
        self._sorted = sorted(commands, key=lambda command: command.usage)
        self._last = (
            Command(("help",), "help [<command>]", "list matching or all commands", self.help),
            Command(("prompt",), "prompt", "toggle interactive mode with prompt", self._prompt),
            Command(("quit",), "quit", "disconnect", self._quit),
        )

    def answer(self, words: Sequence[str], conversation: Conversation) -> "str | Said":
        """What there is to say to a command."""
        if not words:
            return self._listed("Unknown command. Please enter one of the following commands only:\n", self._sorted)
        for command in (*self._sorted, *self._last):
            if tuple(words[: len(command.words)]) == command.words:
                if conversation.level < command.level:
                    return DENIED
                return command.answer(words[len(command.words) :], conversation)
        first = "Unknown command, but maybe one of the following ones is a better match:\n"
        return self._listed(first, self._near(words))

    def help(self, words: Sequence[str], conversation: Conversation) -> str:
        """All commands, or those that words may mean; of all levels, as HAProxy shows them."""
        near = self._near(words) if words else self._sorted
        return self._listed("The following commands are valid at this level:\n", near)

    def _near(self, words: Sequence[str]) -> list[Command]:
        """Those that begin with the same words, as many as possible; else those that look alike."""
        for length in range(len(words), 0, -1):
            same = [command for command in self._sorted if command.words[:length] == tuple(words[:length])]
            if same:
                return same
        spelled = {" ".join(command.words): command for command in self._sorted}
        alike = difflib.get_close_matches(" ".join(words)[:100], spelled, n=_SUGGESTIONS, cutoff=0.4)
        return [command for name, command in spelled.items() if name in alike]

    def _listed(self, first: str, commands: Iterable[Command]) -> str:
        return first + "".join(command.line() for command in (*commands, *self._last))

    def _prompt(self, words: Sequence[str], conversation: Conversation) -> str:
        conversation.prompting = not conversation.prompting
        return ""

    def _quit(self, words: Sequence[str], conversation: Conversation) -> str:
        conversation.over = True
        return ""
