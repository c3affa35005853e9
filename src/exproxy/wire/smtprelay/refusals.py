"""Which commands do not pass, and what we answer instead."""

from exproxy.wire.mailsettings import Settings, StartTls
from exproxy.wire.smtprelay import answers
from exproxy.wire.smtprelay.answers import Answer
from exproxy.wire.smtprelay.commands import Kind
from exproxy.wire.smtprelay.facts import Facts

_ALWAYS = (Kind.EHLO, Kind.HELO, Kind.FREE, Kind.RSET, Kind.QUIT, Kind.TLS)  # no set: its hash costs a call
"""What may be said before TLS where TLS is required (RFC 3207 4), and before EHLO once TLS has begun."""


def refusal(kind: Kind, settings: Settings, facts: Facts, *, greeted: bool) -> Answer | None:
    """What we say to a command instead of passing it on; None if it passes.

    :param greeted: the server knows nothing of the client that was said before TLS.
    """
    if kind is Kind.DENIED:
        return answers.DENIED
    if kind is Kind.NOT_FOLLOWED:
        return answers.NOT_FOLLOWED
    if kind in _ALWAYS:
        return None
    if kind is Kind.STARTTLS:
        return answers.TLS_ACTIVE if facts.tls else None
    if settings.require_tls and not facts.tls:
        return answers.TLS_FIRST
    return None if greeted else answers.HELLO_FIRST


def starttls_refusal(line: bytes, settings: Settings, facts: Facts) -> Answer | None:
    """What we say to STARTTLS if we do not begin TLS; RFC 3207 4.

    Not after AUTH: the server keeps it, and whoever stands between could have logged in before the client's TLS begins.
    """
    if facts.tls:
        return answers.TLS_ACTIVE
    if settings.starttls is not StartTls.OFFER:
        return answers.TLS_NOT_OFFERED
    if line[8:].strip():
        return answers.TLS_PARAMETERS
    return answers.TLS_AFTER_AUTH if facts.authenticated else None
