"""Header lines that an administrator sets, adds or removes."""

import itertools
import re
from collections.abc import Iterable, Mapping

import attrs

from exproxy.wire.web.hops import CONNECTION

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", re.ASCII)
_VALUE = re.compile(r"(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?")
_OURS = CONNECTION | {b"content-length", b"transfer-encoding", b"trailer"}


@attrs.frozen
class HeaderRules:
    """What is done to the lines that are passed on: :func:`header_rules` makes one.

    :param dropped: names in lower case of lines that the peer sent.
    :param lines: put behind the others.
    """

    dropped: frozenset[bytes] = frozenset()
    lines: tuple[bytes, ...] = ()


def header_rules(
    replace: Mapping[str, str] | None = None,
    add: Iterable[tuple[str, str]] = (),
    remove: Iterable[str] = (),
) -> HeaderRules:
    """Removed first, then replaced, then added.

    :param replace: lines of these names are removed, and one with this value put in.
    :param add: a line more, whatever there is.
    :raises ValueError: the text is for the administrator who wrote it.
    """
    replace = replace or {}
    add, remove = tuple(add), tuple(remove)
    for name in (*replace, *(name for name, _ in add), *remove):
        _check_name(name)
    for name in (*(name for name, _ in add), *remove):
        if name.lower() == "host":
            raise ValueError("Host may be set, but neither added nor removed: each request has one")
    gone = frozenset(name.lower().encode() for name in (*replace, *remove))
    return HeaderRules(gone, tuple(header_line(name, value) for name, value in (*replace.items(), *add)))


def header_line(name: str, value: str) -> bytes:
    """``Name: value``.

    :raises ValueError: one of them would break out of its place.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of a header")
    if not _VALUE.fullmatch(value):
        raise ValueError(f"the header {name} has a control character, one beyond Latin-1 or a blank around its value")
    return f"{name}: {value}".encode("latin-1")


def spellings(name: bytes) -> frozenset[bytes]:
    """``name`` with each of its hyphens also as an underscore: IIS shows both as the same server variable."""
    parts = name.split(b"-")
    joints = itertools.product((b"-", b"_"), repeat=len(parts) - 1)
    return frozenset(b"".join(itertools.chain(*zip(parts, (*joint, b""), strict=True))) for joint in joints)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of a header")
    if name.lower().encode() in _OURS:
        raise ValueError(f"the header {name} says how messages follow one another on a connection, which is not for rules")
