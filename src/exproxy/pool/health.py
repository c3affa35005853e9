"""From the results of checks to what a server is: up, stopping or down.  A pure function with a memory.

Each check counts for itself; the server is up when all required checks are, and its agent, if it has one, does not object.
The worst verdict holds: down, then stopping, then starting, then up.

The states of one check, with ``rise`` and ``fall`` results in a row:

======== ============== ============================ ===================
from     rise passed    fall not passed              fall stopping
======== ============== ============================ ===================
starting up (at once)   down (at once)               stopping (at once)
up       --             down; stopping, if a mixture stopping
stopping up             down, if all of them failed  --
down     up             --                           stopping
======== ============== ============================ ===================

A mixture of failed and stopping results takes an up server out of the choice but ends no session: it is not well, and it has
said that it is being stopped.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

import attrs

from exproxy.pool.states import Operational, Transition

HISTORY = 20
"""So many transitions are remembered."""

_BY_SEVERITY = (Operational.DOWN, Operational.STOPPING, Operational.STARTING, Operational.UP)


@attrs.frozen
class CheckSpec:
    """One check of a server.

    :param name: unique within the server.
    :param rise: passed checks in a row that bring it up again.
    :param fall: checks in a row, failed or stopping, that take it out.
    :param required: ``False``: a failure is a warning and takes nobody out.
    """

    name: str
    rise: int = attrs.field(default=2, validator=attrs.validators.ge(1))
    fall: int = attrs.field(default=3, validator=attrs.validators.ge(1))
    required: bool = True


@attrs.frozen
class CheckResult:
    """What one check found.

    :param passed: the server is well.
    :param stopping: it asks for no new sessions (``421 4.3.2``); counts before ``passed``.
    :param status: the layer, in HAProxy's words (``L7STS``).
    :param text: a sentence part for people.
    :param line: the last line of the dialogue.
    :param code: the protocol's own number, if any.
    :param duration: seconds.
    :param warnings: sentence parts about what is not wrong yet.
    :param offers: what a mail server says that it can, a line or word each; ``None``: nobody asked.
    """

    passed: bool
    stopping: bool = False
    status: str = ""
    text: str = ""
    line: str = ""
    code: int | None = None
    duration: float = 0.0
    warnings: tuple[str, ...] = ()
    offers: tuple[str, ...] | None = None


@attrs.frozen
class Verdict:
    """What a check has come to, and why, as a sentence part."""

    state: Operational
    reason: str = ""


@attrs.define
class CheckState:
    """One check's counters and verdict."""

    spec: CheckSpec
    verdict: Operational = Operational.STARTING
    reason: str = ""
    """Why the verdict is what it is."""
    last: CheckResult | None = None
    last_at: float | None = None
    passed: int = 0
    """Results in a row; likewise the next two."""
    failed: int = 0
    stopping: int = 0
    not_passed: int = 0
    """Failed or stopping results in a row."""
    failures: int = 0
    """Failed results ever, of those that came while it was up, as HAProxy counts them."""

    @property
    def in_transition(self) -> bool:
        """Whether the latest results speak against the verdict (time to look more often)."""
        if self.verdict is Operational.UP:
            return self.not_passed > 0
        if self.verdict is Operational.STOPPING:
            return self.passed > 0 or self.failed > 0
        return self.verdict is Operational.DOWN and (self.passed > 0 or self.stopping > 0)

    def judge(self, result: CheckResult) -> None:
        """Count ``result`` and set the verdict."""
        self._count(result)
        verdict = self._first(result) if self.verdict is Operational.STARTING else self._next()
        if verdict is not self.verdict:
            self.reason = self._explain(verdict, result)
            self.verdict = verdict

    def _count(self, result: CheckResult) -> None:
        if not result.passed and not result.stopping and self.verdict in (Operational.STARTING, Operational.UP):
            self.failures += 1
        if result.stopping:
            self.passed, self.failed, self.stopping = 0, 0, self.stopping + 1
        elif result.passed:
            self.passed, self.failed, self.stopping = self.passed + 1, 0, 0
        else:
            self.passed, self.failed, self.stopping = 0, self.failed + 1, 0
        self.not_passed = 0 if self.passed else self.not_passed + 1

    def _first(self, result: CheckResult) -> Operational:
        if result.stopping:
            return Operational.STOPPING
        return Operational.UP if result.passed else Operational.DOWN

    def _next(self) -> Operational:
        if self.verdict is not Operational.UP and self.passed >= self.spec.rise:
            return Operational.UP
        if self.failed >= self.spec.fall:
            return Operational.DOWN
        if self.stopping >= self.spec.fall:
            return Operational.STOPPING
        if self.verdict is Operational.UP and self.not_passed >= self.spec.fall:
            return Operational.STOPPING
        return self.verdict

    def _explain(self, verdict: Operational, result: CheckResult) -> str:
        text = _with_layer(result)
        if self.passed > 1:
            return f"{text}, after {self.passed} passed checks"
        if self.not_passed < 2:
            return text
        if self.stopping == self.not_passed:
            return f"{text}, in {self.stopping} checks in a row"
        if self.failed == self.not_passed or verdict is Operational.DOWN:
            return f"{text}, after {self.failed} failed checks"
        return f"{text}, after {self.not_passed} failed or stopping checks"


