"""``epm``: the endpoint mapper is asked for an interface, and the port that it tells has to accept a bind."""

import attrs
from twisted.plugin import IPlugin
from zope.interface import implementer

from exproxy.check.checkers.rpc import is_an_interface
from exproxy.check.interfaces import IChecker, Target
from exproxy.wire.dialogue.base import Dialogue
from exproxy.wire.dialogue.epm import EpmCheck


@attrs.frozen
class EpmOptions:
    """:param interface: a name or a UUID, also with its version; Exchange's RPC Client Access, if nothing else is said."""

    interface: str = attrs.field(default="emsmdb", validator=is_an_interface)


@implementer(IPlugin, IChecker)
class EpmChecker:
    """See :class:`exproxy.wire.dialogue.epm.EpmCheck`."""

    name = "epm"
    options: type = EpmOptions
    starttls = False
    default_port: int | None = 135

    def dialogue(self, options: EpmOptions, target: Target) -> Dialogue:
        return EpmCheck(options.interface, target.port)
