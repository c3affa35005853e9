"""One thing that HAProxy tells of, in each of the ways in which it does: CSV, typed, JSON."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from attrs import frozen

from exproxy.admin.haproxy.fields import PLACES, STAT, Field

Value = str | int
Sort = Literal["Frontend", "Backend", "Server"]

TYPES: Mapping[Sort, int] = {"Frontend": 0, "Backend": 1, "Server": 2}
"""The column ``type``."""

_ORIGINS = {"M": "Metric", "S": "Status", "K": "Key", "C": "Config", "P": "Product"}
_NATURES = {
    "G": "Gauge",
    "L": "Limit",
    "m": "Min",
    "M": "Max",
    "R": "Rate",
    "C": "Counter",
    "D": "Duration",
    "A": "Age",
    "T": "Time",
    "N": "Name",
    "O": "Output",
    "a": "Avg",
}
_SCOPES = {"C": "Cluster", "P": "Process", "S": "Service", "s": "System"}


@frozen
class Row:
    """:param iid: the number of its front end or back end.

    :param sid: of a server within its back end; 0 for others.
    :param values: by the names of :data:`exproxy.admin.haproxy.fields.STAT`; what is not known is not there.
    :param stopped: whether it takes nobody, for ``show stat up``; ``resting``: because of maintenance, for ``no-maint``.
    :param going: how many of its servers are not stopped (``1/2``), which HAProxy tells where those are left out.
    """

    sort: Sort
    iid: int
    sid: int
    values: dict[str, Value]
    stopped: bool = False
    resting: bool = False
    going: str = ""

    def csv(self) -> str:
        """With a comma behind each value, and the end of the line."""
        return "".join(f"{_quoted(self.values.get(field.name, ''))}," for field in STAT) + "\n"

    def typed(self) -> str:
        """A line for each value, and one that is empty."""
        where = f"{self.sort[0]}.{self.iid}.{self.sid}"
        lines = (
            f"{where}.{PLACES[field.name]}.{field.name}.1:{self._tags(field)}:{field.kind}:{self.values[field.name]}\n"
            for field in STAT
            if field.name in self.values and field.name != "-"
        )
        return "".join(lines) + "\n"

    def json(self) -> str:
        """A list of values."""
        known = {"objType": self.sort, "proxyId": self.iid, "id": self.sid}
        return _dumped(
            known | described(PLACES[field.name], field, self._tags(field), self.values[field.name])
            for field in STAT
            if field.name in self.values and field.name != "-"
        )

    def _tags(self, field: Field) -> str:
        return field.of_backends or field.tags if self.sort == "Backend" else field.tags


def header() -> str:
    """The first line of the CSV."""
    return "# " + "".join(f"{field.name}," for field in STAT) + "\n"


def described(place: int, field: Field, tags: str, value: Value) -> dict[str, Any]:
    """One value for ``json``."""
    origin, nature, scope = tuple(tags)
    return {
        "field": {"pos": place, "name": field.name},
        "processNum": 1,
        "tags": {"origin": _ORIGINS[origin], "nature": _NATURES[nature], "scope": _SCOPES[scope]},
        "value": {"type": field.kind, "value": value},
    }


def _dumped(values: Iterable[dict[str, Any]]) -> str:
    return json.dumps(list(values), separators=(",", ":"))


def _quoted(value: Value) -> str:
    """RFC 4180, as far as scripts go: an end of a line would be that of the row, and a comma that of the column."""
    text = " ".join(str(value).splitlines()).replace(",", ";")
    return '"' + text.replace('"', '""') + '"' if '"' in text else text
