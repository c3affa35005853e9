"""Who wants to log in, and with what."""

import attrs

NAME = 512
"""Octets of a name."""
PASSWORD = 1_024
"""Octets of a password.  Servers hang up on lines that are too long for them: nobody is to bring that about with ours."""

_NEVER = (b"\0", b"\r", b"\n")


@attrs.frozen
class Login:
    """One attempt.  It is let go of as soon as a server has judged it, and nothing shows it: not even its ``repr``.

    :param user: whose password it is.
    :param acting_as: whose mailbox it is, if somebody else's (RFC 4616: authzid); empty: the same one's.
    :param sasl: it was asked by a command for SASL, and not by the protocol's own.
    :param tag: of the command, in IMAP.
    """

    user: bytes = attrs.field(repr=False)
    password: bytes = attrs.field(repr=False)
    acting_as: bytes = attrs.field(default=b"", repr=False)
    sasl: bool = False
    tag: bytes = b""

    @property
    def mailbox(self) -> bytes:
        """Whose it is."""
        return self.acting_as or self.user

    @property
    def sound(self) -> bool:
        """Whether every protocol can say it, and no server takes offence at its length."""
        words = (self.user, self.password, self.acting_as)
        fits = len(self.user) <= NAME and len(self.acting_as) <= NAME and len(self.password) <= PASSWORD
        return bool(self.user) and fits and not any(octet in word for octet in _NEVER for word in words)
