"""How many tries to log in that fail are allowed: few from one address, and not many altogether.

A comparison costs a tenth of a second of a core, so the second limit is for the machine; it does not concern whoever is
remembered (:mod:`exproxy.admin.logins`).
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

    def begin(self, address: str, now: float) -> float:
        """Count a try; returns 0, or the seconds after which another one may be made: then this one is not."""
        own = self._of.setdefault(_source(address), deque())
        for tries, most in ((own, EACH), (self._all, ALL)):
            while tries and now - tries[0] >= WINDOW:
                tries.popleft()
            if len(tries) >= most:
                return WINDOW - (now - tries[0])
        own.append(now)
        self._all.append(now)
        while len(self._of) > ADDRESSES:
            self._of.popitem(last=False)
        return 0.0

    def succeeded(self, address: str) -> None:
        """One of those was none that failed; the others were: who knows one password may not guess another for that."""
        for tries in (self._all, self._of.get(_source(address))):
            if tries:
                tries.pop()


def _source(address: str) -> str:
    """Whose it is: of IPv6 everybody has at least a /64, and may change in there with each try."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return address if found.version == 4 else str(IPv6Network((int(found), 64), strict=False))
