"""Waiting for another process: by a condition and with a limit, never for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

TURN = 0.02
"""Seconds between two looks."""

PATIENCE = 60.0
"""Seconds for what takes three at most on a machine that has nothing else to do: what never comes true may fail late."""


def eventually(condition: Callable[[], T], what: str, seconds: float = PATIENCE) -> T:
    """The first true value of ``condition``, which is called every few milliseconds; its ``OSError`` counts as false.

    :param what: what is waited for, for the error.
    :raises AssertionError: it did not come true within ``seconds``.
    """
    limit = time.monotonic() + seconds
    last: object = None
    over = False
    while not over:
        # there is a look behind the limit: we may have stood still ourselves
        over = time.monotonic() >= limit
        try:
            last = value = condition()
        except OSError as error:
            last = error
        else:
            if value:
                return value
        time.sleep(TURN)
    raise AssertionError(f"waited {seconds:g} s for {what}; the last look gave {last!r}")
