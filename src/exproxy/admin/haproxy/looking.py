"""The commands that only look, but for sessions and tables."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from twisted.internet.interfaces import IReactorTime

from exproxy import pool
from exproxy.admin.haproxy import info, state
from exproxy.admin.haproxy.conversation import Conversation, Level
from exproxy.admin.haproxy.manual import DENIED, Command, Said
from exproxy.admin.haproxy.memory import Memory
from exproxy.admin.haproxy.naming import NamedError, named_server, number
from exproxy.admin.haproxy.numbering import Proxy, proxies
from exproxy.admin.haproxy.rows import header
from exproxy.admin.haproxy.stat import Stats, Wanted
from exproxy.admin.overview import Overview
from exproxy.admin.sources import Things


class Looking:
    """:param overview: what is seen."""

    def __init__(self, clock: IReactorTime, things: Things, overview: Overview, stats: Stats, memory: Memory) -> None:
        self._clock = clock
        self._things = things
        self._overview = overview
        self._stats = stats
        self._memory = memory

    def commands(self) -> tuple[Command, ...]:
        """All of them."""
        who = Level.OPERATOR
        weight = "report a server's current weight"
        conn = "dump server connections status (all or for a single backend)"
        dump = "dump volatile server information (all or for a single backend)"
        errors = "report last request and/or response errors for each proxy"
        clear = "clear max statistics counters (or all counters)"
        return (
            Command(("clear", "counters"), "clear counters [all]", clear, self._clear, who),
            Command(("get", "weight"), "get weight <bk>/<srv>", weight, self._weight),
            Command(("show", "backend"), "show backend", "list backends in the current running config", self._backends),
            Command(("show", "errors"), "show errors [<px>] [request|response]", errors, self._errors, who),
            Command(
                ("show", "info"), "show info [desc|json|typed|float]*", "report information about the running process", self._info
            ),
            Command(("show", "servers", "conn"), "show servers conn [<backend>]", conn, self._connections),
            Command(("show", "servers", "state"), "show servers state [<backend>]", dump, self._states),
            Command(
                ("show", "stat"),
                "show stat [desc|json|no-maint|typed|up]*",
                "report counters for each proxy and server",
                self._stat,
            ),
            Command(("show", "version"), "show version", "show version of the current process", self._version),
        )

    def stat(self, wanted: Wanted, form: str) -> Iterator[str]:
        """A piece for each row.

        :param form: ``csv``, ``typed`` or ``json``.
        """
        if form == "json":
            yield "["
            for position, row in enumerate(self._stats.rows(wanted)):
                yield ("," if position else "") + row.json()
            yield "]\n"
            return
        if form == "csv":
            yield header()
        for row in self._stats.rows(wanted):
            yield row.typed() if form == "typed" else row.csv()

    def _stat(self, words: Sequence[str], conversation: Conversation) -> "str | Said":
        iid = types = sid = -1
        if len(words) >= 3:
            iid = next((proxy.iid for proxy in proxies(self._things) if proxy.name == words[0]), number(words[0]))
            types, sid, words = number(words[1]), number(words[2]), words[3:]
            if not iid:
                return "No such proxy.\n"
        wanted = Wanted(iid, types, sid, "up" in words, "no-maint" in words)
        return self.stat(wanted, next((word for word in words if word in ("typed", "json")), "csv"))

    def _clear(self, words: Sequence[str], conversation: Conversation) -> str:
        everything = words[:1] == ["all"]
        if everything and conversation.level < Level.ADMIN:
            return DENIED
        self._stats.clear(everything)
        return ""

    def _info(self, words: Sequence[str], conversation: Conversation) -> "str | Said":
        known = info.facts(self._overview.snapshot())
        form = next((word for word in words if word in ("typed", "json")), "")
        if form == "json":
            return info.as_json(known)
        return iter(info.typed(known, "desc" in words) if form else info.plain(known, "desc" in words))

    def _version(self, words: Sequence[str], conversation: Conversation) -> str:
        return info.version(self._overview.snapshot().process.version) + "\n"

    def _backends(self, words: Sequence[str], conversation: Conversation) -> Said:
        return state.names(self._named(None))

    def _states(self, words: Sequence[str], conversation: Conversation) -> "str | Said":
        if words and words[0] not in self._things.backends:
            return "Can't find backend.\n"
        return state.server_states(self._named(words[0] if words else None), self._memory, self._clock.seconds())

    def _connections(self, words: Sequence[str], conversation: Conversation) -> "str | Said":
        if words and words[0] not in self._things.backends:
            return "Can't find backend.\n"
        return state.server_connections(self._named(words[0] if words else None), self._memory)

    def _errors(self, words: Sequence[str], conversation: Conversation) -> str:
        """Nobody keeps what was wrong: the access log has it."""
        now = datetime.fromtimestamp(self._clock.seconds(), UTC).astimezone()
        return f"Total events captured on [{now:%d/%b/%Y:%H:%M:%S}.{now.microsecond // 1000:03}] : 0\n"

    def _weight(self, words: Sequence[str], conversation: Conversation) -> str:
        try:
            server = named_server(self._things, words)
        except NamedError as error:
            return str(error)
        return f"{server.weight} (initial {server.configured_weight})\n"

    def _named(self, name: str | None) -> list[tuple[Proxy, pool.Backend]]:
        """A back end, or all of them."""
        known = (proxy for proxy in proxies(self._things) if proxy.sort == "Backend")
        return [(proxy, self._things.backends[proxy.name]) for proxy in known if name in (None, proxy.name)]
