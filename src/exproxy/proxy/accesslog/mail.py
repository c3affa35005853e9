"""What is known of a session of a mail mode when it is over."""

from typing import NamedTuple

from exproxy.proxy.accesslog.record import SessionRecord


class MailRecord(NamedTuple):
    """What is known of every session, and what the protocol adds."""

    session: SessionRecord
    tls: str
    """``TLSv1.3`` and the like, between the client and us; empty in the clear."""
    helo: str
    """What the client called itself; printable."""
    user: str
    """A keyed hash of who has logged in, in hex; empty: nobody, or we could not see."""
    mails: int
    """Mails that the server has acknowledged."""
    last: str
    """The last reply to the client; empty: there was none."""
