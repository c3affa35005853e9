"""What is wrong with a configuration, said so that it can be found: file, line, key path, what, and the nearest thing known."""

import difflib
import re
from collections.abc import Iterable
from pathlib import Path

import attrs

KeyPath = tuple[str | int, ...]
"""The keys from the top of the document to a value; a list's element by its index."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")


@attrs.frozen
class Place:
    """Where something is written; line and column count from 1."""

    file: Path
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return str(self.file) if self.line is None else f"{self.file}:{self.line}"


@attrs.frozen
class Problem:
    """One thing that is wrong, or (as a warning) that is probably not meant.

    :param key_path: as :func:`dotted` writes it; empty when the file as a whole is meant.
    :param hint: what to do about it; may be empty.
    """

    file: Path
    line: int | None
    key_path: str
    message: str
    hint: str = ""
    column: int | None = None

    def __str__(self) -> str:
        where = str(self.file) if self.line is None else f"{self.file}:{self.line}"
        key = f"{self.key_path}: " if self.key_path else ""
        return f"{where}: {key}{self.message}" + (f"; {self.hint}" if self.hint else "")


class ConfigError(Exception):
    """A configuration that cannot be used: either one syntax error, or everything else that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


def key(word: str) -> str:
    """A key as TOML wants it: bare where that is possible."""
    return word if _BARE.fullmatch(word) else '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def dotted(path: KeyPath) -> str:
    """``("backends", "hub", "check", 1, "port")`` as ``backends.hub.check[1].port``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{key(part)}" if text else key(part)
    return text


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that offers the nearest known word, or all of them where none is near and they are few."""
    words = list(known)
    folded = {candidate.casefold(): candidate for candidate in words}
    near = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    if near:
        return f'did you mean "{folded[near[0]]}"?'
    if 0 < len(words) <= 8:
        return "known here: " + ", ".join(f'"{candidate}"' for candidate in words)
    return ""
