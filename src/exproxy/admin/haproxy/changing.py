"""The commands that change servers.  Who did what is in the audit, as it is for whoever comes by other ways."""

from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address

from exproxy import pool
from exproxy.admin.actions import Actions
from exproxy.admin.haproxy.conversation import Conversation, Level
from exproxy.admin.haproxy.manual import Command
from exproxy.admin.haproxy.naming import NamedError, leading_number, named_server
from exproxy.admin.sources import Things
from exproxy.net.certificate import is_address
from exproxy.pool import Operational
from exproxy.pool.server import MAX_WEIGHT

_USAGE = "usage: set server <backend>/<server> addr | agent | health | state | weight\n"
_WHO = "by 'stats socket command'"
_CONFIGURED = "This can only be changed in the configuration.\n"
_NO_CHECKS = "Health check was not configured on this server, cannot enable.\n"
_NO_AGENT = "Agent was not configured on this server, cannot enable.\n"
_NO_AGENT_CHECKS = "agent checks are not enabled on this server.\n"
_HEALTHS = {"up": Operational.UP, "stopping": Operational.STOPPING, "down": Operational.DOWN}

Order = Callable[[pool.Server, Sequence[str], str], str]
"""What is done to a server: the words behind, and who wants it.  The answer is empty where all is well, as HAProxy's is."""


class Changing:
    """:param actions: do it."""

    def __init__(self, things: Things, actions: Actions) -> None:
        self._things = things
        self._actions = actions
        self._set: Mapping[str, Order] = {
            "state": self._state,
            "weight": self._weight,
            "addr": self._address,
            "health": self._health,
            "agent": self._agent,
        }

    def commands(self) -> tuple[Command, ...]:
        """All of them."""
        instead = "(use 'set server' instead)"
        set_server = "change a server's state, weight, address or ssl"
        disable, enable = f"disable a server for maintenance {instead}", f"enable a disabled server {instead}"
        return (
            self._command("disable agent", "", "disable agent checks", self._disable_agent),
            self._command("disable health", "", "disable health checks", self._disable_health),
            self._command("disable server", " (DEPRECATED)", disable, self._maint),
            self._command("enable agent", "", "enable agent checks", self._enable_agent),
            self._command("enable health", "", "enable health checks", self._enable_health),
            self._command("enable server", "  (DEPRECATED)", enable, self._ready),
            self._command("set maxconn server", " <bk>/<srv>", "change a server's maxconn setting", self._maxconn),
            self._command("set server", " <bk>/<srv> [opts]", set_server, self._set_server),
            self._command("set weight", " <bk>/<srv>  (DEPRECATED)", f"change a server's weight {instead}", self._weight),
        )

    def _command(self, words: str, usage: str, text: str, order: Order) -> Command:
        def answer(rest: Sequence[str], conversation: Conversation) -> str:
            try:
                server = named_server(self._things, rest)
            except NamedError as error:
                return str(error)
            return order(server, rest[1:], conversation.by)

        return Command(tuple(words.split()), words + usage, text, answer, Level.ADMIN)

    def _set_server(self, server: pool.Server, words: Sequence[str], by: str) -> str:
        order = self._set.get(words[0] if words else "")
        return _USAGE if order is None else order(server, words[1:], by)

    # ---- what people set

    def _state(self, server: pool.Server, words: Sequence[str], by: str) -> str:
        word = words[0] if words else ""
        if word not in [admin.value for admin in pool.Admin]:
            return "'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n"
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
            weight = min(MAX_WEIGHT, server.configured_weight * weight // 100)
        elif not 0 <= weight <= MAX_WEIGHT:
            return "Absolute weight can only be between 0 and 256 inclusive.\n"
        self._actions.set_weight(_backend(server), server.name, weight, by)
        return ""

    def _maxconn(self, server: pool.Server, words: Sequence[str], by: str) -> str:
        if not words:
            return "Require <maxconn>.\n"
        read = leading_number(words[0])
        if read is None:
            return "maxconn string empty or preceded by garbage"
        if read[1]:
            return "Trailing garbage in maxconn string"
        self._actions.set_maxconn(_backend(server), server.name, read[0] if read[0] > 0 else None, by)
        return ""

    def _address(self, server: pool.Server, words: Sequence[str], by: str) -> str:
        if not words:
            return "set server <b>/<s> addr requires an address and optionally a port.\n"
        if not is_address(words[0]):
            return f"Invalid addr '{words[0][:100]}' {_WHO}\n"
        address, port, told = str(ip_address(words[0])), None, ""
        if words[1:2] == ["port"]:
            said = words[2] if len(words) > 2 else ""
            read = leading_number(said)
            if read is None or read[1] or said[0] in "+-":
                return f"problem converting port '{said[:20]}' to an int {_WHO}\n"
            port = read[0]
            if not 1 <= port <= 65535:
                return f"port {port} is none: they go from 1 to 65535 {_WHO}\n"
            if server.interface is not None:
                return f"can't change <port> of {server.full_name}: its endpoint mapper tells it {_WHO}\n"
            told = (
                f", port changed from '{server.port or 0}' to '{port}'" if port != server.port else ", no need to change the port"
            )
        moved = address != server.address
        told = (f"IP changed from '{server.address or ''}' to '{address}'" if moved else "no need to change the addr") + told
        if moved or port not in (None, server.port):
            self._actions.set_address(_backend(server), server.name, address, port, by)
        return f"{told} {_WHO}\n"

    # ---- what checks and agents find

    def _health(self, server: pool.Server, words: Sequence[str], by: str) -> str:
        operational = _HEALTHS.get(words[0] if words else "")
        if operational is None:
            return "'set server <srv> health' expects 'up', 'stopping', or 'down'.\n"
        if not _checked(server):
            return "health checks are not enabled on this server.\n"
        self._actions.set_health(_backend(server), server.name, operational, by)
        return ""

    def _agent(self, server: pool.Server, words: Sequence[str], by: str) -> str:
        if not server.agent_text:
            return _NO_AGENT_CHECKS
        if words[:1] not in (["up"], ["down"]):
            return "'set server <srv> agent' expects 'up' or 'down'.\n"
        self._actions.set_agent(_backend(server), server.name, words[0] == "up", by)
        return ""

    def _enable_health(self, server: pool.Server, words: Sequence[str], by: str) -> str:
        """They always are."""
        return "" if _checked(server) else _NO_CHECKS

    def _disable_health(self, server: pool.Server, words: Sequence[str], by: str) -> str:
        return _CONFIGURED if _checked(server) else ""

    def _enable_agent(self, server: pool.Server, words: Sequence[str], by: str) -> str:
        return "" if server.agent_text else _NO_AGENT

    def _disable_agent(self, server: pool.Server, words: Sequence[str], by: str) -> str:
        return _CONFIGURED if server.agent_text else ""


def _backend(server: pool.Server) -> str:
    return server.full_name.partition("/")[0]


def _checked(server: pool.Server) -> bool:
    return any(state.spec.required for state in server.health.checks.values())
