"""News, stories and messages for tests."""

from exproxy.notify.message import Message
from exproxy.notify.news import News, Story

AT = 1_700_000_000.0


def news(state: str = "down", at: float = AT, subject: str = "hub/ex2", reason: str = "SMTP said 421", **more: object) -> News:
    bad = state in ("down", "draining")
    return News("server", subject, state, reason, f"{subject} is {state}: {reason}; 1 of 2 servers of hub left", at, bad, **more)


def message(*stories: Story) -> Message:
    return Message(stories or (Story.of(news()),), "proxy1")
