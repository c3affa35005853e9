"""``smtp``: banner, EHLO, optional STARTTLS, QUIT; ``421 4.3.2`` means that the server is stopping."""

import attrs
from twisted.plugin import IPlugin
from zope.interface import implementer

from exproxy.check.interfaces import IChecker, Target
from exproxy.wire.dialogue.base import Dialogue
from exproxy.wire.dialogue.smtp import SmtpCheck


def _is_a_name(_options: object, _attribute: object, helo: str) -> None:
    SmtpCheck(helo)


@attrs.frozen
class SmtpOptions:
    """:param helo: the name that EHLO says."""

    helo: str = attrs.field(default="exproxy", validator=_is_a_name)


@implementer(IPlugin, IChecker)
class SmtpChecker:
    """See :class:`exproxy.wire.dialogue.smtp.SmtpCheck`."""

    name = "smtp"
    options: type = SmtpOptions
    starttls = True
    default_port: int | None = 25

    def dialogue(self, options: SmtpOptions, target: Target) -> Dialogue:
        return SmtpCheck(options.helo, target.starttls)
