"""What is known of a session when it ends."""

from typing import NamedTuple


class SessionRecord(NamedTuple):
    """Plain values, so that making one costs a session next to nothing.

    The words are HAProxy's (its management guide and configuration manual, section 8.2.2).
    """

    client: tuple[str, int]
    """Host and port; from the PROXY header when a trusted peer sent one."""
    accepted: float
    """Seconds since the epoch."""
    frontend: str
    backend: str | None
    """``None``: none was chosen."""
    server: str | None
    """``None``: none was reached."""
    queue_ms: int
    """Waited for a free slot (Tw); -1: the session ended before that was over."""
    connect_ms: int
    """Waited for the server's TCP connection, retries included (Tc); -1: there was none."""
    total_ms: int
    """From accept to the end (Tt)."""
    bytes_in: int
    """From the client to the server (bytes_uploaded)."""
    bytes_out: int
    """From the server to the client (bytes_read)."""
    termination: str
    """Two letters: who ended the session, and in which of its phases; ``--`` is the ordinary end."""
    actconn: int
    """Sessions in the process when this one ended, itself included."""
    feconn: int
    beconn: int
    srv_conn: int
    retries: int
    redispatched: bool
    """The server is not the one that was chosen first."""
    srv_queue: int
    """Sessions that waited before this one for the server."""
    backend_queue: int
