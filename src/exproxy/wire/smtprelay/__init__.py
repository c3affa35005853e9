"""The middle of mode ``smtp``: what stands between a client and a mail server that has greeted, without a socket."""

from exproxy.wire.crossing import Broken, Crossing
from exproxy.wire.mailsettings import Settings, StartTls
from exproxy.wire.smtprelay.answers import SERVER_GONE, SHUTDOWN, TIMEOUT, Answer
from exproxy.wire.smtprelay.facts import Ending, Facts
from exproxy.wire.smtprelay.offers import Rewriter
from exproxy.wire.smtprelay.relay import SmtpRelay
from exproxy.wire.step import Step, Then

__all__ = [
    "SERVER_GONE",
    "SHUTDOWN",
    "TIMEOUT",
    "Answer",
    "Broken",
    "Crossing",
    "Ending",
    "Facts",
    "Rewriter",
    "Settings",
    "SmtpRelay",
    "StartTls",
    "Step",
    "Then",
]
