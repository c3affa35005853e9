"""What a front end of a mail mode does with every session."""

import enum

import attrs


class StartTls(enum.Enum):
    """What becomes of STARTTLS (RFC 3207)."""

    OFFER = "offer"
    """We offer it, and do it: TLS with the client ends here, whatever there is towards the server."""
    HIDE = "hide"
    """Nobody offers it: the front end is plain, or encrypted from the beginning."""
    PASS = "pass"  # noqa: S105 - no password: the word of the configuration
    """Client and server do it with one another; from then on nothing is seen, limited or refused here, XCLIENT neither.
    A server that trusts our address for XCLIENT must not stand behind this."""


@attrs.frozen
class Settings:
    """Of a front end.

    :param require_tls: without TLS the client may say NOOP, RSET, HELP, EHLO, STARTTLS and QUIT, and AUTH is not offered.
    :param most_bad: bad commands since the last mail that was taken, then the session ends (Postfix: ``smtpd_hard_error_limit``).
    """

    starttls: StartTls = StartTls.HIDE
    require_tls: bool = False
    most_bad: int = 20
