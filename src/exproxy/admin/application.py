"""Who asks, what for, and the answer: all but the wire."""

import time
from collections.abc import Callable, Sequence
from ipaddress import ip_address

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from exproxy.admin.answers import Answer, Asked, RefusedError
from exproxy.admin.callers import Caller
from exproxy.admin.logins import LoginError, Logins
from exproxy.admin.nearest import UnknownError
from exproxy.admin.routes import Demand, Route, find

SHARE = 0.1
"""Of a core: so much may be spent on answers to the network in the long run."""
BURST = 0.5
"""Seconds that may be spent at once."""
HELD = 1.0
"""Seconds for which one who asks too much waits until told so: a refusal costs something too."""

_NOBODY = Caller("nobody", "viewer", anonymous=True)

_log = Logger()


class Application:
    """:param routes: all that can be asked for.

    :param logins: ``None`` where there are no users: then whoever comes over the network may look, and no more.

    :param stopwatch: seconds, finely; what answers take is measured by it.
    """

    def __init__(
        self,
        clock: IReactorTime,
        routes: Sequence[Route],
        logins: Logins | None,
        stopwatch: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._clock = clock
        self._stopwatch = stopwatch
        self._routes = routes
        self._logins = logins
        self._allowance = BURST
        self._at = clock.seconds()

    def answer(self, asked: Asked) -> "Deferred[Answer]":
        """Never fails."""
        began = self._stopwatch()
        answered = maybeDeferred(self._answer, asked).addErrback(_refused)
        if asked.user is None:
            self._allowance -= self._stopwatch() - began
        return answered

    def _answer(self, asked: Asked) -> "Deferred[Answer]":
        route, names = find(self._routes, asked.method, asked.path)
        # who has to know whether all is well is told whatever others ask
        if asked.user is None and route.demand != "nothing" and self._exhausted():
            return deferLater(self._clock, HELD, _refuse_much)

        def handle(caller: Caller) -> "Answer | Deferred[Answer]":
            self._permit(route.demand, caller)
            return route.handle(asked, names, caller)

        return self._who(asked, route.demand).addCallback(handle)

    def _exhausted(self) -> bool:
        now = self._clock.seconds()
        self._allowance = min(BURST, self._allowance + (now - self._at) * SHARE)
        self._at = now
        return self._allowance <= 0

    def _who(self, asked: Asked, demand: Demand) -> "Deferred[Caller]":
        if asked.user is not None:
            return succeed(Caller(asked.user, "operator"))
        if demand == "nothing":
            return succeed(_NOBODY)
        if self._logins is not None:
            return self._logins.check(asked.authorization, asked.address)
        if not _of_this_machine(asked.host):
            # a name of somebody's own that leads here would let his pages read what only this machine is shown
            raise RefusedError(421, f'"{asked.host[:100]}" is not here: ask for localhost, 127.0.0.1 or [::1]')
        return succeed(_NOBODY)

    def _permit(self, demand: Demand, caller: Caller) -> None:
        if demand != "operator" or caller.role == "operator":
            return
        if caller.anonymous:
            hint = (
                "[admin] has no users, so this is for looking only; use the socket (exproxy host, exproxy server), or write users"
            )
            raise RefusedError(403, hint)
        raise RefusedError(403, f"{caller.name} may look and not change anything: that is for the role operator")


def _refuse_much() -> Answer:
    raise RefusedError(429, "there are more requests than this side may spend time on", (("Retry-After", "1"),))


def _refused(failure: Failure) -> Answer:
    error = failure.value
    if isinstance(error, RefusedError):
        return error.answer()
    if isinstance(error, UnknownError):
        return RefusedError(404, str(error), nearest=error.nearest).answer()
    if isinstance(error, LoginError):
        if error.wait:
            return RefusedError(429, str(error), (("Retry-After", str(int(error.wait) + 1)),)).answer()
        return RefusedError(401, str(error), (("WWW-Authenticate", 'Basic realm="exproxy", charset="UTF-8"'),)).answer()
    _log.failure("exproxy made an error in an answer to an administrator; please report this", failure)
    return RefusedError(500, "exproxy made an error, which is in its log").answer()


def _of_this_machine(host: str) -> bool:
    """A name would be enough for a page of somebody's own; an address it cannot choose."""
    try:
        return host in ("", "localhost") or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
