"""When a process that has ended is started again."""

SOON = 0.05
"""Seconds before the first replacement: at once, but never in a loop without a pause."""
LONGEST = 10.0
STEADY = 10.0
"""Who has lived for so many seconds did not end because it was started."""


class Restarts:
    """One process's place: how long it stays empty.  Doubles for each one that dies young."""

    def __init__(self) -> None:
        self._delay = SOON
        self._since = 0.0

    def started(self, now: float) -> None:
        """A process runs."""
        self._since = now

    def ended(self, now: float) -> float:
        """It has ended: the seconds to wait before the next one is started."""
        delay = SOON if now - self._since >= STEADY else self._delay
        self._delay = min(LONGEST, 2 * delay)
        return delay


class Pulse:
    """Whether a process still answers: by questions, and not by time, which goes on while we stand still ourselves (a virtual
    machine that is moved) and could not have heard anybody.

    :param patience: questions without an answer after which it is taken for dead.
    """

    def __init__(self, patience: int) -> None:
        self._patience = patience
        self._unanswered = 0

    def asked(self) -> None:
        """It was asked; to be called at the times that one wants an answer within."""
        self._unanswered += 1

    def heard(self) -> None:
        """It has answered."""
        self._unanswered = 0

    def gone(self) -> bool:
        """It has not answered for too long."""
        return self._unanswered >= self._patience
