"""HTTP Basic (RFC 7617) against scrypt hashes.

Each comparison takes a tenth of a second and 32 MB, which is the point of it, so they are done in a thread, one after the other,
and few may wait.  What was right is remembered for a minute, as a keyed hash of it: who asks every second is compared once.
"""

import base64
import binascii
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Protocol

import attrs
from twisted.internet.defer import Deferred, DeferredSemaphore, fail, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from exproxy.admin.attempts import Attempts
from exproxy.admin.callers import Caller, Role

REMEMBERED = 60.0
"""Seconds for which a right password is not compared again."""
LONGEST = 2048
"""Octets of the line that brings them."""
WAITING = 8
"""Comparisons that may wait for their turn."""
_KEPT = 100

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
    """:param accounts: by name; there has to be one."""

    def __init__(self, clock: IReactorTime, accounts: Mapping[str, Account], elsewhere: Elsewhere) -> None:
        self._clock = clock
        self._accounts = accounts
        self._decoy = next(iter(accounts.values()))
        """Compared with where there is no such user, so that this takes as long."""
        self._elsewhere = elsewhere
        self._attempts = Attempts()
        self._turn = DeferredSemaphore(1)
        self._waiting = 0
        self._key = secrets.token_bytes(32)
        self._right: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()

    def check(self, authorization: bytes | None, address: str) -> "Deferred[Caller]":
        """Fires with who it is, or fails with :class:`LoginError`.

        :param authorization: what stands behind the name of that header.
        :param address: where it comes from.
        """
        said = _said(authorization)
        if said is None:
            return fail(LoginError("log in with a user of [admin] (HTTP Basic)"))
        name, password = said
        proof = hmac.digest(self._key, f"{name}\0{password}".encode(), "sha256")
        now = self._clock.seconds()
        known = self._right.get(proof)
        if known is not None and now - known[0] < REMEMBERED:
            return succeed(known[1])
        wait = self._attempts.begin(address, now)
        if wait or self._waiting >= WAITING:
            return fail(LoginError("too many wrong passwords: wait, then try again", max(1.0, wait)))
        self._waiting += 1
        account = self._accounts.get(name)
        compared = self._turn.run(self._elsewhere, lambda: (account or self._decoy).secret.matches(password))
        return compared.addBoth(self._compared).addCallback(self._judge, name, account, proof, address)

    def _compared(self, result: bool) -> bool:
        self._waiting -= 1
        return result

    def _judge(self, right: bool, name: str, account: Account | None, proof: bytes, address: str) -> Caller:
        if account is None or not right:
            _log.warn("audit: a login from {address} failed", address=address)
            raise LoginError("there is no such user, or the password is another one")
        self._attempts.succeeded(address)
        caller = Caller(name, account.role)
        self._right[proof] = self._clock.seconds(), caller
        while len(self._right) > _KEPT:
            self._right.popitem(last=False)
        return caller


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
