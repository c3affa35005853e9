"""``rpc``: a bind to an interface, on the check's port or on the one that the endpoint mapper on that port tells."""

import attrs
from twisted.plugin import IPlugin
from zope.interface import implementer

from exproxy.check.interfaces import IChecker, Target
from exproxy.wire.dialogue.base import Dialogue
from exproxy.wire.dialogue.rpc import RpcCheck
from exproxy.wire.interfaces import INTERFACES, interface


def is_an_interface(_options: object, _attribute: object, name: str) -> None:
    """:raises ValueError: there is no such interface; the nearest name is offered."""
    interface(name)


@attrs.frozen
class RpcOptions:
    """:param interface: a name ("emsmdb") or a UUID, also with its version.

    :param mapper: the port is the endpoint mapper's: ask it first.
    """

    interface: str = attrs.field(validator=is_an_interface, metadata={"known": tuple(known.name for known in INTERFACES)})
    mapper: bool = False


@implementer(IPlugin, IChecker)
class RpcChecker:
    """See :class:`exproxy.wire.dialogue.rpc.RpcCheck`."""

    name = "rpc"
    options: type = RpcOptions
    starttls = False
    default_port: int | None = None

    def dialogue(self, options: RpcOptions, target: Target) -> Dialogue:
        return RpcCheck(options.interface, options.mapper)
