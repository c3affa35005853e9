"""The manager's orders, which may come before there is anybody to follow them."""

from collections.abc import Callable
from threading import Lock
from typing import Literal

Order = Literal["stop", "shutdown"]
"""Sessions have time to end; or the machine goes down, and there is none."""


class Orders:
    """Given in the thread of the manager's orders, followed in the service's."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: list[Order] = []
        self._follower: Callable[[Order], object] | None = None

    def give(self, order: Order) -> None:
        """To the follower, or kept for it."""
        with self._lock:
            if self._follower is None:
                self._waiting.append(order)
                return
        self._follower(order)

    def follow(self, follower: Callable[[Order], object]) -> None:
        """All orders, from the first one on."""
        with self._lock:
            self._follower = follower
            waiting, self._waiting = self._waiting, []
        for order in waiting:
            follower(order)
