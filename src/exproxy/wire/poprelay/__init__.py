"""The middle of mode ``pop3``: what stands between a client and a POP3 server that has greeted, up to the login."""

from exproxy.wire.poprelay.facts import Facts
from exproxy.wire.poprelay.relay import PopRelay

__all__ = ["Facts", "PopRelay"]
