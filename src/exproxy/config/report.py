"""Collects what is wrong while sections become the model."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import attrs

from exproxy.config.problems import KeyPath, Problem, did_you_mean
from exproxy.config.sources import Tree


@attrs.frozen
class Report:
    """Problems and warnings with their lines.

    :param damaged: paths of values that were taken out because they are wrong; what follows from that is not said again.
    :param expected: names that a broken template would have made, so that nobody is told that they do not exist.
    """

    tree: Tree
    damaged: frozenset[KeyPath] = frozenset()
    expected: frozenset[str] = frozenset()
    warnings: list[Problem] = attrs.Factory(list)

    def problem(self, path: KeyPath, message: str, hint: str = "") -> None:
        """Add a problem, once: a back end's check is looked at again for each of its servers."""
        problem = self.tree.problem(path, message, hint)
        if not self._follows(path) and problem not in self.tree.problems:
            self.tree.problems.append(problem)

    def warning(self, path: KeyPath, message: str, hint: str = "") -> None:
        """Add a warning; what a template has made of one line for many back ends is told of one of them."""
        warning = self.tree.problem(path, message, hint)
        said = [(other.file, other.line, other.message) for other in self.warnings if other.line is not None]
        if (warning.file, warning.line, message) not in said:
            self.warnings.append(warning)

    def later(self, path: KeyPath, what: str, instead: str) -> None:
        self.problem(path, f"{what} is not built yet", instead)

    def reference(self, path: KeyPath, table: str, name: str) -> bool:
        """Whether ``[table]`` has ``name``; a problem that offers the nearest one if not.

        The names are those of the file, also of entries that are wrong in themselves.
        """
        known = self.tree.values.get(table, {})
        if (table,) in self.damaged or name in self.expected or name in known:
            return True
        self.problem(path, f'there is no "{name}" in [{table}]', did_you_mean(name, known))
        return False

    def file(self, path: KeyPath, text: str) -> Path:
        """A path as the file at hand means it: relative to its own folder."""
        return (self.tree.place(path).file.parent / text).absolute()

    def _follows(self, path: KeyPath) -> bool:
        return any(out[: len(path)] == path for out in self.damaged)


def first(*values: object) -> object:
    """The first that is not ``None``."""
    return next((value for value in values if value is not None), None)


def settings(names: Iterable[str], sections: Sequence[object]) -> dict[str, object]:
    """What the first section that has an opinion says for each name; names without one are left out."""
    found: dict[str, object] = {}
    for name in names:
        for section in sections:
            value = getattr(section, name, None)
            if value is not None:
                found[name] = value
                break
    return found
