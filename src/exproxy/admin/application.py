"""Who asks, what for, and the answer: all but the wire."""

import time
from collections.abc import Callable, Sequence
from ipaddress import ip_address

from attrs import evolve
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from exproxy.admin import intent, plainpages
from exproxy.admin.allowance import Allowance
from exproxy.admin.answers import Answer, Asked, Listener, RefusedError
from exproxy.admin.callers import Caller
from exproxy.admin.entrance import challenge, to_login
from exproxy.admin.logins import LoginError, Logins
from exproxy.admin.nearest import UnknownError
from exproxy.admin.routes import Demand, Route, find

COST = 0.0003
"""Seconds that a request takes beside its answer: to be read and written."""
HELD = 1.0
"""Seconds for which one who asks too much waits until told so: a refusal costs something too."""
PAUSE = 0.2
"""The same for what is answered whatever others ask."""

_NOBODY = Caller("nobody", "viewer", anonymous=True)

_log = Logger()


class Application:
    """:param routes: all that can be asked for.

    :param logins: where these have no users, whoever comes over the network may look, and no more.

    :param stopwatch: seconds, finely; what answers take is measured by it.
    """

    def __init__(
        self,
        clock: IReactorTime,
        routes: Sequence[Route],
        logins: Logins,
        stopwatch: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._clock = clock
        self._stopwatch = stopwatch
        self._routes = routes
        self._logins = logins
        self._allowances: dict[str, Allowance] = {}
        """What strangers ask, who may be many, is not taken from those who have logged in, nor one user's from another's."""

    def knows(self, asked: Asked) -> bool:
        """Whether that is somebody who need not log in, or has."""
        return asked.user is not None or not self._logins.needed or self._logins.known(asked) is not None

    def answer(self, asked: Asked) -> "Deferred[Answer]":
        """Never fails."""
        if asked.user is not None:
            return self._attempt(asked)
        now = self._clock.seconds()
        caller = self._logins.known(asked)
        allowance = self._allowances.setdefault("" if caller is None else caller.name, Allowance(now))
        exhausted = allowance.exhausted(now)
        allowance.spend(COST)
        if not exhausted:
            return self._measured(asked, allowance)
        if self._is_for_everybody(asked):  # who has to know whether all is well is told, a little later
            return deferLater(self._clock, PAUSE).addCallback(lambda _: self._measured(asked, allowance))
        if caller is None and self._logins.needed and asked.page and asked.method == "GET":
            # strangers ask so much, and who wants to see a page may be none when logged in
            return deferLater(self._clock, PAUSE, to_login, asked)
        return deferLater(self._clock, HELD, _refuse_much).addErrback(_refused, asked)

    def _measured(self, asked: Asked, allowance: Allowance) -> "Deferred[Answer]":
        def spent(answer: Answer) -> Answer:
            allowance.spend(answer.took)
            return answer

        began = self._stopwatch()
        answered = self._attempt(asked)
        allowance.spend(self._stopwatch() - began)
        return answered.addCallback(spent)

    def _attempt(self, asked: Asked) -> "Deferred[Answer]":
        return maybeDeferred(self._answer, asked).addErrback(_refused, asked)

    def _is_for_everybody(self, asked: Asked) -> bool:
        try:
            route, _ = find(self._routes, asked.method, asked.path)
        except RefusedError:
            return True
        return route.demand == "nothing"

    def _answer(self, asked: Asked) -> "Deferred[Answer]":
        route, names = find(self._routes, asked.method, asked.path)

        def handle(caller: Caller) -> "Answer | Deferred[Answer]":
            intent.check(asked, caller)
            self._permit(route.demand, caller)
            return route.handle(asked, names, caller)

        def bound(answer: Answer) -> Answer:
            return self._bound(answer, asked)

        answered: Deferred[Answer] = self._who(asked, route.demand).addCallback(handle)
        return answered.addCallback(bound)

    def _bound(self, answer: Answer, asked: Asked) -> Answer:
        """What goes on is cut off when who asked for it is not logged in any more."""
        follow = answer.follow
        if follow is None or not asked.session or asked.authorization is not None or not self._logins.needed:
            return answer

        def bound(listener: Listener) -> Callable[[], None]:
            left = follow(listener)
            forget = self._logins.when_over(asked.session, listener.cut)

            def leave() -> None:
                forget()
                left()

            return leave

        return evolve(answer, follow=bound)

    def _who(self, asked: Asked, demand: Demand) -> "Deferred[Caller]":
        if asked.user is not None:
            return succeed(Caller(asked.user, "operator"))
        if demand == "nothing":
            return succeed(_NOBODY)
        if self._logins.needed:
            return self._logins.check(asked)
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


def _refused(failure: Failure, asked: Asked) -> Answer:
    error = failure.value
    if isinstance(error, LoginError) and asked.page and not error.wait and asked.method == "GET":
        return to_login(asked)
    return plainpages.refusal(asked, _refusal(failure, asked))


def _refusal(failure: Failure, asked: Asked) -> RefusedError:
    error = failure.value
    if isinstance(error, RefusedError):
        return error
    if isinstance(error, UnknownError):
        return RefusedError(404, str(error), nearest=error.nearest)
    if isinstance(error, LoginError):
        if error.wait:
            return RefusedError(429, str(error), (("Retry-After", str(int(error.wait) + 1)),))
        return RefusedError(401, str(error), (challenge(asked),))
    _log.failure("exproxy made an error in an answer to an administrator; please report this", failure)
    return RefusedError(500, "exproxy made an error, which is in its log")


def _of_this_machine(host: str) -> bool:
    """A name would be enough for a page of somebody's own; an address it cannot choose."""
    try:
        return host in ("", "localhost") or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
