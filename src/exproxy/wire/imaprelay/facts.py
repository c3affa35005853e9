"""What is known of a session, for its access line and for the limits of a source."""

import attrs


@attrs.define
class Facts:
    """What a session has come to."""

    helo: str = ""
    """IMAP has none."""
    account: bytes = b""
    """Who has logged in, or tries to, as the client says it; nothing but a keyed hash of it may be written anywhere."""
    mails: int = 0
    """None: what is fetched or stored is not followed."""
    last: str = ""
    """The last tagged reply to the client before its login: ``OK``, ``NO`` or ``BAD``; or ``BYE``."""
    bad: int = 0
    """Commands that we refused."""
    auth_failures: int = 0
    """Log-ins that the server refused."""
    authenticated: bool = False
    tls: bool = False
    """The client's side is encrypted, and we see inside."""
    compress: bool = False
    """The server offers to compress what follows the login (RFC 4978): client and server may have agreed to that behind it."""
    opaque: bool = False
    """Client and server began TLS with one another: nothing is known from then on."""
