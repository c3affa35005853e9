"""Header lines that an administrator sets, adds or removes."""

import itertools
import re
from collections.abc import Iterable, Mapping

import attrs

from exproxy.wire.web.hops import CONNECTION

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", re.ASCII)
_VALUE = re.compile(r"(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?")
_OURS = CONNECTION | {b"content-length", b"transfer-encoding", b"trailer"}
_JOINT = re.compile(rb"[-_]")
_MOST_JOINTS = 8  # 256 spellings

VARIABLE = re.compile(rb"\{(source|host|proto)\}")
"""What stands in a value for something of the request: its client's address, its ``Host``, ``http`` or ``https``."""


@attrs.frozen
class HeaderRules:
    """What is done to the lines that are passed on: :func:`header_rules` makes one.

    :param dropped: names in lower case of lines that the peer sent.
    :param lines: put behind the others.
    """

    dropped: frozenset[bytes] = frozenset()
    lines: tuple[bytes, ...] = ()

    @property
    def some(self) -> bool:
        """Whether there are any."""
        return bool(self.dropped or self.lines)

    @property
    def spelled(self) -> frozenset[bytes]:
        """``dropped`` in every spelling: what is set here nobody else may say in another one."""
        return frozenset().union(*(spellings(name) for name in self.dropped))

    def then(self, later: "HeaderRules") -> "HeaderRules":
        """These rules, and behind them others, for which our lines are lines like all."""
        return HeaderRules(self.dropped | later.dropped, (*later._kept(self.lines), *later.lines))

    def applied(self, lines: Iterable[bytes]) -> list[bytes]:
        """The lines of a head of our own, as a peer's would be passed on."""
        return [*self._kept(lines), *self.lines]

    def _kept(self, lines: Iterable[bytes]) -> list[bytes]:
        return [line for line in lines if line.partition(b":")[0].lower() not in self.dropped]


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


def filled(line: bytes, values: Mapping[bytes, bytes]) -> bytes:
    """``line`` with the values of its variables."""
    return VARIABLE.sub(lambda found: values[found[1]], line)


def spellings(name: bytes) -> frozenset[bytes]:
    """``name`` with each of its hyphens also as an underscore, and the other way: IIS shows both as the same server variable."""
    parts = _JOINT.split(name)
    joints = itertools.product((b"-", b"_"), repeat=len(parts) - 1)
    return frozenset(b"".join(itertools.chain(*zip(parts, (*joint, b""), strict=True))) for joint in joints)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of a header")
    if name.lower().encode() in _OURS:
        raise ValueError(f"the header {name} says how messages follow one another on a connection, which is not for rules")
    if len(_JOINT.findall(name.encode())) > _MOST_JOINTS:
        raise ValueError(f"the header {name} has more than {_MOST_JOINTS} hyphens")
