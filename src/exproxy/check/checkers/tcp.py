"""``tcp``: the server accepts a connection."""

from typing import Any

import attrs
from twisted.plugin import IPlugin
from zope.interface import implementer

from exproxy.check.interfaces import IChecker, Target
from exproxy.wire.dialogue.base import Dialogue
from exproxy.wire.dialogue.tcp import TcpCheck


@attrs.frozen
class TcpOptions:
    """None."""


@implementer(IPlugin, IChecker)
class TcpChecker:
    """See :class:`exproxy.wire.dialogue.tcp.TcpCheck`."""

    name = "tcp"
    options: type = TcpOptions
    starttls = False
    default_port: int | None = None

    def dialogue(self, options: Any, target: Target) -> Dialogue:
        return TcpCheck()
