"""The configuration is read anew: by a signal, or because an administrator wants it."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, DeferredLock, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from exproxy.admin.reloading import NotReloadedError
from exproxy.config import model
from exproxy.config.problems import ConfigError
from exproxy.site.errors import SiteError

T = TypeVar("T")

Changed = Sequence[str]

_log = Logger()


class Reloading:
    """One at a time: all who ask meanwhile have it read once more.

    :param apply: makes a configuration hold, or raises, or fails with, :class:`exproxy.site.errors.SiteError`: then all is as it
        was.
    """

    def __init__(self, apply: "Callable[[model.Configuration], Changed | Deferred[Changed]]") -> None:
        self._apply = apply
        self._load: Callable[[], model.Configuration] | None = None
        self._over = False
        self.refused = False
        """Whether the file, as it was when it was read for the last time, does not hold."""
        self._begun: Callable[[], object] = _nothing
        self._done: Callable[[], object] = _nothing
        self._lock = DeferredLock()
        self._asking: list[Deferred[Changed]] = []
        """Who has asked since the file was read for the last time."""

    def read_by(self, load: Callable[[], model.Configuration]) -> None:
        """:param load: raises :class:`exproxy.config.problems.ConfigError`."""
        self._load = load

    def tell(self, begun: Callable[[], object], done: Callable[[], object]) -> None:
        """Have them called before the file is read, and when all holds or stays; for supervisors."""
        self._begun, self._done = begun, done

    def end(self) -> None:
        """The process ends: nothing new begins."""
        self._over = True

    def reload(self) -> "Deferred[Changed]":
        """Fires with what has changed when it holds.

        Fails with :class:`exproxy.admin.reloading.NotReloadedError`, which has been logged then.
        """
        asked: Deferred[Changed] = Deferred()
        self._asking.append(asked)
        if len(self._asking) == 1:
            self._lock.run(self._reload)
        return asked

    def signalled(self) -> None:
        """The same for somebody who reads no answer but the log."""
        self.reload().addErrback(_logged_already)

    def _reload(self) -> "Deferred[None]":
        asking, self._asking = self._asking, []
        self._begun()
        return maybeDeferred(self._begin).addCallbacks(_tell, _refuse).addBoth(self._tell_done).addBoth(_answer, asking)

    def _tell_done(self, result: T) -> T:
        self.refused = isinstance(result, Failure)
        if not self._over:
            self._done()
        return result

    def _begin(self) -> "Changed | Deferred[Changed]":
        if self._over or self._load is None:
            raise SiteError(["the process ends" if self._over else "there is no file to read"])
        return self._apply(self._load())


def _answer(result: Any, asking: "list[Deferred[Changed]]") -> None:
    for asked in asking:
        asked.callback(result)


def _tell(changed: Changed) -> Changed:
    _log.info("the configuration was read anew: {changed}", changed="; ".join(changed) or "nothing has changed")
    return changed


def _refuse(failure: Failure) -> Changed:
    error = failure.value
    if isinstance(error, ConfigError):
        problems = [str(problem) for problem in error.problems]
    elif isinstance(error, SiteError):
        problems = list(error.sentences)
    else:
        _log.failure("exproxy made an error while it read the configuration anew; please report this", failure)
        raise NotReloadedError(["exproxy made an error, which is in its log: please report it, and restart"]) from error
    for problem in problems:
        _log.error("the configuration was not read anew, and all is as it was: {problem}", problem=problem)
    raise NotReloadedError(problems) from error


def _logged_already(failure: Failure) -> None:
    """In words, or as an error of ours."""


def _nothing() -> None:
    pass
