"""Things that a command names, or what HAProxy says where there is no such thing."""

import re
from collections.abc import Sequence

from exproxy import pool
from exproxy.admin.sources import Things

_NUMBER = re.compile(r"\s*([+-]?[0-9]{1,9})(.*)", re.ASCII | re.DOTALL)


class NamedError(LookupError):
    """The text is the answer."""


def named_server(things: Things, words: Sequence[str]) -> pool.Server:
    """``backend/server`` in the first word.

    :raises NamedError: there is none.
    """
    backend, slash, name = (words[0] if words else "").partition("/")
    if not (slash and name):
        raise NamedError("Require 'backend/server'.\n")
    if backend not in things.backends:
        raise NamedError("No such backend.\n")
    server = things.backends[backend].servers.get(name)
    if server is None:
        raise NamedError("No such server.\n")
    return server


def leading_number(word: str) -> tuple[int, str] | None:
    """The number that a word begins with, and what is behind it (C's ``strtol``); ``None``: it begins with none."""
    found = _NUMBER.fullmatch(word)
    return None if found is None else (int(found[1]), found[2])


def number(word: str) -> int:
    """As HAProxy reads one: 0 for what is none (C's ``atoi``)."""
    return (leading_number(word) or (0, ""))[0]
