"""How many sessions there may be, and who may accept the next one."""

from collections.abc import Callable
from typing import Protocol

from exproxy.proxy.kept import Kept


class Gated(Protocol):
    """A listener, as the gate sees it."""

    def follow(self) -> None:
        """Accept, or stop accepting, as the gate and the front end say."""


class Gate:
    """The slots of the process (``[service] maxconn``), shared by its listeners.

    While there is room, a listener takes at most its equal part of the free slots in one turn; when there is none, all
    wait in the kernel's backlogs, and as slots come free the listeners are let in one after the other, each in its turn.
    """

    __slots__ = ("_listeners", "_when_empty", "kept", "maxconn", "taken")

    def __init__(self, maxconn: int) -> None:
        self.maxconn = maxconn
        self.taken = 0
        self.kept = Kept(maxconn)
        self._listeners: list[Gated] = []
        self._when_empty: Callable[[], object] | None = None

    @property
    def open(self) -> bool:
        """Whether one more session is allowed."""
        return self.taken < self.maxconn

    def add(self, listener: Gated) -> None:
        """``listener`` takes part."""
        self._listeners.append(listener)

    def remove(self, listener: Gated) -> None:
        """``listener`` is closed."""
        self._listeners.remove(listener)

    def room(self) -> int:
        """How many one listener may accept in this turn."""
        free = self.maxconn - self.taken
        return max(1, free // len(self._listeners)) if free > 0 else 0

    def take(self, listener: Gated) -> None:
        """``listener`` has accepted a client; the next free slot is first offered to the others."""
        self.taken += 1
        if self.kept.open:
            self.kept.make_room(self.taken)
        if self.maxconn - self.taken < len(self._listeners):
            self._listeners.remove(listener)
            self._listeners.append(listener)
        if self.taken >= self.maxconn:
            self._tell()

    def set_maxconn(self, maxconn: int) -> None:
        """Sessions beyond a smaller limit stay; nobody new is accepted until they are fewer."""
        self.maxconn = maxconn
        self._tell()

    def resize(self, maxconn: int) -> None:
        """The same, when the configuration says so: then there are so many descriptors too."""
        self.kept.resize(maxconn)
        self.set_maxconn(maxconn)

    def when_empty(self, call: Callable[[], object]) -> None:
        """Have ``call`` called when the last session is over; at once if there is none."""
        self._when_empty = call
        if not self.taken:
            call()

    def free(self) -> None:
        """A session is over."""
        self.taken -= 1
        if not self.taken and self._when_empty is not None:
            self._when_empty()
        if self.taken == self.maxconn - 1:
            self._tell()

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener.follow()
