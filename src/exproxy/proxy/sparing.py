"""Log lines that a peer can provoke: each kind once in a while, with the number of those that were left out."""

import attrs

QUIET = 60.0
"""Seconds between two lines of a kind."""


@attrs.define
class Sparing:
    """:param kinds: when each was said last, and how often it would have been since."""

    _said: dict[str, float] = attrs.field(factory=dict, init=False)
    _left_out: dict[str, int] = attrs.field(factory=dict, init=False)

    def left_out(self, kind: str, now: float) -> int | None:
        """Whether a line of this kind may be logged: how many were not since the last one, or ``None`` for no.

        :param kind: of a small fixed set, never of a peer's making.
        """
        if now - self._said.get(kind, -QUIET) < QUIET:
            self._left_out[kind] = self._left_out.get(kind, 0) + 1
            return None
        self._said[kind] = now
        return self._left_out.pop(kind, 0)
