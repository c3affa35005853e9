"""How clients behave, added up over all sessions of their source: commands that are none, and logins that servers refuse."""

from collections.abc import Mapping

import attrs

from exproxy.pool.key import SourceKeys
from exproxy.pool.rates import Rates
from exproxy.pool.together import Shared
from exproxy.proxy.networks import Networks
from exproxy.proxy.web.guard import Tarpit
from exproxy.wire.facts import Facts


@attrs.define(eq=False)
class Limits:
    """Of a front end.

    :param keys: which addresses are one source.
    :param bad: commands that are none  :param failures: logins that fail.
    :param exempt: for whom neither of these holds.
    :param tarpit: where who is over one of them waits before it is told; ``None``: it is told at once.
    """

    keys: SourceKeys
    bad: Rates | None = None
    failures: Rates | None = None
    exempt: Networks = attrs.field(factory=Networks)
    tarpit: Tarpit | None = None

    def conduct(self, host: str) -> "Conduct | None":
        """That of a client, by its address; ``None``: nobody looks."""
        return None if self.exempt.has_host(host) else Conduct(self, self.keys.key(host))

    def shared(self) -> Mapping[str, Shared]:
        """What is counted together with other processes."""
        counted = {"bad_commands": self.bad, "auth_failures": self.failures}
        return {name: rates for name, rates in counted.items() if rates is not None}


@attrs.define(eq=False)
class Conduct:
    """One client's."""

    _limits: Limits
    _key: bytes
    _bad: int = 0
    _failures: int = 0

    def over(self, now: float) -> str:
        """Which limit its source has reached, as a sentence for the log; empty: none."""
        limits = self._limits
        if limits.failures is not None and limits.failures.wait(self._key, now):
            return "failed logins beyond auth_failures"
        if limits.bad is not None and limits.bad.wait(self._key, now):
            return "bad commands beyond bad_commands"
        return ""

    def note(self, facts: Facts, now: float) -> str:
        """Count what is new in its session; tells as :meth:`over`, if anything is."""
        if facts.bad < self._bad or facts.auth_failures < self._failures:
            self._bad = self._failures = 0  # behind a login the count begins anew
        bad, failures = facts.bad - self._bad, facts.auth_failures - self._failures
        if not (bad or failures):
            return ""
        self._bad, self._failures = facts.bad, facts.auth_failures
        _add(self._limits.bad, self._key, bad, now)
        _add(self._limits.failures, self._key, failures, now)
        return self.over(now)


def _add(rates: Rates | None, key: bytes, count: int, now: float) -> None:
    if rates is not None:
        for _ in range(count):
            rates.add(key, now)
