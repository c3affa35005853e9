"""What stands before the routes: access rules, rates of requests, and a brake for the guessing of passwords.

A :class:`Guard` is a front end's; a :class:`Visitor` is what it knows of one source, so that addresses are compared once a
connection and not with every request.  A front end that protects nothing has no guard.
"""

import enum
from collections.abc import Mapping

import attrs

from exproxy.pool.key import SourceKeys
from exproxy.pool.logins import Logins
from exproxy.pool.rates import Rates, seconds_to_wait
from exproxy.pool.together import Shared
from exproxy.proxy.networks import Networks, number_of
from exproxy.proxy.web.challenges import Challenges, Proof
from exproxy.proxy.web.matching import Matching
from exproxy.wire.web.basic import user_of
from exproxy.wire.web.chain import client_of
from exproxy.wire.web.head import RequestHead

SLOWED = 5.0
"""Seconds that a login is held up where a user is being guessed: no guesser's pace, and within the patience of a phone."""
NO_PLACE = "a user's password is being guessed, and there is no place to hold more logins"

_FORWARDED_FOR = b"x-forwarded-for"
_AUTHORIZATION = b"authorization"


class Action(enum.Enum):
    ALLOW = enum.auto()
    DENY = enum.auto()
    TARPIT = enum.auto()


@attrs.frozen
class AccessRule(Matching[Action]):
    """``target`` is what becomes of a request that matches and comes from ``networks``.

    :param networks: empty: from anywhere.
    :param status: of the answer to who is refused.
    """

    networks: Networks = attrs.field(factory=Networks)
    status: int = 403


@attrs.frozen
class Verdict:
    """:param status: a request is answered with this page, or 0: it goes on.

    :param hold: seconds before either happens.
    :param retry_after: seconds, in the answer.
    :param limit: which one was reached, where it was one  :param client: by whom, where a proxy has named him.
    :param proof: told how a server answers.
    """

    status: int = 0
    hold: float = 0.0
    retry_after: int | None = None
    limit: str = ""
    client: str = ""
    proof: Proof | None = None

    @property
    def lines(self) -> tuple[bytes, ...]:
        """For the head of the page."""
        return () if self.retry_after is None else (b"Retry-After: %d" % self.retry_after,)


_PASSES = Verdict()


@attrs.define
class Tarpit:
    """Where requests are held: a bounded place, for each holds a session.

    :param seconds: for which they are held.
    :param places: how many at once; one more is answered at once.
    """

    seconds: float
    places: int
    taken: int = 0

    def enter(self) -> bool:
        """Whether there is a place; then :meth:`leave` has to follow."""
        if self.taken >= self.places:
            return False
        self.taken += 1
        return True

    def leave(self) -> None:
        self.taken -= 1


@attrs.define(eq=False)
class Guard:
    """:param keys: which addresses are one source.

    :param rules: the first that matches decides; what none takes goes on.
    :param requests: of a source  :param logins: failures of Basic.
    :param exempt: sources for whom neither of these holds.
    :param trusted: proxies whose word about their own clients is believed: these are the sources.
    :param patient: hold whom a limit refuses before telling.
    """

    keys: SourceKeys
    tarpit: Tarpit
    rules: tuple[AccessRule, ...] = ()
    requests: Rates | None = None
    logins: Logins | None = None
    exempt: Networks = attrs.field(factory=Networks)
    trusted: Networks = attrs.field(factory=Networks)
    patient: bool = False
    challenges: Challenges = attrs.field(factory=Challenges)

    def visitor(self, host: str) -> "Visitor":
        """What there is to know of a source, by its address."""
        address = number_of(host)
        rules = tuple(rule for rule in self.rules if not rule.networks or rule.networks.has(address))
        return Visitor(self, None if self.exempt.has(address) else self.keys.key(host), rules, self.trusted.has(address))

    def shared(self) -> Mapping[str, Shared]:
        """What is counted together with other processes."""
        requests: Mapping[str, Shared] = {} if self.requests is None else {"http_req_rate": self.requests}
        return requests if self.logins is None else {**requests, **self.logins.shared(), "challenges": self.challenges.seen}

    def refused(self, limit: str, wait: float) -> Verdict:
        """For who is over a limit."""
        return Verdict(429, self.tarpit.seconds if self.patient else 0.0, seconds_to_wait(wait), limit)

    def unheld(self, verdict: Verdict) -> Verdict:
        """For who would have been held, and finds no place."""
        if verdict.status:
            return verdict
        return attrs.evolve(verdict, status=429, retry_after=seconds_to_wait(verdict.hold), limit=NO_PLACE)


@attrs.frozen(eq=False)
class Visitor:
    """:param key: the source, ``None`` where no limit is for it.

    :param rules: those that are for its network.
    :param proxy: its requests are others', who are told in ``X-Forwarded-For``.
    """

    guard: Guard
    key: bytes | None
    rules: tuple[AccessRule, ...]
    proxy: bool

    def judge(self, head: RequestHead, now: float) -> Verdict:
        """What is to become of a request; counts it."""
        if self.proxy:
            chain = head.values.get(_FORWARDED_FOR)
            client = None if chain is None else client_of(chain, self.guard.trusted.has_host)
            if client is not None:
                verdict = attrs.evolve(self.guard.visitor(client), proxy=False).judge(head, now)
                return attrs.evolve(verdict, client=client) if verdict.limit else verdict
        guard, key = self.guard, self.key
        if guard.requests is not None and key is not None:
            wait = guard.requests.take(key, now)  # before the rules: who asks for what is forbidden asks too
            if wait:
                return guard.refused("requests come faster than http_req_rate", wait)
        for rule in self.rules:
            if rule.takes(head):
                if rule.target is not Action.ALLOW:
                    return Verdict(rule.status, guard.tarpit.seconds if rule.target is Action.TARPIT else 0.0)
                break
        if guard.logins is not None and key is not None and _AUTHORIZATION in head.values:
            return self._login(guard.logins, key, head, now)
        return _PASSES

    def _login(self, logins: Logins, key: bytes, head: RequestHead, now: float) -> Verdict:
        lines = head.every(_AUTHORIZATION)
        # More than one is nothing that a client sends: whose they are is not to be chosen by a guesser.
        name = user_of(lines[0]) if len(lines) == 1 else ""
        if name is None:
            return _PASSES
        user = logins.user(name)
        judgement = logins.judge(key, user, now)
        if judgement.wait:
            return self.guard.refused("failed logins beyond basic_failures", judgement.wait)
        proof = Proof(self.guard.challenges, head, logins.begin(key, user, now, judgement.slow))
        return Verdict(0, SLOWED if judgement.slow else 0.0, proof=proof)
