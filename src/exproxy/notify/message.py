"""Stories as one message, in the forms that mail, programs and other servers want."""

import json
from collections.abc import Iterable
from typing import Any

import attrs

from exproxy.notify.news import News, Story, stamp

MOST = 100
"""Stories that a message tells one by one."""
LONGEST = 200
"""Characters of a subject line."""
_END = 80
"""Of these, those of its end where it is cut: what follows from what a server has said at length."""


@attrs.frozen
class Message:
    """:param stories: at least one, of different subjects, those of the latest changes last.

    :param host: this machine's name.
    """

    stories: tuple[Story, ...]
    host: str

    def then(self, later: "Message") -> "Message":
        """Both in one, for who has not been told the first."""
        stories = {story.key: story for story in self.stories}
        for story in later.stories:
            known = stories.pop(story.key, None)
            stories[story.key] = story if known is None else known.then(story)
        return Message(tuple(stories.values()), self.host)

    @property
    def subject(self) -> str:
        """One line, the worst first."""
        lines = self._lines()
        first, *others = sorted(self.stories, key=lambda story: not story.last.bad)
        more = f" (and {len(others)} more)" if others and len(lines) > 1 else ""
        text = lines[0] if len(lines) == 1 else plain(first.text())
        return f"[{self.host}] {_cut(text, LONGEST - len(more))}{more}"

    def text(self) -> str:
        """A line for each, with its time."""
        return "\n".join(self._lines(times=True))

    def facts(self) -> dict[str, Any]:
        """For programs; docs/operations.md describes it."""
        told = self.stories[:MOST]
        return {
            "version": 1,
            "host": self.host,
            "subject": self.subject,
            "text": self.text(),
            "events": [_event(story) for story in told],
            "omitted": len(self.stories) - len(told),
        }

    def json(self) -> bytes:
        """The same as text."""
        return json.dumps(self.facts(), ensure_ascii=False).encode("utf-8", "replace")

    def _lines(self, times: bool = False) -> list[str]:
        lines: dict[str, list[Story]] = {}
        for story in self.stories:
            lines.setdefault(_same(story), []).append(story)
        told = [_together(stories) for stories in list(lines.values())[:MOST]]
        texts = [f"{stamp(at)} {text}" if times else text for at, text in told]
        left = len(lines) - len(told)
        return [*texts, f"and {left} more"] if left else texts


def plain(text: str) -> str:
    """On one line, without what a terminal or a header would obey: servers have said some of it."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - _END - 1]}…{text[-_END:]}"


def _same(story: Story) -> str:
    """What several stories have in common that are one thing for people: a host was set, and so all its servers."""
    last = story.last
    return f"{last.state}\n{last.reason}" if story.count == 1 and last.kind == "admin" else "\n".join(story.key)


def _together(stories: Iterable[Story]) -> tuple[float, str]:
    first, *others = stories
    if not others:
        return first.last.at, plain(first.text())
    names = ", ".join(story.last.subject for story in (first, *others))
    return first.last.at, plain(f"{names}: {first.last.state}: {first.last.reason}")


def _event(story: Story) -> dict[str, Any]:
    last = story.last
    return {
        "kind": last.kind,
        "subject": last.subject,
        "state": last.state,
        "bad": last.bad,
        "reason": plain(last.reason),
        "text": plain(story.text()),
        "since": stamp(last.at),
        "changes": story.count,
        "began": stamp(story.began),
        "history": [_change(news) for news in story.changes],
    }


def _change(news: News) -> dict[str, Any]:
    return {"at": stamp(news.at), "state": news.state, "reason": plain(news.reason)}
