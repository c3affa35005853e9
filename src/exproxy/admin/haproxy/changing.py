"""The commands that change servers.  Who did what is in the audit, as it is for whoever comes by other ways."""

from collections.abc import Callable, Mapping, Sequence

from exproxy import pool
from exproxy.admin.actions import Actions
from exproxy.admin.haproxy.conversation import Conversation, Level
from exproxy.admin.haproxy.manual import Command
from exproxy.admin.haproxy.memory import Memory
from exproxy.admin.haproxy.naming import NamedError, leading_number, named_server
from exproxy.admin.sources import Things
from exproxy.pool.server import MAX_WEIGHT

_USAGE = "usage: set server <backend>/<server> addr | health | agent | state | weight\n"
_STATES = "'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n"

Order = Callable[[pool.Server, Sequence[str], str], str]
"""What is done to a server: the words behind, and who wants it.  The answer is empty where all is well, as HAProxy's is."""


class Changing:
    """:param actions: do it."""

    def __init__(self, things: Things, actions: Actions, memory: Memory) -> None:
        self._things = things
        self._actions = actions
        self._memory = memory
        self._set: Mapping[str, Order] = {"state": self._state, "weight": self._weight}

    def commands(self) -> tuple[Command, ...]:
        """All of them."""
        instead = "(use 'set server' instead)"
        set_server = "change a server's state, weight, address or ssl"
        disable, enable = f"disable a server for maintenance {instead}", f"enable a disabled server {instead}"
        return (
            self._command("disable server", "(DEPRECATED)", disable, self._maint),
            self._command("enable server", " (DEPRECATED)", enable, self._ready),
            self._command("set server", "<bk>/<srv> [opts]", set_server, self._set_server),
            self._command("set weight", "<bk>/<srv>  (DEPRECATED)", f"change a server's weight {instead}", self._weight),
        )

    def _command(self, words: str, usage: str, text: str, order: Order) -> Command:
        def answer(rest: Sequence[str], conversation: Conversation) -> str:
            try:
                server = named_server(self._things, rest)
            except NamedError as error:
                return str(error)
            return order(server, rest[1:], conversation.by)

        return Command(tuple(words.split()), f"{words} {usage}", text, answer, Level.ADMIN)

    def _set_server(self, server: pool.Server, words: Sequence[str], by: str) -> str:
        order = self._set.get(words[0] if words else "")
        return _USAGE if order is None else order(server, words[1:], by)

    def _state(self, server: pool.Server, words: Sequence[str], by: str) -> str:
        word = words[0] if words else ""
        if word not in [admin.value for admin in pool.Admin]:
            return _STATES
        return self._set_state(server, pool.Admin(word), by)

    def _maint(self, server: pool.Server, words: Sequence[str], by: str) -> str:
        return self._set_state(server, pool.Admin.MAINT, by)

    def _ready(self, server: pool.Server, words: Sequence[str], by: str) -> str:
        return self._set_state(server, pool.Admin.READY, by)

    def _set_state(self, server: pool.Server, admin: pool.Admin, by: str) -> str:
        self._actions.set_server(_backend(server), server.name, admin, by)
        return ""

    def _weight(self, server: pool.Server, words: Sequence[str], by: str) -> str:
        if not words:
            return "Require <weight> or <weight%>.\n"
        read = leading_number(words[0])
        if read is None:
            return "Empty weight string empty or preceded by garbage"
        weight, rest = read
        if rest not in ("", "%"):
            return "Trailing garbage in weight string"
        if rest:
            if weight < 0:
                return "Relative weight must be positive.\n"
            weight = min(MAX_WEIGHT, self._memory.initial_weight(server) * weight // 100)
        elif not 0 <= weight <= MAX_WEIGHT:
            return "Absolute weight can only be between 0 and 256 inclusive.\n"
        self._actions.set_weight(_backend(server), server.name, weight, by)
        return ""


def _backend(server: pool.Server) -> str:
    return server.full_name.partition("/")[0]
