"""How much of a core may be spent on somebody, in the long run and at once."""

SHARE = 0.1
"""Of a core, in the long run."""
BURST = 0.5
"""Seconds that may be spent at once."""


class Allowance:
    """:param now: the reactor's seconds."""

    def __init__(self, now: float) -> None:
        self._left = BURST
        self._at = now

    def spend(self, seconds: float) -> None:
        """That much was used; nobody owes more than comes back soon."""
        self._left = max(-BURST, self._left - seconds)

    def exhausted(self, now: float) -> bool:
        """Whether nothing is left."""
        self._left = min(BURST, self._left + (now - self._at) * SHARE)
        self._at = now
        return self._left <= 0
