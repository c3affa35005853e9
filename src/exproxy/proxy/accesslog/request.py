"""What is known of a request of mode ``http`` when it is over."""

from typing import NamedTuple

LONGEST_REQUEST = 1024
"""Octets of a request line that are kept: thousands of records may wait to be written."""


class RequestRecord(NamedTuple):
    """As :class:`~exproxy.proxy.accesslog.record.SessionRecord`, with the words of HAProxy's ``httplog`` (8.2.3)."""

    client: tuple[str, int]
    accepted: float
    """Seconds since the epoch, when the head was there."""
    frontend: str
    backend: str | None
    server: str | None
    request_ms: int
    """From the head's first octet to its last (TR); 0: it came in one piece; -1: it never came whole."""
    queue_ms: int
    """Waited for a free slot (Tw); -1: it ended before that was over."""
    connect_ms: int
    """Waited for the server's connection (Tc); 0: there was one already; -1: there was none."""
    response_ms: int
    """From the request's first byte to the server to the head of its answer (Tr); -1: there was none."""
    total_ms: int
    """Ta."""
    status: int
    """-1: nothing was answered."""
    bytes_in: int
    """From the client to the server, the head included."""
    bytes_out: int
    """To the client, the head included."""
    termination: str
    actconn: int
    feconn: int
    beconn: int
    srv_conn: int
    retries: int
    redispatched: bool
    srv_queue: int
    backend_queue: int
    request: bytes
    """The request line as it came, at most :data:`LONGEST_REQUEST` octets of it; empty: there was none that could be read."""
    cookies: str = "--"
    """What became of our persistence cookie: what the client brought, and what it was told; ``--``: there is none."""
