"""``pop3``: greeting, CAPA, optional STLS, QUIT."""

from typing import Any

import attrs
from twisted.plugin import IPlugin
from zope.interface import implementer

from exproxy.check.interfaces import IChecker, Target
from exproxy.wire.dialogue.base import Dialogue
from exproxy.wire.dialogue.pop3 import Pop3Check


@attrs.frozen
class Pop3Options:
    """None."""


@implementer(IPlugin, IChecker)
class Pop3Checker:
    """See :class:`exproxy.wire.dialogue.pop3.Pop3Check`."""

    name = "pop3"
    options: type = Pop3Options
    starttls = True
    default_port: int | None = 110

    def dialogue(self, options: Any, target: Target) -> Dialogue:
        return Pop3Check(target.starttls)
