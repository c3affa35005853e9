"""Plain values as TOML text, laid out for people."""

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from exproxy.config.problems import key
from exproxy.config.reference import Referred

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def table_lines(header: str, table: Mapping[str, Any]) -> Iterator[str]:
    """A table; a list with tables in it has one on each line."""
    yield f"[{header}]"
    for word, item in table.items():
        if isinstance(item, list | tuple) and any(isinstance(each, Mapping) for each in item):
            yield f"{key(word)} = ["
            yield from (f"  {value(each)}," for each in item)
            yield "]"
        else:
            yield f"{key(word)} = {value(item)}"


def value(item: Any) -> str:
    """A value on one line: a string, a path, a number, a truth, a list or a table; a reference as it was written."""
    if isinstance(item, Referred):
        return _quoted(item.written) if isinstance(item.written, str) else value(item.written)
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, int | float):
        return repr(item)
    if isinstance(item, Mapping):
        return "{ " + ", ".join(f"{key(word)} = {value(each)}" for word, each in item.items()) + " }" if item else "{}"
    if isinstance(item, list | tuple):
        return "[" + ", ".join(value(each) for each in item) + "]"
    return _string(str(item) if isinstance(item, PurePath) else item)


def _string(text: str) -> str:
    """A basic string; what looks like a variable is text here."""
    return _quoted(text.replace("${", "$${"))


def _quoted(text: str) -> str:
    escaped = "".join(_ESCAPES.get(character, character) for character in text)
    return '"' + _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", escaped) + '"'
