"""What is known of a session, for its access line and for the limits of a source."""

import enum

import attrs

from exproxy.wire.lines import printable


class Ending(enum.Enum):
    """Why a session came to its end in an orderly way."""

    QUIT = "the client said QUIT"
    DRAINED = "the client was told to come back later, between two mails"
    IDLE = "nothing came for too long"
    BAD_COMMANDS = "too many bad commands"
    ABUSE = "too many errors of its source"
    BAD_CHUNK = "a BDAT whose size cannot be known"
    SERVER_CLOSING = "the server said that it closes"
    SERVER_GONE = "the server closed without a word"


@attrs.define
class Facts:
    """What a session has come to."""

    hello: bytes = b""
    """What followed the client's last HELO or EHLO, since TLS began."""
    mails: int = 0
    """Mails that a server has taken: its 2xx to the end of DATA, to the last BDAT or to the last BURL has gone to the client."""
    last: int = 0
    """Code of the last reply to the client, the server's or ours; 0 if there was none."""
    bad: int = 0
    """Commands that we refused, and those that the server answered with 500, 501, 502 or 504."""
    denied: int = 0
    """XCLIENT and XFORWARD among them."""
    auth_failures: int = 0
    """Times that the server said 535 (RFC 4954 6)."""
    authenticated: bool = False
    """The server said 235."""
    account: bytes = b""
    """Who has logged in with a mechanism that says so in the clear; nothing but a keyed hash of it may be written anywhere."""
    early: int = 0
    """Times that the client sent on behind DATA, AUTH or STARTTLS before it had its reply (RFC 2920 3.1 forbids it)."""
    tls: bool = False
    """The client's side is encrypted, and we see inside."""
    compress: bool = False
    """SMTP has no such thing."""
    opaque: bool = False
    """Client and server began TLS with one another: nothing is known from then on."""
    ending: Ending | None = None
    """Why the relay said :attr:`Then.FINISH`; None before that, and after :class:`Broken`."""

    @property
    def helo(self) -> str:
        """What the client calls itself: printable, at most 255 characters."""
        return printable(self.hello, 255)
