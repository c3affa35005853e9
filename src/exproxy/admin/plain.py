"""Views as plain values, for JSON."""

import enum
from typing import Any

import attrs


def plain(view: Any) -> Any:
    """A view, or a sequence of them, as dictionaries, lists and scalars; states as their words."""
    if isinstance(view, enum.Enum):
        return view.value
    if isinstance(view, tuple | list):
        return [plain(item) for item in view]
    if attrs.has(type(view)):
        return {attribute.name: plain(getattr(view, attribute.name)) for attribute in attrs.fields(type(view))}
    return round(view, 3) if isinstance(view, float) else view
