"""Finds the types of checks: ours and those of third parties, all of them Twisted plugins."""

from types import ModuleType

from twisted.logger import Logger
from twisted.plugin import getPlugins

from exproxy.check.interfaces import IChecker

_log = Logger()


class DuplicateCheckerError(Exception):
    """Two plugins have the same name; the text says which."""


def checkers(package: ModuleType | None = None) -> dict[str, IChecker]:
    """Every type of check by its name, sorted.

    A plugin that cannot be imported is logged by Twisted and left out; so is one that has not what :class:`IChecker` wants.

    :param package: where to look; Twisted's ``twisted.plugins``, if nothing else is said.
    :raises DuplicateCheckerError: two plugins have the same name.
    """
    found: dict[str, IChecker] = {}
    for checker in getPlugins(IChecker, package):
        name = _name(checker)
        if name is None:
            continue
        if name in found:
            raise DuplicateCheckerError(
                f"two plugins are checkers named {name!r}: {_origin(found[name])} and {_origin(checker)}; remove one of them"
            )
        found[name] = checker
    return dict(sorted(found.items()))


def _name(checker: IChecker) -> str | None:
    """The checker's name, if it is a whole one."""
    missing = [word for word in ("name", "options", "starttls", "default_port", "dialogue") if not hasattr(checker, word)]
    if not missing and isinstance(checker.name, str) and isinstance(checker.options, type):
        return checker.name
    _log.error(
        "the checker {origin} was left out: {why}",
        origin=_origin(checker),
        why=f"it has no {', '.join(missing)}" if missing else "its name is no text or its options are no class",
    )
    return None


def _origin(checker: IChecker) -> str:
    return f"{type(checker).__module__}.{type(checker).__qualname__}"
