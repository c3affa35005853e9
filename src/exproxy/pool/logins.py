"""Guessing of passwords, braked: failures of a user from one source, of a source, and of a user from anywhere.

- A **user from one source** who has failed too often is refused until that is past.  Nobody else is: the same user from elsewhere
  is another pair, and others from that source too.
- A **source** that fails with many users (one password for all of them) is refused for everybody, after
  :data:`WIDER` times as many failures; but for those who have logged in from there, so that no guesser locks an office out.
- A **user from many sources** is only slowed, for a lock would be everybody's to turn: attackers anywhere could keep the owner
  out.  A few such logins wait at a time, or many guessers would be fast together.  Who has logged in from a source within
  :data:`KNOWN` is not slowed there.

A success takes no failure back: else a guesser with an account of his own would be free.  An attempt that is not answered yet
counts against its pair as if it had failed, or many at once would be as many guesses; not for who has logged in from there, whose
requests may wait for a quarter of an hour (ActiveSync's Ping).

Names of users are hashed with a secret of the process and not kept; passwords do not come here.
"""

from collections.abc import Mapping
from hashlib import blake2b

import attrs

from exproxy.pool.marks import Marks
from exproxy.pool.rates import Rates
from exproxy.pool.together import Shared

WIDER = 5
"""A source, and a user, may fail so many times as often as a user from one source."""
KNOWN = 7 * 86_400.0
"""Seconds for which a source is known to be a user's after a login."""
SLOW_AT_ONCE = 3
"""Logins of a user who is slowed that wait at a time."""
_SLOW_WAIT = 5.0
_DIGEST = 16


@attrs.frozen
class Judgement:
    """:param wait: seconds for which nothing is taken from there; 0: it is.

    :param slow: it is taken, but not at once.
    """

    wait: float
    slow: bool = False


_WELCOME = Judgement(0.0)
_SLOWED = Judgement(0.0, slow=True)


class Logins:
    """:param count: so many failures of a user from a source  :param seconds: within so long.

    :param secret: of the process; the same in all that count together.
    :param size: of each of the tables.
    """

    __slots__ = ("_count", "_known", "_pairs", "_secret", "_slowed", "_sources", "_users", "_waiting")

    def __init__(self, count: int, seconds: float, secret: bytes, size: int = 100_000) -> None:
        self._count = count
        self._secret = secret
        self._pairs = Rates(count, seconds, size)
        self._sources = Rates(WIDER * count, seconds, size)
        self._users = Rates(WIDER * count, seconds, size)
        self._known = Marks(KNOWN, size)
        self._waiting: dict[bytes, int] = {}
        self._slowed: dict[bytes, int] = {}

    def user(self, name: str) -> bytes:
        """What stands for a user: nobody can say whom, and it is another one after a restart."""
        return blake2b(name.encode("utf-8", "surrogateescape"), key=self._secret, digest_size=_DIGEST).digest()

    def judge(self, source: bytes, user: bytes, now: float) -> Judgement:
        """Whether ``user`` may try from ``source``.  Counts nothing."""
        pair = user + source
        known = self._known.has(pair, now)
        wait = self._pairs.wait(pair, now, 1 if known else 1 + self._waiting.get(pair, 0))
        if wait:
            return Judgement(wait)
        if known:
            return _WELCOME
        wait = self._sources.wait(source, now)
        if wait:
            return Judgement(wait)
        if not self._users.wait(user, now):
            return _WELCOME
        return _SLOWED if self._slowed.get(user, 0) < SLOW_AT_ONCE else Judgement(_SLOW_WAIT)

    def begin(self, source: bytes, user: bytes, now: float, slow: bool = False) -> "Attempt":
        """An attempt is on its way to a server; :meth:`Attempt.end` has to follow.

        :param slow: as it was judged.
        """
        pair = user + source
        counts = not self._known.has(pair, now)
        if counts:
            _more(self._waiting, pair)
        if slow:
            _more(self._slowed, user)
        return Attempt(self, source, user, counts, slow)

    def waited(self, user: bytes) -> None:
        """For :meth:`Attempt.go_on`."""
        _less(self._slowed, user)

    def ended(self, attempt: "Attempt", failed: bool | None, now: float) -> None:
        """For :meth:`Attempt.end`."""
        pair = attempt.user + attempt.source
        if attempt.counts:
            _less(self._waiting, pair)
        if attempt.slow:
            _less(self._slowed, attempt.user)
        if failed:
            self._pairs.add(pair, now)
            self._sources.add(attempt.source, now)
            self._users.add(attempt.user, now)
        elif failed is not None:
            self._known.set(pair, now)

    def shared(self) -> Mapping[str, Shared]:
        """What is counted together with other processes."""
        return {"pairs": self._pairs, "sources": self._sources, "users": self._users, "known": self._known}

    def __len__(self) -> int:
        return (
            len(self._pairs) + len(self._sources) + len(self._users) + len(self._known) + len(self._waiting) + len(self._slowed)
        )


def _more(counts: dict[bytes, int], key: bytes) -> None:
    counts[key] = counts.get(key, 0) + 1


def _less(counts: dict[bytes, int], key: bytes) -> None:
    """What is 0 needs no memory."""
    left = counts[key] - 1
    if left:
        counts[key] = left
    else:
        del counts[key]


@attrs.define(eq=False)
class Attempt:
    """A user's credentials are with a server."""

    _logins: Logins
    source: bytes
    user: bytes
    counts: bool
    slow: bool

    def go_on(self) -> None:
        """It has waited, and goes to a server: another one that is slowed may wait, however long the answer takes."""
        if self.slow:
            self.slow = False
            self._logins.waited(self.user)

    def end(self, failed: bool | None, now: float) -> None:
        """Once; ``None``: nobody knows, for no answer came."""
        self._logins.ended(self, failed, now)
