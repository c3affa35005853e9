"""What the service manager is told: a state that only goes forward, with signs of life while it takes long."""

from collections.abc import Callable
from threading import Lock

STOPPED, START_PENDING, STOP_PENDING, RUNNING = 1, 2, 3, 4
"""SERVICE_STOPPED and so on (winsvc.h)."""
ORDER = (START_PENDING, RUNNING, STOP_PENDING, STOPPED)
"""The one way through them."""

_OWN_PROCESS = 0x10
_ACCEPTED = 0x01 | 0x04
"""SERVICE_ACCEPT_STOP and SERVICE_ACCEPT_SHUTDOWN: during the start too, so that a stop then is not lost."""
_SPECIFIC = 1066
"""ERROR_SERVICE_SPECIFIC_ERROR: the exit code is one of ours."""

PATIENCE = 60.0
"""Seconds that the start may take between two signs of life: nothing can be said while files are read and ports bound."""
HINT = 15.0
"""Seconds for which the manager waits for the next sign of life of a service that ends."""

Words = tuple[int, int, int, int, int, int, int]
"""SERVICE_STATUS: type, state, accepted controls, exit code, our exit code, check point, wait hint (ms)."""


class Status:
    """Told from the service's thread and from that of the manager's orders.

    :param tell: SetServiceStatus.
    """

    def __init__(self, tell: Callable[[Words], object]) -> None:
        self._tell = tell
        self._lock = Lock()
        self._state = START_PENDING
        self._point = 0
        self._code = 0
        self._hint = 0.0

    def starting(self, wait: float) -> None:
        """We live, and it goes on; ``wait`` seconds may pass until we say so again."""
        self._go(START_PENDING, wait)

    def running(self) -> None:
        """Clients are let in.  Not told any more when we have been asked to stop."""
        self._go(RUNNING)

    def stopping(self, wait: float) -> None:
        """As :meth:`starting`."""
        self._go(STOP_PENDING, wait)

    def stopped(self, code: int = 0) -> None:
        """It is over; ``code`` other than 0: not as it should be, and then the manager does what it is to do at a failure."""
        self._code = code
        self._go(STOPPED)

    def again(self) -> None:
        """The manager asks (SERVICE_CONTROL_INTERROGATE)."""
        with self._lock:
            self._tell(self._words())

    def _go(self, state: int, wait: float = 0.0) -> None:
        with self._lock:
            if ORDER.index(state) < ORDER.index(self._state) or self._state == STOPPED:
                return
            self._state = state
            self._hint = wait
            self._point = self._point + 1 if wait else 0
            self._tell(self._words())

    def _words(self) -> Words:
        accepted = _ACCEPTED if self._state in (START_PENDING, RUNNING) else 0
        if self._state == STOP_PENDING:
            accepted = 0x04  # the machine may go down while sessions have time to end
        return (
            _OWN_PROCESS,
            self._state,
            accepted,
            _SPECIFIC if self._code else 0,
            self._code,
            self._point,
            int(self._hint * 1000),
        )
