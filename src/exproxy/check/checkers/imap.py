"""``imap``: greeting, CAPABILITY, optional STARTTLS, LOGOUT."""

from typing import Any

import attrs
from twisted.plugin import IPlugin
from zope.interface import implementer

from exproxy.check.interfaces import IChecker, Target
from exproxy.wire.dialogue.base import Dialogue
from exproxy.wire.dialogue.imap import ImapCheck


@attrs.frozen
class ImapOptions:
    """None."""


@implementer(IPlugin, IChecker)
class ImapChecker:
    """See :class:`exproxy.wire.dialogue.imap.ImapCheck`."""

    name = "imap"
    options: type = ImapOptions
    starttls = True
    default_port: int | None = 143

    def dialogue(self, options: Any, target: Target) -> Dialogue:
        return ImapCheck(target.starttls)
