"""When something is told: the first change of a thing at once, what follows soon after it together.

A server that comes and goes all night makes one message at first, then one a window, and the windows double while it goes on.
What falls due in the same moment is one message, and messages are only so many: what is beyond that waits, and is gathered.  A
quarter of them is kept for back ends: one that is without servers does not wait because servers have flapped before.
Pure: times are passed in.
"""

from collections import deque

import attrs

from exproxy.notify.news import Kind, News, Story

GATHER = 1.0
"""Seconds after the first change: a host that dies takes servers of several back ends with it."""
LONGEST = 16
"""Windows grow to so many times their length."""


@attrs.define
class _Quiet:
    """A subject that was told of: nothing more before ``until``, which is ``length`` later."""

    until: float
    length: float


class Damper:
    """:param window: seconds.

    :param count: messages at most within ``seconds``.
    """

    def __init__(self, window: float, count: int, seconds: float) -> None:
        self._window = window
        self._seconds = seconds
        self._usual = count - count // 4
        self._sent: deque[float] = deque(maxlen=count)
        self._open: dict[tuple[Kind, str], Story] = {}
        self._due: dict[tuple[Kind, str], float] = {}
        self._quiet: dict[tuple[Kind, str], _Quiet] = {}

    def hear(self, news: News, now: float) -> None:
        """Something has changed."""
        story = Story.of(news)
        known = self._open.get(story.key)
        if known is not None:
            self._open[story.key] = known.then(story)
            return
        self._open[story.key] = story
        quiet = self._quiet.get(story.key)
        self._due[story.key] = max(now + GATHER, quiet.until if quiet is not None else 0.0)

    def take(self, now: float) -> tuple[Story, ...]:
        """What is to be told now, as one message."""
        if not self._due or min(self._due.values()) > now or now < self._allowed_from(now):
            return ()
        # and who would be told of in the next moment
        keys = [key for key, due in self._due.items() if due <= now + GATHER]
        self._sent.append(now)
        self._forget(now)
        for key in keys:
            del self._due[key]
            quiet = self._quiet.get(key)
            longer = min(quiet.length * 2, self._window * LONGEST) if quiet is not None else self._window
            self._quiet[key] = _Quiet(now + longer, longer)
        return tuple(self._open.pop(key) for key in keys)

    def rest(self) -> tuple[Story, ...]:
        """All that has not been told, since there is no later."""
        stories = tuple(self._open.values())
        self._open.clear()
        self._due.clear()
        return stories

    def _allowed_from(self, now: float) -> float:
        urgent = any(kind == "backend" and due <= now for (kind, _), due in self._due.items())
        count = self._sent.maxlen if urgent else self._usual
        assert count is not None
        return self._sent[-count] + self._seconds if len(self._sent) >= count else 0.0

    def _forget(self, now: float) -> None:
        """Who has been quiet for a window beyond the last one begins anew."""
        over = [key for key, quiet in self._quiet.items() if quiet.until + self._window < now and key not in self._open]
        for key in over:
            del self._quiet[key]
