"""Waiting for a service as Microsoft says ("Starting a Service", "Stopping a Service"): as long as it gives signs of life."""

from collections.abc import Callable

import attrs

from exproxy.winservice.status import STOPPED


@attrs.frozen
class Seen:
    """What the manager says of a service.

    :param code: with which it ended; 0: as it should.
    :param own: whether ``code`` is one of the service's own.
    :param hint: seconds within which the next sign of life is to come.
    """

    state: int
    code: int = 0
    own: bool = False
    point: int = 0
    hint: float = 0.0
    process: int = 0


def wait(wanted: int, look: Callable[[], Seen], sleep: Callable[[float], object], seconds: Callable[[], float]) -> Seen:
    """Until the service is in ``wanted``, has stopped, or gives no sign of life any more; returns what was seen last."""
    seen = look()
    since = seconds()
    while seen.state not in (wanted, STOPPED):
        sleep(min(max(seen.hint / 10, 0.2), 2.0))
        before, seen = seen, look()
        if (seen.state, seen.point) != (before.state, before.point):
            since = seconds()
        elif seconds() - since > max(seen.hint, 10.0):
            break
    return seen
