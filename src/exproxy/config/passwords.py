"""Passwords as scrypt hashes (RFC 7914), in the text form of Werkzeug's ``generate_password_hash``.

``scrypt:32768:8:1$salt$hash``: cost, block size, parallelism; the salt as text, the hash in hexadecimal digits.
"""

import hashlib
import hmac
import re
import secrets

from attrs import field, frozen

COST, BLOCK, PARALLEL = 2**15, 8, 1
"""32 MB and about 60 ms."""
MOST_MEMORY = 128 * 1024 * 1024
"""Octets that one comparison may take."""
LONGEST = 1024
"""Characters of a password."""

_SALT = 16
_FORM = re.compile(r"scrypt:(\d{1,8}):(\d{1,4}):(\d{1,4})\$([^$\s]{1,64})\$([0-9a-f]{128})")


@frozen
class Scrypt:
    """One password's."""

    cost: int
    block: int
    parallel: int
    salt: str
    digest: bytes = field(repr=False)

    def matches(self, password: str) -> bool:
        """Whether that is the password; takes as long either way, and as long as the hash says."""
        return hmac.compare_digest(_scrypt(password, self.salt, self.cost, self.block, self.parallel), self.digest)


def parse(text: str) -> Scrypt:
    """:raises ValueError: it is no such hash, or comparing would take too much memory; the text is not quoted, as it may be a
    password."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError("this is no scrypt hash")
    cost, block, parallel = int(match[1]), int(match[2]), int(match[3])
    if cost < 2 or cost & (cost - 1) or not block or not parallel:
        raise ValueError(f"scrypt:{cost}:{block}:{parallel} is nothing that scrypt can do: the first number is a power of two")
    if _memory(cost, block, parallel) > MOST_MEMORY:
        raise ValueError(f"scrypt:{cost}:{block}:{parallel} takes more than {MOST_MEMORY // 1024**2} MB for each login")
    return Scrypt(cost, block, parallel, match[4], bytes.fromhex(match[5]))


def hashed(password: str, salt: str = "") -> str:
    """The hash of a password, to be written into the configuration.

    :param salt: another one each time, unless it is given.
    :raises ValueError: the password is empty or too long.
    """
    if not password or len(password) > LONGEST:
        raise ValueError(f"a password has 1 to {LONGEST} characters")
    salt = salt or secrets.token_hex(_SALT)
    return f"scrypt:{COST}:{BLOCK}:{PARALLEL}${salt}${_scrypt(password, salt, COST, BLOCK, PARALLEL).hex()}"


def _scrypt(password: str, salt: str, cost: int, block: int, parallel: int) -> bytes:
    memory = _memory(cost, block, parallel)
    return hashlib.scrypt(password.encode(), salt=salt.encode(), n=cost, r=block, p=parallel, maxmem=memory)


def _memory(cost: int, block: int, parallel: int) -> int:
    """A little more than the 128 octets a block of RFC 7914: OpenSSL counts its own."""
    return 132 * (cost + parallel + 2) * block
