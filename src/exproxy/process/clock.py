"""A clock that never goes back.

Twisted's reactors take the time of day, which an administrator or NTP may set back: every timeout and check would then stand
still for as long.
"""

import time
from collections.abc import Callable


def steady(wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic) -> Callable[[], float]:
    """Seconds since the epoch as they are now, and from now on only forward; for ``reactor.seconds``."""
    offset = wall() - monotonic()
    return lambda: monotonic() + offset
