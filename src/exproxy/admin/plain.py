"""Views as plain values, for JSON."""

import enum
from typing import Any

import attrs

from exproxy.admin.pieces import Work

_SAME = frozenset({str, int, bool, type(None)})


def plain(view: Any) -> Any:
    """A view, or a sequence of them, as dictionaries, lists and scalars; states as their words."""
    if type(view) in _SAME:  # most are
        return view
    if isinstance(view, enum.Enum):
        return view.value
    if isinstance(view, tuple | list):
        return [plain(item) for item in view]
    if attrs.has(type(view)):
        return {attribute.name: plain(getattr(view, attribute.name)) for attribute in attrs.fields(type(view))}
    return round(view, 3) if isinstance(view, float) else view


def plain_by_pieces(view: Any, levels: int) -> Work[Any]:
    """The same of one that has many in it, and these perhaps again.

    :param levels: of views: what is in the last of them is a piece each.
    """
    if not levels or not attrs.has(type(view)):
        yield
        return plain(view)
    told: dict[str, Any] = {}
    for attribute in attrs.fields(type(view)):
        value = getattr(view, attribute.name)
        if isinstance(value, tuple):
            told[attribute.name] = []
            for item in value:
                told[attribute.name].append((yield from plain_by_pieces(item, levels - 1)))
        else:
            told[attribute.name] = plain(value)
    return told
