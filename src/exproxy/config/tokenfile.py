"""The file that stands for a unix socket where there are none: it says at which port of loopback the process listens, and the
word by which one who may read the file is told from all others.
"""

import re
import secrets
from collections.abc import Callable

import attrs

HOST = "127.0.0.1"
_TEXT = re.compile(r"exproxy 127\.0\.0\.1:([0-9]{1,5})\n([0-9a-f]{64})\n")


@attrs.frozen
class Way:
    """:param token: 256 bits, in hexadecimal."""

    port: int
    token: str = attrs.field(repr=False)

    def text(self) -> str:
        """What stands in the file."""
        return f"exproxy {HOST}:{self.port}\n{self.token}\n"

    def greeting(self) -> bytes:
        """What a connection begins with; then all is as at a unix socket."""
        return f"token {self.token}\n".encode()


def new_way(port: int, token_hex: Callable[[int], str] = secrets.token_hex) -> Way:
    """A way with a token that nobody knows."""
    return Way(port, token_hex(32))


def parse(text: str) -> Way:
    """From the file.

    :raises ValueError: it is none of ours.
    """
    found = _TEXT.fullmatch(text)
    if found is None:
        raise ValueError("it is not a file that exproxy has written for a socket")
    return Way(int(found[1]), found[2])
