"""Free ports on loopback addresses."""

import itertools
import random
import socket

FIRST, LAST = 20_000, 32_000
"""Above what services use and below what Linux gives to clients by itself (``ip_local_port_range`` begins at 32768):
nobody's outgoing connection takes a port between the moment that it is found and the moment that the server binds it."""

_TURN = itertools.cycle(random.sample(range(FIRST, LAST), LAST - FIRST))
"""Which is tried next: none that was given comes again before all others, so that two who ask before they bind get two."""


def free_port(*hosts: str) -> int:
    """A TCP port that nobody uses on any of ``hosts``.

    :raises OSError: the addresses are not ours, or nothing is free.
    """
    error: OSError | None = None
    for _ in range(200):
        port = next(_TURN)
        try:
            for host in hosts:
                _try(host, port)
        except OSError as caught:
            error = caught
        else:
            return port
    raise OSError(f"no free port on {', '.join(hosts)}") from error


def free_ports(count: int, *hosts: str) -> list[int]:
    """Several, no two of them the same.

    :raises OSError: likewise.
    """
    return [free_port(*hosts) for _ in range(count)]


def _try(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))


def accepts(host: str, port: int) -> bool:
    """Whether somebody listens there."""
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def says(host: str, port: int, beginning: bytes) -> bool:
    """Whether the one who listens there greets with ``beginning``.  Hangs up without a word.

    :raises OSError: nobody is there, or nothing was said for twenty seconds.
    """
    with socket.create_connection((host, port), timeout=20) as connection:
        return connection.recv(512).startswith(beginning)
