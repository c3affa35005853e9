"""The middle of mode ``imap``: what stands between a client and an IMAP server that has greeted, up to the login."""

from exproxy.wire.imaprelay.facts import Facts
from exproxy.wire.imaprelay.relay import ImapRelay

__all__ = ["Facts", "ImapRelay"]