def _with_layer(result: CheckResult) -> str:
    """What a check found; where it failed, with the layer: the first thing that people who know HAProxy look for."""
    text = result.text.removesuffix(".") or "no text"
    if result.passed or result.stopping or not result.status:
        return text
    return f"{text} ({result.status})" if result.text else result.status


class Health:
    """A server's operational state and where it comes from.

    :param checks: with none that is required, the server is up at once.
    :param name: ``backend/server``, for the texts of transitions.
    :param now: since when the present state holds.
    """

    __slots__ = (
        "_agent_reason",
        "_agent_up",
        "_missing",
        "_required",
        "_told",
        "checks",
        "history",
        "name",
        "offers",
        "operational",
        "since",
    )

    def __init__(self, checks: Sequence[CheckSpec] = (), name: str = "", now: float = 0.0) -> None:
        self.name = name
        self.checks = {spec.name: CheckState(spec) for spec in checks}
        """By name, in the order of the configuration."""
        self._required = [state for state in self.checks.values() if state.spec.required]
        self._agent_up = True
        self._agent_reason = ""
        self._missing = ""
        self._told: str | None = None
        self.history: deque[Transition] = deque(maxlen=HISTORY)
        self.since = now
        self.offers: tuple[str, ...] | None = None
        """What the server said that it can when it last passed a check that asks; ``None``: that has not been yet."""
        self.operational = self._worst()

    @property
    def in_transition(self) -> bool:
        """Whether any check's latest results speak against its verdict: check at ``fast_interval``."""
        return any(state.in_transition for state in self.checks.values())

    @property
    def reason(self) -> str:
        """Why the operational state is what it is, as a sentence part; empty where nothing was found yet."""
        if self._told is not None:
            return self._told
        if self._missing:
            return self._missing
        if not self._agent_up:
            return self._agent_reason
        for state in self._required:
            if state.verdict is self.operational and state.reason:
                return self._named(state, state.reason)
        return ""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is not wrong yet: warnings of the last results, and failed checks that are not required."""
        return tuple(self._warn(self.checks.values()))

    def observe(self, check: str, result: CheckResult, now: float) -> Transition | None:
        """Take a check's result.

        :raises KeyError: there is no such check.
        """
        state = self.checks[check]
        state.last, state.last_at = result, now
        if result.passed and result.offers is not None:
            self.offers = result.offers
        state.judge(result)
        return self._settle(self._named(state, state.reason), now)

    def suspect(self, text: str, now: float) -> Transition | None:
        """Sessions found what a check should have found: counts as one failed result of the first required check.

        Says nothing of a server that is not up, nor of one without required checks, which nothing would bring up again.
        """
        if self.operational is not Operational.UP or not self._required:
            return None
        state = self._required[0]
        state.judge(CheckResult(passed=False, status="L4CON", text=text))
        return self._settle(state.reason, now)

    def believe(self, operational: Operational, text: str, now: float) -> Transition | None:
        """A person says what it is: required checks begin anew from there.

        :raises ValueError: there is no such check.
        """
        if not self._required:
            raise ValueError(f"{self.name} has no check that is required")
        for state in self._required:
            state.verdict, state.reason = operational, text
            state.passed = state.failed = state.stopping = state.not_passed = 0
        return self._settle(text, now)

    def agent(self, up: bool, text: str, now: float) -> Transition | None:
        """The server's agent says that it is up or down; the server is up only when checks and agent say so."""
        self._agent_up = up
        self._agent_reason = text
        return self._settle(text, now)

    def locate(self, missing: str, text: str, now: float) -> Transition | None:
        """Whether there is a port to go to, for a server whose endpoint mapper tells it: without one it is down.

        :param missing: why there is none; empty, if there is.
        """
        self._missing = missing
        return self._settle(text, now)

    def follow(self, operational: Operational, reason: str, now: float) -> Transition | None:
        """Believe another process that checks: neither results nor agents are asked here from now on."""
        old, self.operational, self._told = self.operational, operational, reason
        if old is operational:
            return None
        self.since = now
        transition = Transition(self.name, old, operational, reason, now)
        self.history.append(transition)
        return transition

    def recall(self, verdicts: Mapping[str, Verdict], since: float, now: float) -> Transition | None:
        """Begin with what another process found, for checks that have found nothing here: their results go on from there.

        :param verdicts: by the names of checks; who is not there any more is left out.
        :param since: when the state began that follows from them.
        """
        for name, verdict in verdicts.items():
            state = self.checks.get(name)
            if state is not None and state.last is None:
                state.verdict, state.reason = verdict.state, verdict.reason
        worst = self._worst()
        reasons = (state.reason for state in self._required if state.verdict is worst)
        transition = self._settle(next(reasons, ""), now)
        if transition is not None:
            self.since = since
        return transition

    def become(self, fresh: "Health", moved: bool, now: float) -> Transition | None:
        """Have the checks of ``fresh``, which has no results: those that were there keep what they have found.

        A check that is new to a server that is up has to find fault before that is taken out.

        :param moved: the server is elsewhere now, so what was found is worth nothing.
        """
        for name, state in fresh.checks.items():
            known = self.checks.get(name)
            if moved:
                continue
            if known is not None:
                known.spec = state.spec
                fresh.checks[name] = known
            elif self.operational is Operational.UP:
                state.verdict = Operational.UP
        self.checks = fresh.checks
        self._required = [state for state in self.checks.values() if state.spec.required]
        if moved:
            self._missing, self.offers = "", None
        if self._told is not None:
            return None  # whoever told will tell again
        return self._settle("its configuration has changed", now)

    def _worst(self) -> Operational:
        if self._missing or not self._agent_up:
            return Operational.DOWN
        verdicts = {state.verdict for state in self._required}
        return next((verdict for verdict in _BY_SEVERITY if verdict in verdicts), Operational.UP)

    def _settle(self, reason: str, now: float) -> Transition | None:
        new = self._worst()
        if new is self.operational:
            return None
        old, self.operational = self.operational, new
        # One check may have got better and left the word to another that is not well.
        text = reason if new is Operational.UP else self.reason or reason
        transition = Transition(self.name, old, new, text, now)
        self.since = now
        self.history.append(transition)
        return transition

    def _named(self, state: CheckState, text: str) -> str:
        """With several checks, a text needs to say which one it is about."""
        return f"check {state.spec.name}: {text}" if len(self.checks) > 1 and text else text

    def _warn(self, states: Iterable[CheckState]) -> Iterable[str]:
        for state in states:
            if state.last is None:
                continue
            if not state.spec.required and state.verdict is not Operational.UP:
                yield self._named(state, state.last.text)
            for warning in state.last.warnings:
                yield self._named(state, warning)
