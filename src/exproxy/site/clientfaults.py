"""What clients did wrong, or more often than they may, told once a minute at most: how often, and why the last time.

A line for each would be theirs to fill the disk with; in the access log each has its own.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from exproxy.process.messages import FrontendCounts
from exproxy.proxy.frontend import Frontend
from exproxy.wire.epmrelay import Counters

EVERY = 1.0
"""Seconds between two looks."""
QUIET = 60.0
"""Seconds between two lines about one front end."""

_fault_at, _limited_at = attrgetter("fault_at"), attrgetter("limited_at")
_log = Logger()


class ClientFaults:
    """:param counts: those of each front end, by name; in a master those of all workers together."""

    def __init__(self, clock: IReactorTime, counts: Callable[[], Mapping[str, FrontendCounts]]) -> None:
        self._clock = clock
        self._counts = counts
        self._told: dict[str, FrontendCounts] = {}
        self._quiet_until: dict[str, float] = {}
        self._limited: dict[str, int] = {}
        self._limits_quiet_until: dict[str, float] = {}
        self._call: IDelayedCall | None = None

    def start(self) -> None:
        """Tell them from now on."""
        self._call = self._clock.callLater(EVERY, self._look)

    def stop(self) -> None:
        """Tell what was not told yet, and no more."""
        if self._call is not None:
            self._call.cancel()
            self._call = None
            self._tell_all(float("inf"))

    def _look(self) -> None:
        self.start()
        self._tell_all(self._clock.seconds())

    def _tell_all(self, now: float) -> None:
        for name, counts in self._counts().items():
            told, limited = self._known(name, counts)
            if counts.limited != limited and now >= self._limits_quiet_until.get(name, 0.0):
                self._limited[name] = counts.limited
                self._limits_quiet_until[name] = now + QUIET
                self._tell_limited(name, counts, limited)
            if counts.faults != told.faults and now >= self._quiet_until.get(name, 0.0):
                self._told[name] = counts
                self._quiet_until[name] = now + QUIET
                self._tell(name, counts, told)

    def _known(self, name: str, counts: FrontendCounts) -> tuple[FrontendCounts, int]:
        """What was told; what is less now is that of another front end, which has its name since a reload."""
        told, limited = self._told.get(name, FrontendCounts()), self._limited.get(name, 0)
        if counts.faults < told.faults:
            told = self._told[name] = FrontendCounts()
        if counts.limited < limited:
            limited = self._limited[name] = 0
        return told, limited

    def _tell(self, name: str, counts: FrontendCounts, told: FrontendCounts) -> None:
        more = "more " if told.faults else ""
        failed = [
            _counted(counts.bad_prefaces - told.bad_prefaces, f"{more}preface"),
            _counted(counts.bad_handshakes - told.bad_handshakes, f"{more}TLS handshake"),
            _counted(counts.bad_requests - told.bad_requests, f"{more}HTTP request"),
        ]
        left = _counted(counts.left_early - told.left_early, "client")
        _log.warn(
            "{frontend}: {failed} failed, the last one of {fault}{left}",
            frontend=name,
            failed=_together([words for words in failed if words]),
            fault=counts.fault,
            left=f"; {left} left before" if left else "",
        )

    def _tell_limited(self, name: str, counts: FrontendCounts, told: int) -> None:
        _log.warn(
            "{frontend}: {limited} of sources that want too much, the last one of {limit}",
            frontend=name,
            limited=_counted(counts.limited - told, f"{'more ' if told else ''}refusal"),
            limit=counts.limit,
        )


def counts_of(frontends: Mapping[str, Frontend]) -> dict[str, FrontendCounts]:
    """Those of one process."""
    return {name: _counts(frontend) for name, frontend in frontends.items()}


def _counts(frontend: Frontend) -> FrontendCounts:
    own = _own(frontend)
    return own + _of_all(frontend.annexes) if frontend.annexes else own


def _of_all(annexes: Sequence[Frontend]) -> FrontendCounts:
    """Each number summed up for itself: a worker asks every 20 ms, and there may be a hundred annexes.

    They have no mapping and no clients of mail.
    """
    faulty, limited = max(annexes, key=_fault_at), max(annexes, key=_limited_at)
    return FrontendCounts(
        sessions=sum([len(one.sessions) for one in annexes]),
        total=sum([one.total for one in annexes]),
        refused=sum([one.refused for one in annexes]),
        bad_prefaces=sum([one.bad_prefaces for one in annexes]),
        bad_handshakes=sum([one.bad_handshakes for one in annexes]),
        left_early=sum([one.left_early for one in annexes]),
        broken=sum([one.broken for one in annexes]),
        bad_requests=sum([one.bad_requests for one in annexes]),
        denied=sum([one.denied for one in annexes]),
        limited=sum([one.limited for one in annexes]),
        fault_at=faulty.fault_at,
        fault=faulty.fault,
        limited_at=limited.limited_at,
        limit=limited.limit,
        bytes_in=sum([one.bytes_in for one in annexes]),
        bytes_out=sum([one.bytes_out for one in annexes]),
    )


def _own(frontend: Frontend) -> FrontendCounts:
    mapping = frontend.mapping or Counters()
    return FrontendCounts(
        len(frontend.sessions),
        frontend.total,
        frontend.refused,
        frontend.bad_prefaces,
        frontend.bad_handshakes,
        frontend.left_early,
        frontend.broken,
        mapping.mapped,
        mapping.hidden,
        mapping.refused,
        frontend.bad_requests,
        frontend.denied,
        frontend.limited,
        frontend.fault_at,
        frontend.fault,
        frontend.limited_at,
        frontend.limit,
        frontend.bytes_in,
        frontend.bytes_out,
        frontend.early_talkers,
        frontend.passed_over,
        frontend.refused_logins,
    )


def _together(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}" if count else ""
