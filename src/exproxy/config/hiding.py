"""A configuration without the secrets that stand in the file itself, since what is shown ends up in mails and tickets.

Those that stand elsewhere are shown as the file says them (:mod:`exproxy.config.reference`).
"""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import attrs

from exproxy.config.reference import Referred, referred

T = TypeVar("T")

HIDDEN = referred("a secret that is not shown", "${NOT_SHOWN}")
"""Written as a variable, so that nobody uses what is shown as it is without being told what is missing."""
_HEADERS = frozenset({"headers", "set", "add"})
"""Fields that hold header lines, as pairs or by name."""
_TELLING = re.compile(r"authorization|cookie|token|secret|password|api-?key", re.IGNORECASE)
"""Names of header lines whose values are secrets."""


def without_secrets(thing: T) -> T:
    """The same, with :data:`HIDDEN` for each value of a field that is left out of ``repr`` too, and of header lines that log
    somebody in."""
    kind: Any = type(thing)
    if not hasattr(kind, "__attrs_attrs__"):
        return thing
    fields = [field for field in attrs.fields(kind) if field.init]
    hidden: T = kind(**{field.alias or field.name: _field(field, getattr(thing, field.name)) for field in fields})
    return hidden


def _field(field: "attrs.Attribute[Any]", value: Any) -> Any:
    if field.repr is False and isinstance(value, str):
        return _hidden(value)
    return _headers(value) if field.name in _HEADERS else _each(value)


def _each(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_each(item) for item in value)
    if isinstance(value, Mapping):
        return {name: _each(item) for name, item in value.items()}
    return without_secrets(value)


def _headers(value: Any) -> Any:
    """Pairs, or a table."""
    if isinstance(value, Mapping):
        return {name: _hidden(said) if _TELLING.search(name) else said for name, said in value.items()}
    return tuple((name, _hidden(said) if _TELLING.search(name) else said) for name, said in value)


def _hidden(value: str) -> str:
    return value if isinstance(value, Referred) or not value else HIDDEN
