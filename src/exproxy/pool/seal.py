"""A host's name as a client may carry it: nobody can read which host it is, nor make one up.

Sealed is the host's number (a keyed hash of its name), a time and a keyed hash of both, 24 octets, as 32 characters.  Who has the
same secret, and a table and a host of the same names, believes it: all workers, the process after a restart, a second balancer.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Iterable
from hashlib import blake2b
from hmac import compare_digest

import attrs

_NUMBER, _TIME, _PROOF = 8, 4, 12
LENGTH = (_NUMBER + _TIME + _PROOF) * 4 // 3
"""Characters."""
_RENEWED = 10
"""After this part of its time it is sealed anew, so that who comes again and again stays."""


@attrs.frozen
class Sealed:
    """What was sealed.

    :param old: it is time for a new one.
    """

    host: str
    old: bool


class Seal:
    """Times are seconds since the epoch: what is sealed outlives the process.

    :param secret: of any length; whoever has it seals.
    :param table: whose hosts these are; what is sealed for one table is worth nothing for another.
    :param hosts: those that are known.
    :param expire: seconds after which it is not believed any more; ``None``: never, and no time is in it.
    """

    __slots__ = ("_expire", "_hosts", "_key", "_known", "_numbers")

    def __init__(self, secret: bytes, table: str, hosts: Iterable[str], expire: float | None = None) -> None:
        self._key = blake2b(table.encode(), key=blake2b(secret).digest(), digest_size=32, person=b"exproxy seal").digest()
        self._numbers = {
            host: blake2b(host.encode(), key=self._key, digest_size=_NUMBER, person=b"host").digest() for host in hosts
        }
        self._hosts = {number: host for host, number in self._numbers.items()}
        self._expire = expire
        # Without a time there is one value for each host, and nothing has to be reckoned for a request.
        self._known = {self.seal(host, 0.0): Sealed(host, old=False) for host in self._numbers if expire is None}

    def seal(self, host: str, date: float) -> bytes:
        """:raises KeyError: the host is not known."""
        time = 0 if self._expire is None else int(date)
        said = self._numbers[host] + time.to_bytes(_TIME, "big")
        return urlsafe_b64encode(said + self._proof(said))

    def open(self, value: bytes, date: float) -> Sealed | None:
        """What ``value`` is; ``None``: it was not sealed here, or too long ago, or names a host that is no more."""
        if self._expire is None:
            return self._known.get(value)
        if len(value) != LENGTH:
            return None
        try:
            data = urlsafe_b64decode(value)
        except Error:
            return None
        said, proof = data[: _NUMBER + _TIME], data[_NUMBER + _TIME :]
        if not compare_digest(self._proof(said), proof):
            return None
        host = self._hosts.get(said[:_NUMBER])
        if host is None:
            return None
        age = date - int.from_bytes(said[_NUMBER:], "big")
        return None if age >= self._expire else Sealed(host, age * _RENEWED >= self._expire)

    def _proof(self, said: bytes) -> bytes:
        return blake2b(said, key=self._key, digest_size=_PROOF, person=b"proof").digest()
