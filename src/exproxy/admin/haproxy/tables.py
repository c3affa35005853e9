"""``show table`` and ``clear table``: entries a slice after the other, however many there are."""

import operator
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from attrs import frozen
from twisted.internet.interfaces import IReactorTime

from exproxy import pool
from exproxy.admin.actions import Actions
from exproxy.admin.answers import RefusedError
from exproxy.admin.entries import read_key, shown_key
from exproxy.admin.haproxy.conversation import Conversation, Level
from exproxy.admin.haproxy.manual import Command, Said
from exproxy.admin.haproxy.naming import leading_number
from exproxy.admin.haproxy.numbering import servers
from exproxy.admin.sources import Things

_OPERATORS: dict[str, Callable[[int, int], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "le": operator.le,
    "ge": operator.ge,
    "lt": operator.lt,
    "gt": operator.gt,
}
_STORED = frozenset({"server_id", "server_key"})
_NOT_STORED = re.compile(r"(gpt|gpc|conn|sess|http|bytes)[a-z0-9_]*", re.ASCII)
"""What HAProxy may store in a table beside the server."""
_FILTERS = 4
_SHOW = 'Optional argument only supports "data.<store_data_type>" <operator> <value> and key <key>\n'
_CLEAR = 'Required arguments: <table> "data.<store_data_type>" <operator> <value> or <table> key <key>\n'


class FilterError(ValueError):
    """The text is the answer."""


@frozen
class _Filter:
    """``data.server_id eq 1``."""

    compare: Callable[[int, int], bool]
    value: int


class Tables:
    """:param actions: clear them."""

    def __init__(self, clock: IReactorTime, things: Things, actions: Actions) -> None:
        self._clock = clock
        self._things = things
        self._actions = actions

    def commands(self) -> tuple[Command, ...]:
        """Both."""
        clear = "remove an entry from a table (filter: data/key)"
        show = "report table usage stats or dump this table's contents (filter: data/key)"
        return (
            Command(("clear", "table"), "clear table <table> [<filter>]*", clear, self._clear, Level.OPERATOR),
            Command(("show", "table"), "show table <table> [<filter>]*", show, self._show),
        )

    def _show(self, words: Sequence[str], conversation: Conversation) -> "str | Said":
        if not words:
            return "".join(_header(group.table) for group in self._things.groups.values())
        group = self._things.groups.get(words[0])
        if group is None:
            return "No such table\n"
        if not words[1:]:
            return self._listed(group, ())
        if words[1] == "key":
            if len(words) < 3:
                return "Key value expected\n"
            key = _key(group.table, words[2])
            return "" if key is None else self._one(group, key)
        if not words[1].startswith("data."):
            return _SHOW
        try:
            return self._listed(group, _filters(words[1:]))
        except FilterError as error:
            return str(error)

    def _clear(self, words: Sequence[str], conversation: Conversation) -> str:
        if not words:
            return _CLEAR
        group = self._things.groups.get(words[0])
        if group is None:
            return "No such table\n"
        if not words[1:]:
            self._actions.clear(group.table.name, conversation.by)
            return ""
        if words[1] == "key":
            if len(words) < 3:
                return "Key value expected\n"
            key = _key(group.table, words[2])
            if key is not None:
                self._actions.clear(group.table.name, conversation.by, key)
            return ""
        if not words[1].startswith("data."):
            return _CLEAR
        return "Entries can only be removed by their key, or all together.\n"

    def _one(self, group: pool.Group, key: bytes) -> str:
        entry = group.table.peek(key)
        found = [] if entry is None else [(key, entry.host, entry.used)]
        return _header(group.table) + "".join(self._lines(group, iter(found), ()))

    def _listed(self, group: pool.Group, filters: Sequence[_Filter]) -> Iterator[str]:
        yield _header(group.table)
        entries = ((entry.key, entry.host, entry.used) for entry in group.table.snapshot())
        yield from self._lines(group, entries, filters)

    def _lines(self, group: pool.Group, entries: Iterator[tuple[bytes, str, float]], filters: Sequence[_Filter]) -> Iterator[str]:
        """Each as it was when the answer began, unless it has gone since.  Where many are left out, a slice may be empty."""
        known = {host: self._server(group, host) for host in self._things.hosts}
        position = 0
        while batch := tuple(islice(entries, 100)):
            lines = []
            now = self._clock.seconds()
            for key, host, used in batch:
                position += 1
                sid, name = known.get(host, (0, host))
                entry = group.table.peek(key)
                if entry is None or not all(one.compare(sid, one.value) for one in filters):
                    continue
                left = 1000 * max(0.0, group.table.expire_after - (now - max(used, entry.used)))
                lines.append(
                    f"{position:#x}: key={shown_key(key)} use={entry.live} exp={left:.0f} server_id={sid} server_key={name}\n"
                )
            yield "".join(lines)

    def _server(self, group: pool.Group, host: str) -> tuple[int, str]:
        """The number and the name of the host's server in the first back end that has one."""
        for backend in group.members:
            for sid, server in servers(backend):
                if server.host.name == host:
                    return sid, server.name
        return 0, host


def _header(table: pool.Table) -> str:
    kind = "ip" if table.kind == "source" else "string"
    return f"# table: {table.name}, type: {kind}, size:{table.size}, used:{len(table)}\n"


def _key(table: pool.Table, said: str) -> bytes | None:
    try:
        return read_key(table, said)
    except RefusedError:
        return None


def _filters(words: Sequence[str]) -> tuple[_Filter, ...]:
    """:raises FilterError: in HAProxy's words."""
    found = []
    for position in range(0, len(words), 3):
        number = position // 3 + 1
        name = words[position]
        kind = name.removeprefix("data.")
        if kind == name or number > _FILTERS or (kind not in _STORED and not _NOT_STORED.fullmatch(kind)):
            raise FilterError(f"Filter entry #{number}: Unknown data type\n")
        if kind not in _STORED:
            raise FilterError(f"Filter entry #{number}: Data type not stored in this table\n")
        compare = _OPERATORS.get(words[position + 1] if position + 1 < len(words) else "")
        if compare is None:
            raise FilterError(f'Filter entry #{number}: Require and operator among "eq", "ne", "le", "ge", "lt", "gt"\n')
        value = leading_number(words[position + 2]) if position + 2 < len(words) else None
        if value is None or value[1] or kind != "server_id":
            raise FilterError(f"Filter entry #{number}: Require a valid integer value to compare against\n")
        found.append(_Filter(compare, value[0]))
    return tuple(found)
