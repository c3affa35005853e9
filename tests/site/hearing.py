"""What is logged."""

from typing import Any

from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase


def hear(test: SynchronousTestCase) -> list[str]:
    """What is logged from now on, as people read it, but for tracebacks."""
    heard: list[str] = []

    def observe(event: dict[str, Any]) -> None:
        if "log_failure" not in event:
            heard.append(str(event["log_format"]).format(**event))

    globalLogPublisher.addObserver(observe)
    test.addCleanup(globalLogPublisher.removeObserver, observe)
    return heard
