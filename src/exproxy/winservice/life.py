"""A service's life: from the manager's start until it is stopped, whatever comes between."""

from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from exproxy.config.problems import ConfigError
from exproxy.site.errors import SiteError
from exproxy.winservice.orders import Order
from exproxy.winservice.status import HINT, PATIENCE, Status

PULSE = 3.0
"""Seconds between two signs of life of a service that ends."""
SHUTDOWN = 3.0
"""Seconds that sessions have when the machine goes down: Windows ends services 5 s after it has asked them
(WaitToKillServiceTimeout)."""

REFUSED, BROKEN = 1, 2
"""Exit codes: the configuration, a port or a file is not as it has to be; an error of exproxy's own, or of the system."""

_log = Logger()


class Site(Protocol):
    """What is started and stopped."""

    def start(self) -> "Deferred[None]": ...

    def stop(self) -> "Deferred[None]": ...

    def hurry(self) -> None: ...


class Life:
    """:param build: reads the file, opens the log, binds the ports; called in the service's thread.

    :param status: what the manager is told.
    """

    def __init__(self, reactor: Any, build: Callable[[], Site], status: Status) -> None:
        self._reactor = reactor
        self._build = build
        self._status = status
        self._site: Site | None = None
        self._asked = False
        self._ending = False
        self._code = 0
        self._calls: dict[str, IDelayedCall] = {}

    def run(self) -> None:
        """In the service's thread; returns when all is over and the manager has been told so."""
        self._status.starting(PATIENCE)
        try:
            self._site = self._build()
        except (ConfigError, SiteError) as error:
            self._code = REFUSED
            _log.critical("exproxy is not started.\n{reasons}", reasons=error)
        except Exception:  # noqa: BLE001 - whatever it is, who started us has to read it
            self._code = BROKEN
            _log.failure("exproxy is not started: an error of its own; please report this")
        else:
            self._reactor.callWhenRunning(self._begin)
            self._reactor.run(installSignalHandlers=False)
            if not self._ending:
                self._code = BROKEN
                _log.critical("exproxy has ended though nobody asked it to")
        self._status.stopped(self._code)

    def order(self, order: Order) -> None:
        """The manager's, from any thread and at any time; it has been told that we stop."""
        self._asked = True
        # before the reactor runs this waits until it does, unless there is nothing to run
        self._reactor.callFromThread(self._end if order == "stop" else self._end_soon)

    def _begin(self) -> None:
        if self._asked:
            _log.info("exproxy was asked to stop before it was ready")
            return
        assert self._site is not None
        maybeDeferred(self._site.start).addCallbacks(self._ready, self._failed)

    def _ready(self, nothing: None) -> None:
        self._status.running()
        if not self._asked:
            _log.info("exproxy is ready")

    def _failed(self, failure: Failure) -> None:
        self._code = BROKEN
        _log.failure("exproxy cannot let clients in; please report this", failure)
        self._end()

    def _end(self) -> None:
        if self._ending:
            return
        self._ending = True
        assert self._site is not None
        _log.info("exproxy stops: nobody is let in any more, sessions have time to end")
        self._pulse()
        self._site.stop().addErrback(self._not_stopped).addCallback(self._over)

    def _end_soon(self) -> None:
        assert self._site is not None
        self._end()
        if self._ending and "hurry" not in self._calls:
            self._calls["hurry"] = self._reactor.callLater(SHUTDOWN, self._site.hurry)

    def _pulse(self) -> None:
        self._status.stopping(HINT)
        self._calls["pulse"] = self._reactor.callLater(PULSE, self._pulse)

    def _not_stopped(self, failure: Failure) -> None:
        self._code = BROKEN
        _log.failure("exproxy did not end as it should; please report this", failure)

    def _over(self, nothing: object) -> None:
        for call in self._calls.values():
            if call.active():
                call.cancel()
        if not self._code:
            _log.info("exproxy has stopped")
        self._reactor.stop()
