"""Files as one tree of plain values: syntax, includes and ``${ENV}``; what the values mean is decided later.

The tree is what ``tomllib`` makes; lines come from :mod:`exproxy.config.positions`.  (tomlkit keeps comments and blanks but
no positions, so it does not help here.)
"""

import re
import tomllib
from collections.abc import Mapping
from datetime import date, time
from glob import glob, has_magic
from pathlib import Path
from typing import Any

import attrs

from exproxy.config.positions import positions
from exproxy.config.problems import ConfigError, KeyPath, Place, Problem, dotted
from exproxy.config.reference import referred

_VARIABLE = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ERROR_POSITION = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)
_FOLDED_TABLES = (("tls", "profiles"),)
"""Tables below the first level in which the entries of several files meet."""


class FileText(dict[str, Any]):
    """A table ``{ file = "…" }``, which is the text of that file wherever a string is expected."""

    def __init__(self, table: Mapping[str, Any], folder: Path) -> None:
        super().__init__(table)
        self._path: Path = folder / table["file"]

    def read(self) -> str:
        """:raises ValueError: it cannot be read."""
        try:
            text = self._path.read_text("utf-8").removesuffix("\n").removesuffix("\r")
        except (OSError, UnicodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise ValueError(f'"{self._path}" cannot be read: {reason}') from error
        return referred(text, {"file": str(self._path.absolute())})


@attrs.define
class Tree:
    """All files as one document.

    :param values: nested dictionaries, lists and scalars.
    :param places: where each key is written.
    :param files: those that were read, as they were named, the main one first.
    :param unfilled: keys whose ``${ENV}`` is not to be had; that was said, and what stands there now says nothing.
    """

    main: Path
    values: dict[str, Any] = attrs.Factory(dict)
    places: dict[KeyPath, Place] = attrs.Factory(dict)
    files: list[Path] = attrs.Factory(list)
    problems: list[Problem] = attrs.Factory(list)
    unfilled: set[KeyPath] = attrs.Factory(set)

    def place(self, path: KeyPath) -> Place:
        """Where ``path`` is written, or what it would stand in."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Place(self.main))

    def problem(self, path: KeyPath, message: str, hint: str = "") -> Problem:
        place = self.place(path)
        return Problem(place.file, place.line, dotted(path), message, hint, place.column)


def read(path: Path, environ: Mapping[str, str]) -> Tree:
    """Read ``path`` and what it includes.

    :raises ConfigError: the one file that cannot be read, or the one place where it is not TOML.  All else is left in
        :attr:`Tree.problems`.
    """
    tree = Tree(path)
    _Reader(tree, environ).file(path, ())
    return tree


@attrs.define
class _Reader:
    tree: Tree
    environ: Mapping[str, str]
    _included: dict[Path, Place] = attrs.Factory(dict)

    def file(self, path: Path, chain: tuple[Path, ...]) -> None:
        text = _text(path)
        values = _parse(text, path)
        self.tree.files.append(path)
        places = {key: Place(path, at.line, at.column) for key, at in positions(text).items()}
        values = self._strings(values, (), path, places)
        includes = values.pop("include", [])
        if not chain and includes:
            self.tree.places[("include",)] = places[("include",)]
        self._merge(self.tree.values, values, (), places)
        self._include(includes, path, places, (*chain, path.resolve()))

    def _problem(self, place: Place, path: KeyPath, message: str, hint: str = "") -> None:
        self.tree.problems.append(Problem(place.file, place.line, dotted(path), message, hint, place.column))

    def _strings(self, value: Any, path: KeyPath, file: Path, places: Mapping[KeyPath, Place]) -> Any:
        """``value`` with ``${ENV}`` filled in and ``{ file = }`` known as such."""
        if isinstance(value, str):
            text = _VARIABLE.sub(lambda match: self._variable(match, path, places), value)
            return referred(text, value) if any(match[1] for match in _VARIABLE.finditer(value)) else text
        if isinstance(value, list):
            return [self._strings(item, (*path, index), file, places) for index, item in enumerate(value)]
        if isinstance(value, dict):
            filled = {word: self._strings(item, (*path, word), file, places) for word, item in value.items()}
            return FileText(filled, file.parent) if filled.keys() == {"file"} and isinstance(filled["file"], str) else filled
        return str(value) if isinstance(value, date | time) else value

    def _variable(self, match: re.Match[str], path: KeyPath, places: Mapping[KeyPath, Place]) -> str:
        if match[0] == "$${":
            return "${"
        if not match[2] or not _VARIABLE_NAME.fullmatch(match[1]):
            self._problem(
                places[path], path, f'"{match[0]}" is not the name of an environment variable', 'a plain "${" is written "$${"'
            )
            return match[0]
        if match[1] not in self.environ:
            self._problem(
                places[path], path, f"the environment variable {match[1]} is not set", f"set it, or write $${match[0][1:]}"
            )
            self.tree.unfilled.add(path)
            return match[0]
        return self.environ[match[1]]

    def _include(self, includes: Any, file: Path, places: Mapping[KeyPath, Place], chain: tuple[Path, ...]) -> None:
        patterns = [includes] if isinstance(includes, str) else includes
        if not isinstance(patterns, list) or not all(isinstance(pattern, str) for pattern in patterns):
            self._problem(places[("include",)], ("include",), 'a list of file names is expected, such as ["conf.d/*.toml"]')
            return
        for index, pattern in enumerate(patterns):
            place = places.get(("include", index), places[("include",)])
            found = sorted(glob(pattern, root_dir=file.parent))
            if not found and not has_magic(pattern):
                self._problem(place, ("include",), f'there is no file "{file.parent / pattern}"')
            for name in found:
                self._include_one(file.parent / name, place, chain)

    def _include_one(self, path: Path, place: Place, chain: tuple[Path, ...]) -> None:
        real = path.resolve()
        if real in chain:
            self._problem(place, ("include",), f'"{path}" includes itself', " -> ".join(map(str, (*chain, real))))
        elif real in self._included:
            self._problem(place, ("include",), f'"{path}" is already included at {self._included[real]}')
        else:
            self._included[real] = place
            self.file(path, chain)

    def _merge(self, into: dict[str, Any], values: dict[str, Any], path: KeyPath, places: dict[KeyPath, Place]) -> None:
        """Put one file's keys beside those of the others; tables of the first level meet, what is in them may be there once."""
        for word, value in values.items():
            here = (*path, word)
            if word not in into:
                into[word] = value
                self.tree.places.update({at: place for at, place in places.items() if at[: len(here)] == here})
            elif isinstance(value, dict) and isinstance(into[word], dict) and (not path or here in _FOLDED_TABLES):
                self._merge(into[word], value, here, places)
            else:
                first = self.tree.places[here]
                self._problem(places[here], here, f"this is already said at {first}", "say it in one place")


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError([Problem(path, None, "", f"cannot be read: {error.strerror}")]) from error
    try:
        # Windows' Notepad begins files with a byte order mark, which TOML does not know.
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError([Problem(path, line, "", "this is not UTF-8 text", "save the file as UTF-8")]) from error


def _parse(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        match = _ERROR_POSITION.fullmatch(str(error))
        message, line, column = (match[1], match[2], match[3]) if match else (str(error), None, None)
        last = len(text.splitlines())
        problem = Problem(path, int(line) if line else last, "", f"not TOML: {message}", "", int(column) if column else None)
        raise ConfigError([problem]) from error
