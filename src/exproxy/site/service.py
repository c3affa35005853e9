"""The site as a service of twistd."""

from typing import Any, Protocol

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from exproxy.process.signals import Signals

_log = Logger()


class Site(Protocol):
    """One process, or a master."""

    def start(self) -> "Deferred[None]":
        """Fires when clients are let in."""

    def stop(self) -> "Deferred[None]": ...

    def hurry(self) -> None: ...

    def reopen_logs(self) -> None: ...


class SiteService(Service):
    """:param site: with a configuration applied."""

    def __init__(self, site: Site, reactor: Any) -> None:
        self._site = site
        self._reactor = reactor
        self._signals = Signals(reactor.callFromThread, reactor.stop, self._hurry, site.reopen_logs)

    def startService(self) -> None:
        super().startService()  # type: ignore[no-untyped-call]  # Twisted's Service has no types
        self._reactor.callWhenRunning(self._begin)

    def stopService(self) -> "Deferred[None]":
        """Drains; fires when the last session is over."""
        super().stopService()  # type: ignore[no-untyped-call]  # likewise
        return self._site.stop()

    def _begin(self) -> None:
        self._signals.install()
        self._site.start().addCallback(self._tell)

    def _hurry(self) -> None:
        _log.info("asked to stop again: ending what still lives")
        self._site.hurry()

    def _tell(self, nothing: None) -> None:
        _log.info("exproxy is ready")
