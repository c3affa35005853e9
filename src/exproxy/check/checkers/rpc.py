"""``rpc``: a bind to each interface, on the check's port or on those that the endpoint mapper on that port tells."""

from collections.abc import Iterable

import attrs
from twisted.plugin import IPlugin
from zope.interface import implementer

from exproxy.check.interfaces import IChecker, Target
from exproxy.wire.dialogue.base import Dialogue
from exproxy.wire.dialogue.rpc import RpcCheck
from exproxy.wire.interfaces import INTERFACES, interface

MOST = 16
"""Interfaces that one check may bind to: each may be on a port of its own."""


def is_an_interface(_options: object, _attribute: object, name: str) -> None:
    """:raises ValueError: there is no such interface; the nearest name is offered."""
    interface(name)


def are_interfaces(_options: object, _attribute: object, names: str | tuple[str, ...]) -> None:
    """:raises ValueError: one is unknown or is there twice, there are none, or too many."""
    found = [interface(name) for name in _several(names)]
    if not 1 <= len(found) <= MOST:
        raise ValueError(f"a check binds to 1 to {MOST} interfaces, not to {len(found)}")
    twice = next((each.name for position, each in enumerate(found) if each in found[:position]), None)
    if twice is not None:
        raise ValueError(f"the interface {twice} is there twice")


def _several(names: str | Iterable[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


@attrs.frozen
class RpcOptions:
    """:param interface: one or several: a name ("emsmdb") or a UUID, also with its version.

    :param mapper: the port is the endpoint mapper's: ask it first.
    """

    interface: tuple[str, ...] = attrs.field(
        converter=_several,
        validator=are_interfaces,
        metadata={"known": tuple(known.name for known in INTERFACES)},
    )
    mapper: bool = False


@implementer(IPlugin, IChecker)
class RpcChecker:
    """See :class:`exproxy.wire.dialogue.rpc.RpcCheck`."""

    name = "rpc"
    options: type = RpcOptions
    starttls = False
    default_port: int | None = None

    def dialogue(self, options: RpcOptions, target: Target) -> Dialogue:
        return RpcCheck(options.interface, options.mapper, reached=target.port)
