"""What a server's answer says of credentials: 401 that they are wrong, and another answer that they are right, at times.

Whoever asks for what needs no password gets it with a wrong one too.  So an answer is a proof only where the same method and path
were answered with 401 before.
"""

from hashlib import blake2b

from exproxy.pool.logins import Attempt
from exproxy.pool.marks import Marks
from exproxy.wire.web.head import RequestHead

PATHS = 1_000
"""Requests that are known to want a password."""
KNOWN = 86_400.0
"""Seconds for which that is known after the last 401."""


class Challenges:
    """Which requests want a password, as far as was seen."""

    __slots__ = ("seen",)

    def __init__(self) -> None:
        self.seen = Marks(KNOWN, PATHS)

    def answered(self, asked: bytes, status: int, now: float) -> bool | None:
        """Whether the credentials were wrong; ``None``: that is not known."""
        if status == 401:
            self.seen.set(asked, now)
            return True
        return False if 200 <= status < 400 and self.seen.has(asked, now) else None

    def __len__(self) -> int:
        return len(self.seen)


class Proof:
    """:param attempt: ended with what is found out."""

    __slots__ = ("_asked", "_attempt", "_challenges")

    def __init__(self, challenges: Challenges, head: RequestHead, attempt: Attempt) -> None:
        self._challenges = challenges
        self._attempt = attempt
        self._asked = blake2b(f"{head.method} {head.path}".encode("utf-8", "surrogatepass"), digest_size=16).digest()

    def go_on(self) -> None:
        """The request was held, and is not any more."""
        self._attempt.go_on()

    def end(self, status: int, now: float) -> None:
        """The request is over; ``status`` is that of a server's answer, or less than 100.  Once."""
        self._attempt.end(self._challenges.answered(self._asked, status, now), now)
