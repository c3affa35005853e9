"""How many tries to log in that fail are allowed: few from one address, and not many altogether.

A comparison costs a tenth of a second of a core, so the second limit is for the machine.

Whoever fails on purpose, from many addresses or from behind the same proxy, would keep everybody out by that.  So who has been in
before is counted by the user's name alone, and does not wait for what strangers do.
"""

from collections import OrderedDict, deque
from ipaddress import IPv6Network, ip_address

EACH = 5
"""Tries from one address that may fail in :data:`WINDOW`."""
ALL = 60
WINDOW = 60.0
"""Seconds."""
ADDRESSES = 1000
"""So many addresses are remembered; the one goes that has failed first."""


class Attempts:
    """Tries that have failed, or are under way: who asks often at once gains nothing by that."""

    def __init__(self) -> None:
        self._of: OrderedDict[str, deque[float]] = OrderedDict()
        self._all: deque[float] = deque()

    def begin(self, address: str, now: float, known: str = "") -> float:
        """Count a try; returns 0, or the seconds after which another one may be made: then this one is not.

        :param known: the user that who tries has been before, and wants to be again; empty: that cannot be told.
        """
        source = _source(address, known)
        wait = _wait(self._of.get(source, deque()), EACH, now) or (0.0 if known else _wait(self._all, ALL, now))
        if wait:
            return wait
        self._of.setdefault(source, deque())
        for tries in self._counting(source, known):
            tries.append(now)
        while len(self._of) > ADDRESSES:
            self._of.popitem(last=False)
        return 0.0

    def succeeded(self, address: str, known: str = "") -> None:
        """One of those was none that failed; the others were: who knows one password may not guess another for that."""
        for tries in self._counting(_source(address, known), known):
            if tries:
                tries.pop()

    def _counting(self, source: str, known: str) -> "list[deque[float]]":
        """Where a try is counted."""
        own = [self._of[source]] if source in self._of else []
        return own if known else [*own, self._all]


def _wait(tries: "deque[float]", most: int, now: float) -> float:
    """Seconds until there may be another one."""
    while tries and now - tries[0] >= WINDOW:
        tries.popleft()
    return WINDOW - (now - tries[0]) if len(tries) >= most else 0.0


def _source(address: str, known: str) -> str:
    """Whose it is: of IPv6 everybody has at least a /64, and may change in there with each try."""
    if known:
        return f"user {known}"
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return address if found.version == 4 else str(IPv6Network((int(found), 64), strict=False))
