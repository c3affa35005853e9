"""What sessions carry is told while they live: one of Outlook or of a phone does so for hours, and charts are looked at now."""

from collections.abc import Callable, Iterable

from exproxy.proxy.session import Session

A_ROUND = 1000
"""Sessions that are asked at once, which takes 1 to 2 ms; with 10,000 of them each has its turn every ten seconds."""


class Tallying:
    """:param sessions: all that there are; asked when all that there were have had their turn."""

    def __init__(self, sessions: Callable[[], Iterable[Session]]) -> None:
        self._sessions = sessions
        self._left: list[Session] = []

    def round(self) -> None:
        """The next ones' turn; one that has ended meanwhile has told all, and has nothing more to tell."""
        if not self._left:
            self._left = list(self._sessions())
        for session in self._left[-A_ROUND:]:
            session.tally()
        del self._left[-A_ROUND:]
