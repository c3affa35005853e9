"""The two axes of a server's state, and what is told when one of them changes.

*Operational* is what checks and agents find; *administrative* is what people (or an agent) ask for.  Neither writes the other.
"""

import enum
import re

import attrs


class Operational(enum.Enum):
    """What the checks say."""

    STARTING = "starting"
    """Not checked yet: usable later, perhaps."""
    UP = "up"
    STOPPING = "stopping"
    """Alive, but it asks for no new sessions (Exchange in maintenance); live ones stay."""
    DOWN = "down"


class Admin(enum.Enum):
    """What people say."""

    READY = "ready"
    DRAIN = "drain"
    """No new clients, but those whose table entry points there."""
    MAINT = "maint"
    """Nobody."""


_STRICTNESS = {Admin.READY: 0, Admin.DRAIN: 1, Admin.MAINT: 2}

_WORDS: dict[Operational | Admin, str] = {
    Operational.STARTING: "is starting",
    Operational.UP: "is up",
    Operational.STOPPING: "is stopping",
    Operational.DOWN: "is down",
    Admin.READY: "is ready",
    Admin.DRAIN: "is draining",
    Admin.MAINT: "is in maintenance",
}


_CONSEQUENCES: dict[Operational | Admin, str] = {
    Operational.STARTING: "not checked yet",
    Operational.UP: "up",
    Operational.STOPPING: "draining",
    Operational.DOWN: "down",
    Admin.READY: "ready",
    Admin.DRAIN: "draining",
    Admin.MAINT: "in maintenance",
}
_COUNT = re.compile(r", (?:after|in) \d+ (?:\w+ ){1,4}(?:checks?|row)$")
"""How often a check has found it: what :mod:`exproxy.pool.health` puts behind a reason."""


def stricter(*admins: Admin) -> Admin:
    """The one that holds when several have a say."""
    return max(admins, key=_STRICTNESS.__getitem__)


def in_words(state: Operational | Admin) -> str:
    """``is down``, ``is in maintenance``: the verb of a sentence about a server."""
    return _WORDS[state]


def consequence(state: Operational | Admin) -> str:
    """What follows from it for a server, at the end of a sentence: ``draining``, ``down``."""
    return _CONSEQUENCES[state]


@attrs.frozen
class Transition:
    """A server's state changed, on one of the two axes.

    :param server: ``backend/server``.
    :param old: the state before, of the same kind as ``new``.
    :param reason: a sentence part for people ("SMTP said 554 No, after 3 failed checks").
    :param at: seconds on the clock of whoever passes times in.
    """

    server: str
    old: Operational | Admin
    new: Operational | Admin
    reason: str
    at: float

    @property
    def sentence(self) -> str:
        """Where, what happened and what follows: ``hub/ex2: SMTP said 554 No; down, after 3 failed checks``."""
        count = _COUNT.search(self.reason)
        reason = self.reason[: count.start()] if count else self.reason
        parts = [reason, f"{consequence(self.new)}{count[0] if count else ''}"]
        return f"{self.server}: {'; '.join(filter(None, parts))}"

    def __str__(self) -> str:
        sentence = f"{self.server} {_WORDS[self.new]}"
        return f"{sentence}: {self.reason}" if self.reason else sentence
