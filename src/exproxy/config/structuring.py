"""From plain values to sections, with everything that is wrong and where.

One pass of cattrs finds what is wrong with each value.  A value that is wrong is then taken out, so that what is behind it can be
looked at too, and the pass is repeated until nothing is left to take out: all mistakes are found, and none twice.
"""

import types
from collections import abc
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import attrs
from cattrs import Converter

from exproxy.config import addresses, reading
from exproxy.config.kinds import BadValueError, CheckerType, Name, Several
from exproxy.config.model import Network
from exproxy.config.problems import KeyPath, did_you_mean
from exproxy.config.sections import (
    AgentSection,
    BindSection,
    CertificateSection,
    CheckSection,
    CheckTLSSection,
    ClientCertificatesSection,
    FrontTLSSection,
    MappedSection,
    MapperSection,
    RedirectSection,
    ServerSection,
    ServerTLSSection,
    WebhookSection,
)
from exproxy.config.sources import FileText, Tree

T = TypeVar("T")

TLS_TYPES = {"https": "http", "tls": "tls", "rpch": "rpch"}
"""Types that mean TLS from the first byte, and the checkers that they name."""
DEFAULT_CHECK = "tcp"


class _TakenOut:
    """Stands where a wrong value was, so that what contains it does not look incomplete."""


TAKEN_OUT = _TakenOut()


@attrs.frozen
class Finding:
    """What is wrong at a path; ``out`` is the path of what cannot be used for it.  Without a message it was said before."""

    path: KeyPath
    message: str
    hint: str
    out: KeyPath

    def below(self, key: str | int) -> "Finding":
        return attrs.evolve(self, path=(key, *self.path), out=(key, *self.out))


class Findings(Exception):  # noqa: N818 - it carries several findings and is no error by itself
    def __init__(self, found: Iterable[Finding]) -> None:
        super().__init__()
        self.found = tuple(found)


def structure(
    tree: Tree, kind: type[T], checkers: Mapping[str, CheckerType], path: KeyPath = ()
) -> tuple[T | None, set[KeyPath]]:
    """The table at ``path`` as a section.

    :returns: the section, ``None`` if it cannot be had at all, and the paths of what was taken out; all that was wrong has been
        added to the tree's problems.
    """
    converter = converter_for(checkers)
    damaged = {unfilled for unfilled in tree.unfilled if unfilled[0] != "include" and unfilled[: len(path)] == path}
    for unfilled in damaged:
        _take_out(tree.values, unfilled)
    while (value := _look_up(tree.values, path)) is not TAKEN_OUT:
        try:
            return converter.structure(value, kind), damaged
        except Findings as findings:
            for finding in findings.found:
                if finding.message:
                    tree.problems.append(tree.problem((*path, *finding.path), finding.message, finding.hint))
                _take_out(tree.values, (*path, *finding.out))
                damaged.add((*path, *finding.out))
    return None, damaged


def converter_for(checkers: Mapping[str, CheckerType]) -> Converter:
    """A converter that knows the sections, the kinds of value and the options of these check types."""
    converter = Converter()
    hooks = _Hooks(converter, checkers)
    # The last one registered is asked first: Several is an attrs class too, and has its own.
    converter.register_structure_hook_func(attrs.has, hooks.table)
    for origins, hook in (
        ((Union, types.UnionType), hooks.union),
        ((Literal,), hooks.literal),
        ((tuple,), hooks.tuple),
        ((abc.Mapping, dict), hooks.mapping),
        ((Several,), hooks.several),
    ):
        converter.register_structure_hook_func(partial(_has_origin, origins), hook)
    for kind, read in reading.READERS.items():
        converter.register_structure_hook(kind, partial(_read, read))
    converter.register_structure_hook(CheckSection, hooks.check)
    return converter


def _has_origin(origins: tuple[Any, ...], kind: Any) -> bool:
    return get_origin(kind) in origins


def _read(read: Callable[[Any], Any], value: Any, _: Any) -> Any:
    return read(value)


