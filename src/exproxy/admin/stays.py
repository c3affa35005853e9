"""Who has logged in with a browser, from the login to its end.

A stay is known by a random name of 256 bits that the browser keeps in a cookie; here is only its hash, so that neither looking it
up nor what a debugger shows tells anything of it.  Nothing of it is written anywhere: a process that ends forgets all.
"""

import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable
from hashlib import sha256

from attrs import Factory, define, field

IDLE = 30 * 60.0
"""Seconds without a request, after which a stay is over."""
LONGEST = 12 * 3600.0
"""Seconds from the login."""
EACH = 10
"""Stays of one user; the one goes that has asked for nothing the longest."""
MOST = 100
"""Of all users together, likewise."""
_OCTETS = 32


@define(eq=False)
class Stay:
    """:param user: whose.

    :param token: what has to come with a request that changes something.
    """

    user: str
    token: str = field(repr=False)
    began: float
    asked: float
    """When it asked for something the last time."""
    _over: list[Callable[[], None]] = Factory(list)

    def when_over(self, call: Callable[[], None]) -> Callable[[], None]:
        """Call that when the stay is over; returns what takes this back."""
        self._over.append(call)
        return lambda: self._over.remove(call) if call in self._over else None

    def end(self) -> None:
        """For :class:`Stays`: tell all who want to know."""
        calls, self._over = self._over, []
        for call in calls:
            call()


class Stays:
    """All there are, the one first that has asked for nothing the longest."""

    def __init__(self) -> None:
        self._all: OrderedDict[bytes, Stay] = OrderedDict()

    def __len__(self) -> int:
        return len(self._all)

    def begin(self, user: str, now: float) -> tuple[str, Stay]:
        """A new one, never one that somebody brought along, and the name that it is known by."""
        self.expire(now)
        name = secrets.token_urlsafe(_OCTETS)
        stay = Stay(user, secrets.token_urlsafe(_OCTETS), now, now)
        self._all[_key(name)] = stay
        own = [key for key, other in self._all.items() if other.user == user]
        self._end(own[: max(0, len(own) - EACH)])
        self._end(list(self._all)[: max(0, len(self._all) - MOST)])
        return name, stay

    def find(self, name: str, now: float) -> Stay | None:
        """The one of that name; it has asked for something now."""
        key = _key(name)
        stay = self._all.get(key)
        if stay is None:
            return None
        if _is_over(stay, now):
            self._end([key])
            return None
        stay.asked = now
        self._all.move_to_end(key)
        return stay

    def leave(self, name: str) -> None:
        """It is over."""
        self._end([_key(name)])

    def end_of(self, users: Iterable[str]) -> None:
        """All of these users' are over."""
        gone = frozenset(users)
        self._end([key for key, stay in self._all.items() if stay.user in gone])

    def expire(self, now: float) -> None:
        """Those are over whose time is."""
        self._end([key for key, stay in self._all.items() if _is_over(stay, now)])

    def _end(self, keys: Iterable[bytes]) -> None:
        for key in keys:
            stay = self._all.pop(key, None)
            if stay is not None:
                stay.end()


def _is_over(stay: Stay, now: float) -> bool:
    return now - stay.asked >= IDLE or now - stay.began >= LONGEST


def _key(name: str) -> bytes:
    return sha256(name.encode("utf-8", "surrogateescape")).digest()
