"""What is known of a session of a mail protocol; each protocol has its own class of it."""

from typing import Protocol


class Facts(Protocol):
    """What is known of a session, for its access line and for the limits of its source."""

    @property
    def helo(self) -> str:
        """What the client calls itself, printable; empty where the protocol has no such thing."""

    @property
    def account(self) -> bytes:
        """Who has logged in, as the client said it; nothing but a keyed hash of it may be written anywhere."""

    @property
    def mails(self) -> int:
        """Mails that a server has acknowledged."""

    @property
    def last(self) -> int | str:
        """The last reply to the client, in the protocol's words: ``221``, ``OK``, ``-ERR``."""

    @property
    def bad(self) -> int:
        """Commands that were none."""

    @property
    def auth_failures(self) -> int:
        """Log-ins that the server refused."""

    @property
    def opaque(self) -> bool:
        """Nothing is known any more: client and server speak TLS with one another."""

    @property
    def compress(self) -> bool:
        """Client and server may have agreed to compress what follows the login."""