@attrs.frozen
class _Hooks:
    """How each shape of type is structured.  All raise :class:`Findings`, or ValueError for the value as a whole."""

    converter: Converter
    checkers: Mapping[str, CheckerType]

    def table(self, value: Any, kind: Any) -> Any:
        """A table as an attrs class: no unknown keys, no missing ones, none that is not built yet."""
        if kind in _SHORTHANDS and (short := _SHORTHANDS[kind](value)) is not value:
            return self._whole(partial(self.table, short, kind))
        given = reading.table(value, f"{_SHORT[kind]} or a table" if kind in _SHORT else "a table")
        found = [_unknown(word, _keys(kind)) for word in given if word not in _keys(kind) and given[word] is not TAKEN_OUT]
        hints = _hints(kind)
        values: dict[str, Any] = {}
        for attribute in shown(kind):
            name = attribute.name
            if name in given and given[name] is not TAKEN_OUT:
                values |= self._collect(found, name, given[name], hints[name], attribute)
            elif attribute.default is attrs.NOTHING:
                message = "" if name in given else f'"{name}" is missing'
                found.append(Finding((name,), message, _such_as(attribute) if message else "", ()))
        said_before = {name: TAKEN_OUT for name in _keys(kind) if given.get(name) is TAKEN_OUT}
        if not found:
            self._validate(found, kind, values, said_before)
        if found:
            raise Findings(found)
        try:
            return kind(**values)
        except ValueError:
            if not said_before:
                raise
            raise Findings([Finding((), "", "", ())]) from None

    def _whole(self, structure: Callable[[], Any]) -> Any:
        """For a value that stands for a table: what is wrong in the table is wrong with the value."""
        try:
            return structure()
        except Findings as findings:
            raise Findings(attrs.evolve(finding, path=(), out=()) for finding in findings.found) from findings

    def _collect(self, found: list[Finding], name: str, value: Any, kind: Any, attribute: Any) -> dict[str, Any]:
        if "later" in attribute.metadata:
            found.append(Finding((name,), "this is not built yet", attribute.metadata["later"], (name,)))
            return {}
        return self._item(found, name, value, kind)

    def _item(self, found: list[Finding], key: Any, value: Any, kind: Any) -> dict[Any, Any]:
        """The value under its key, or nothing and a finding."""
        try:
            return {key: self.converter.structure(value, kind)}
        except Findings as findings:
            found.extend(finding.below(key) for finding in findings.found)
        except ValueError as error:
            found.append(_finding((key,), error))
        return {}

    def _validate(self, found: list[Finding], kind: Any, values: Mapping[str, Any], others: Mapping[str, Any]) -> None:
        """Ask each field's validator by itself: an attrs class as a whole does not say which field it refuses.

        :param others: what validators that look at several fields see for those that were taken out: that there was something.
        """
        instance = types.SimpleNamespace(**values, **others)
        for attribute in attrs.fields(kind):
            if attribute.validator is not None and attribute.name in values:
                try:
                    attribute.validator(instance, attribute, values[attribute.name])
                except ValueError as error:
                    found.append(_finding((attribute.name,), error))

    def mapping(self, value: Any, kind: Any) -> dict[Any, Any]:
        of_key, of_value = get_args(kind)
        found: list[Finding] = []
        items: dict[Any, Any] = {}
        for word, item in reading.table(value).items():
            if item is TAKEN_OUT:
                continue
            if of_key is Name and not reading.NAME.fullmatch(word):
                found.append(Finding((word,), "a name consists of letters, digits and . _ - : @", "", (word,)))
            else:
                items |= self._item(found, word, item, of_value)
        if found:
            raise Findings(found)
        return items

    def several(self, value: Any, kind: Any) -> Several[Any]:
        (of_item,) = get_args(kind)
        if of_item is CheckSection and value == "off":
            return Several()
        if not isinstance(value, list):
            return Several((((), self.converter.structure(value, of_item)),))
        found: list[Finding] = []
        items: dict[int, Any] = {}
        for index, item in enumerate(value):
            if item is not TAKEN_OUT:
                items |= self._item(found, index, item, of_item)
        if found:
            raise Findings(found)
        return Several(tuple(((index,), item) for index, item in items.items()))

    def tuple(self, value: Any, kind: Any) -> Any:
        return self.several(value, Several[get_args(kind)[0]]).values()  # type: ignore[misc]  # the type is only known at run time

    def union(self, value: Any, kind: Any) -> Any:
        """Every union here is a type or ``None``, literals, or a type with literals that stand for special cases of it."""
        if kind == Network:
            return addresses.network(reading.string(value))
        kinds = [member for member in get_args(kind) if member is not types.NoneType]
        if addresses.InterfacePort in kinds:
            return reading.server_port(value)
        words = [word for member in kinds if get_origin(member) is Literal for word in get_args(member)]
        others = [member for member in kinds if get_origin(member) is not Literal]
        if any(value is word for word in words if not isinstance(word, str)) or value in [
            word for word in words if isinstance(word, str)
        ]:
            return value
        if not others:
            return reading.word(value, words)
        return self.converter.structure(value, others[0])

    def literal(self, value: Any, kind: Any) -> Any:
        return reading.word(value, get_args(kind))

    def check(self, value: Any, kind: Any) -> CheckSection:
        """The keys that all checks have, and with them those of the check's type."""
        if isinstance(value, str):
            checked: CheckSection = self._whole(partial(self.check, {"type": value}, kind))
            return checked
        given = dict(reading.table(value))
        common = {word: given.pop(word) for word in list(given) if word in _keys(CheckSection)}
        found: list[Finding] = []
        section: CheckSection = CheckSection()
        options = self._options(found, common, given)
        try:
            section = self.table(common, CheckSection)
        except Findings as findings:
            found.extend(findings.found)
        if found:
            raise Findings(found)
        return attrs.evolve(section, options=options)

    def _options(self, found: list[Finding], common: dict[str, Any], given: Mapping[str, Any]) -> object:
        kind = common.get("type")
        if kind is TAKEN_OUT or kind is None or not isinstance(kind, str):
            # Without a type, these are changes to the back end's checks, whose options stay.
            found.extend(
                _unknown(word, _keys(CheckSection)) for word, item in given.items() if kind is None and item is not TAKEN_OUT
            )
            return None
        checker = TLS_TYPES.get(kind, kind)
        if checker not in self.checkers:
            known = [*self.checkers, *(alias for alias, name in TLS_TYPES.items() if name in self.checkers)]
            found.append(
                Finding(("type",), f'"{kind}" is not a type of check', did_you_mean(kind, dict.fromkeys(known)), ("type",))
            )
            return None
        known = [*_keys(CheckSection), *_keys(self.checkers[checker].options)]
        found.extend(_unknown(word, known) for word, item in given.items() if word not in known and item is not TAKEN_OUT)
        try:
            return self.table({word: item for word, item in given.items() if word in known}, self.checkers[checker].options)
        except Findings as findings:
            # One that only lacks what was taken out of it is no reason to take out the rest of the check unseen.
            found.extend(finding for finding in findings.found if finding.message)
        return TAKEN_OUT


