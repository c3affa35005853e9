"""What has changed, of one thing; and all that has changed of it since somebody was told."""

from datetime import UTC, datetime
from typing import Literal

import attrs

Kind = Literal["server", "backend", "admin", "warning"]
"""What a server is; whether a back end has servers; what people have set; what is not wrong yet, certificates above all."""

REMEMBERED = 20
"""Changes of a story that are told one by one, the latest."""


@attrs.frozen
class News:
    """:param subject: ``hub/ex2``, ``back end hub``.

    :param state: what it is now, a word or two ("down").
    :param reason: why, as a sentence part.
    :param sentence: all of it.
    :param at: seconds since the epoch.
    :param bad: whether somebody may have to do something.
    """

    kind: Kind
    subject: str
    state: str
    reason: str
    sentence: str
    at: float
    bad: bool = True


@attrs.frozen
class Story:
    """What became of one subject.

    :param changes: the latest of them, the oldest first; at least one.
    :param count: how many there were.
    :param began: when the first one was.
    """

    changes: tuple[News, ...]
    count: int
    began: float

    @classmethod
    def of(cls, news: News) -> "Story":
        """The first change."""
        return cls((news,), 1, news.at)

    @property
    def last(self) -> News:
        """What is so now."""
        return self.changes[-1]

    @property
    def key(self) -> tuple[Kind, str]:
        """What it is about."""
        return self.last.kind, self.last.subject

    def then(self, later: "Story") -> "Story":
        """And what came after that, of the same subject."""
        return Story((*self.changes, *later.changes)[-REMEMBERED:], self.count + later.count, self.began)

    def text(self) -> str:
        """One change as it was told elsewhere; several: what is so now, since when, and how many there were."""
        last = self.last
        if self.count == 1:
            return last.sentence
        seconds = max(1, round(last.at - self.began))
        reason = f": {last.reason}" if last.reason else ""
        return f"{last.subject}: {last.state} since {clock(last.at)}, {self.count} changes in {seconds} s{reason}"


def clock(at: float) -> str:
    """``03:12:05``, of the day here."""
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%H:%M:%S")


def stamp(at: float) -> str:
    """ISO 8601 with the difference to UTC, to the second."""
    return datetime.fromtimestamp(at, UTC).astimezone().isoformat(timespec="seconds")
