"""Who may come in: passwords against scrypt hashes, by HTTP Basic (RFC 7617) with each request, or once, for a stay.

Each comparison takes a tenth of a second and 32 MB, which is the point of it, so they are done in a thread, one after the other,
and few may wait.  A right password of HTTP Basic is remembered, as a keyed hash of it: who asks every second is compared once,
and does not have to wait because of what strangers try meanwhile (:mod:`exproxy.admin.attempts`).  Nor does a browser in which
somebody has logged in before, for that user: it keeps a mark.
"""

import base64
import binascii
import hmac
import json
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Protocol

import attrs
from twisted.internet.defer import Deferred, DeferredSemaphore, fail, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from exproxy.admin.answers import Asked
from exproxy.admin.attempts import Attempts
from exproxy.admin.callers import Caller, Role
from exproxy.admin.stays import Stays

LONGEST = 2048
"""Octets of the line that brings them."""
WAITING = 8
"""Comparisons that may wait for their turn."""
KEPT = 100
"""Right passwords that are remembered; the one goes that was asked with the longest ago."""

_log = Logger()


class Secret(Protocol):
    """A password's hash."""

    def matches(self, password: str) -> bool: ...


@attrs.frozen
class Account:
    secret: Secret
    role: Role


class LoginError(Exception):
    """Nobody is let in; the text is for whoever asks.

    :param wait: seconds until it may be tried again; 0: as soon as one likes.
    """

    def __init__(self, text: str, wait: float = 0.0) -> None:
        super().__init__(text)
        self.wait = wait


Elsewhere = Callable[[Callable[[], bool]], "Deferred[bool]"]
"""Has something done in a thread."""


class Logins:
    """:param accounts: by name; without any, nobody has to log in, and nobody can."""

    def __init__(self, clock: IReactorTime, accounts: Mapping[str, Account], elsewhere: Elsewhere) -> None:
        self._clock = clock
        self._accounts = dict(accounts)
        self._elsewhere = elsewhere
        self._attempts = Attempts()
        self._turn = DeferredSemaphore(1)
        self._waiting = 0
        self._key = secrets.token_bytes(32)
        self._right: OrderedDict[bytes, str] = OrderedDict()
        """Whose they are."""
        self._stays = Stays()

    @property
    def needed(self) -> bool:
        """Whether one has to log in."""
        return bool(self._accounts)

    def change(self, accounts: Mapping[str, Account]) -> bool:
        """Others are let in from now on: who is not among them any more, or has another password, has to log in again.

        Returns whether anything is different now.
        """
        changed = self._accounts != accounts
        gone = [
            name for name, account in self._accounts.items() if name not in accounts or accounts[name].secret != account.secret
        ]
        self._accounts = dict(accounts)
        for proof in [proof for proof, name in self._right.items() if name in gone]:
            del self._right[proof]
        self._stays.end_of(gone)
        return changed

    def check(self, asked: Asked) -> "Deferred[Caller]":
        """Fires with who it is, or fails with :class:`LoginError`."""
        known = self.known(asked)
        if known is not None:
            return succeed(known)
        if asked.authorization is None and asked.session:
            return fail(LoginError("you are not logged in any more: log in again"))
        said = _said(asked.authorization)
        if said is None:
            return fail(LoginError("log in with a user of [admin]: by HTTP Basic, or at /login"))
        proof = self._proof(*said)
        return self._compare(*said, asked.address, "").addCallback(self._remember, proof)

    def known(self, asked: Asked) -> Caller | None:
        """Who it is, where no password has to be compared for that."""
        if asked.authorization is None:
            stay = self._stays.find(asked.session, self._clock.seconds())
            return None if stay is None else Caller(stay.user, self._accounts[stay.user].role, token=stay.token)
        said = _said(asked.authorization)
        proof = b"" if said is None else self._proof(*said)
        if proof not in self._right:
            return None
        self._right.move_to_end(proof)
        name = self._right[proof]
        return Caller(name, self._accounts[name].role)

    def enter(self, name: str, password: str, address: str, mark: str = "") -> "Deferred[tuple[str, Caller]]":
        """Begin a stay; fires with the name that it is known by, and who it is, or fails with :class:`LoginError`.

        :param mark: what the browser shows of :meth:`mark`.
        """
        if not self.needed:
            return fail(LoginError("nobody has to log in here: [admin] has no users"))
        known = name if hmac.compare_digest(mark.encode(), self.mark(name).encode()) else ""
        return self._compare(name, password, address, known).addCallback(self._begin, address)

    def mark(self, name: str) -> str:
        """What who has been in as that user may keep: it opens nothing, and is good as long as the process lives."""
        return hmac.digest(self._key, f"mark {name}".encode(), "sha256").hex()

    def leave(self, session: str, caller: Caller) -> None:
        """End the stay, if that is how ``caller`` is known."""
        if caller.token:
            self._stays.leave(session)
            _log.info("audit: {by} logged out", by=caller.name)

    def when_over(self, session: str, call: Callable[[], None]) -> Callable[[], None]:
        """Call that when the stay is over, at once if it is; returns what takes this back."""
        stay = self._stays.find(session, self._clock.seconds())
        if stay is None:
            call()
            return lambda: None
        return stay.when_over(call)

    def _compare(self, name: str, password: str, address: str, known: str) -> "Deferred[Caller]":
        if self._waiting >= WAITING:
            return fail(LoginError("too many want to log in at once: wait a little, then try again", 1.0))
        wait = self._attempts.begin(address, self._clock.seconds(), known)
        if wait:
            seconds = int(wait) + 1
            return fail(LoginError(f"too many logins have failed: wait {seconds} s, then try again", wait))
        self._waiting += 1
        account = self._accounts.get(name)
        # where there is no such user, somebody else's is compared, so that this takes as long
        secret = (account or next(iter(self._accounts.values()))).secret
        compared = self._turn.run(self._elsewhere, lambda: secret.matches(password))
        return compared.addBoth(self._compared).addCallback(self._judge, name, account, address, known)

    def _compared(self, result: bool) -> bool:
        self._waiting -= 1
        return result

    def _judge(self, right: bool, name: str, account: Account | None, address: str, known: str) -> Caller:
        if account is None or not right:
            _log.warn("audit: a login from {address} failed", address=address)
            raise LoginError("there is no such user, or the password is another one")
        self._attempts.succeeded(address, known)
        if self._accounts.get(name) != account:
            raise LoginError("users have changed just now: log in again")
        return Caller(name, account.role)

    def _remember(self, caller: Caller, proof: bytes) -> Caller:
        self._right[proof] = caller.name
        while len(self._right) > KEPT:
            self._right.popitem(last=False)
        return caller

    def _begin(self, caller: Caller, address: str) -> tuple[str, Caller]:
        name, stay = self._stays.begin(caller.name, self._clock.seconds())
        _log.info("audit: {by} logged in from {address}", by=caller.name, address=address)
        return name, Caller(caller.name, caller.role, token=stay.token)

    def _proof(self, name: str, password: str) -> bytes:
        return hmac.digest(self._key, json.dumps([name, password]).encode(), "sha256")


def _said(authorization: bytes | None) -> tuple[str, str] | None:
    if authorization is None or len(authorization) > LONGEST:
        return None
    scheme, _, rest = authorization.strip().partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        name, colon, password = base64.b64decode(rest.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (name, password) if colon else None