def shown(kind: Any) -> list[Any]:
    """The fields that a file may say."""
    return [attribute for attribute in attrs.fields(kind) if attribute.init and "hidden" not in attribute.metadata]


@cache  # classes do not change, and each table asks for each of its words
def _keys(kind: Any) -> tuple[str, ...]:
    return tuple(attribute.name for attribute in shown(kind))


@cache  # Python evaluates them anew each time, which was half of the time that nobody is served while a file is read
def _hints(kind: Any) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _finding(path: KeyPath, error: ValueError) -> Finding:
    if isinstance(error, BadValueError):
        return Finding(path, error.message, error.hint, path)
    return Finding(path, str(error), "", path)


def _unknown(word: str, known: Iterable[str]) -> Finding:
    return Finding((word,), "there is no such key", did_you_mean(word, known), (word,))


def _such_as(attribute: Any) -> str:
    """A checker may tell words that its option knows: the first is the one that most people want."""
    known = attribute.metadata.get("known", ())
    return f'such as {attribute.name} = "{known[0]}"; known are {", ".join(known)}' if known else ""


def _look_up(values: Any, path: KeyPath) -> Any:
    for part in path:
        if values is TAKEN_OUT:
            return TAKEN_OUT
        values = values[part]
    return values


def _take_out(values: Any, path: KeyPath) -> None:
    table = _look_up(values, path[:-1])
    if table is not TAKEN_OUT:  # with all that is in it
        table[path[-1]] = TAKEN_OUT


def _server(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return {"port": value}
    if isinstance(value, str) and value.startswith("epm/"):
        return {"port": value}
    return {"address": value} if isinstance(value, str | FileText) else value


_SHORTHANDS: Mapping[Any, Callable[[Any], Any]] = {
    ServerSection: _server,
    BindSection: lambda value: {"address": value} if isinstance(value, str | FileText) else value,
    MappedSection: lambda value: {"tcp": value} if isinstance(value, str) else value,
    RedirectSection: lambda value: {"to": value} if isinstance(value, str) else value,
    CheckTLSSection: lambda value: {"mode": value} if isinstance(value, str) else value,
    FrontTLSSection: lambda value: {"mode": value} if isinstance(value, str) else value,
    ServerTLSSection: lambda value: {"mode": value} if isinstance(value, str) else value,
    CertificateSection: lambda value: {"file": value} if isinstance(value, str) else value,
    ClientCertificatesSection: lambda value: {"ca": value} if isinstance(value, str) else value,
    AgentSection: lambda value: {"port": value} if isinstance(value, int) else value,
    MapperSection: lambda value: {"port": value} if isinstance(value, int) else value,
    WebhookSection: lambda value: {"url": value} if isinstance(value, str | FileText) else value,
}

_SHORT = {
    kind: "a number" if kind in (AgentSection, MapperSection) else "a port, an address" if kind is ServerSection else "a string"
    for kind in _SHORTHANDS
}
"""What may stand for a table, for people."""
