"""The site as a service of twistd."""

from typing import Any, Protocol

from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from exproxy.process.signals import Signals
from exproxy.site.reloading import Reloading

_log = Logger()


class Site(Protocol):
    """One process, or a master."""

    def start(self) -> "Deferred[None]":
        """Fires when clients are let in."""

    def stop(self) -> "Deferred[None]": ...

    def hurry(self) -> None: ...

    def reopen_logs(self) -> None: ...

    def summary(self) -> str:
        """What is going on, in a sentence."""

    @property
    def reloading(self) -> Reloading: ...


class Told(Protocol):
    """Who wants to know how the process is: a supervisor, or nobody."""

    def ready(self) -> None: ...

    def reloading(self) -> None: ...

    def stopping(self) -> None: ...

    def end(self) -> None: ...


class Nobody:
    """Nobody does."""

    def ready(self) -> None:
        """Clients are let in."""

    def reloading(self) -> None:
        """A reload begins."""

    def stopping(self) -> None:
        """The end begins."""

    def end(self) -> None:
        """It is over."""


class SiteService(Service):
    """:param site: with a configuration applied.

    :param told: of what goes on.
    """

    def __init__(self, site: Site, reactor: Any, told: Told) -> None:
        self._site = site
        self._told = told
        self._reactor = reactor
        site.reloading.tell(told.reloading, told.ready)
        self._signals = Signals(reactor.callFromThread, reactor.stop, self._hurry, site.reopen_logs, site.reloading.signalled)

    def startService(self) -> None:
        super().startService()  # type: ignore[no-untyped-call]  # Twisted's Service has no types
        self._signals.note_reloads()
        self._reactor.callWhenRunning(self._begin)

    def stopService(self) -> "Deferred[None]":
        """Drains; fires when the last session is over."""
        super().stopService()  # type: ignore[no-untyped-call]  # likewise
        self._told.stopping()
        return self._site.stop().addCallback(self._end)

    def _begin(self) -> None:
        self._signals.install()
        maybeDeferred(self._site.start).addCallbacks(self._tell, self._fail)

    def _hurry(self) -> None:
        _log.info("asked to stop again: ending what still lives")
        self._site.hurry()

    def _tell(self, nothing: None) -> None:
        _log.info("exproxy is ready")
        self._told.ready()

    def _fail(self, failure: Failure) -> None:
        """A process that lets nobody in and stays would hide it from who looks at processes, and from a supervisor."""
        _log.failure("exproxy cannot let clients in, and ends: this is an error of its own; please report it", failure)
        self._reactor.stop()

    def _end(self, nothing: None) -> None:
        self._told.end()
