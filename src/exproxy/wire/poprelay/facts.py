"""What is known of a session, for its access line and for the limits of a source."""

import attrs


@attrs.define
class Facts:
    """What a session has come to."""

    helo: str = ""
    """POP3 has none."""
    account: bytes = b""
    """Who has logged in, or tries to, as the client says it; nothing but a keyed hash of it may be written anywhere."""
    mails: int = 0
    """None: what is fetched is not followed."""
    last: str = ""
    """The last reply to the client before its login: ``+OK`` or ``-ERR``."""
    bad: int = 0
    """Commands that we refused."""
    auth_failures: int = 0
    """Log-ins that the server refused."""
    authenticated: bool = False
    tls: bool = False
    """The client's side is encrypted, and we see inside."""
    compress: bool = False
    """POP3 has no such thing."""
    opaque: bool = False
    """Client and server began TLS with one another: nothing is known from then on."""
