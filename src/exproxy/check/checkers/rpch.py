"""``rpch``: the RPC proxy of Outlook Anywhere asks who is there, or, where the check has credentials, answers an echo request."""

from typing import Literal

import attrs
from twisted.plugin import IPlugin
from zope.interface import implementer

from exproxy.check.checkers.http import host_header
from exproxy.check.interfaces import IChecker, Target
from exproxy.wire.dialogue.base import Dialogue
from exproxy.wire.dialogue.http import HttpCheck
from exproxy.wire.dialogue.rpch import basic, echo, knock

_BEHIND = 6001
"""Where Exchange's RPC Client Access listens for RPC proxies (ncacn_http)."""


def _is_a_path(_options: object, _attribute: object, path: str) -> None:
    HttpCheck(path=path)


def _is_a_server(_options: object, _attribute: object, server: str) -> None:
    if server and not server.rpartition(":")[2].isdecimal():
        raise ValueError(f"{server!r} has no port: write name:{_BEHIND}")
    HttpCheck(path=f"/?{server}")


def _is_a_host(_options: object, _attribute: object, host: str) -> None:
    HttpCheck(host=host)


def _has_a_password(options: object, _attribute: object, user: str) -> None:
    basic(user, "")
    if user and not getattr(options, "password", ""):
        raise ValueError("a user needs a password")


def _has_a_user(options: object, _attribute: object, password: str) -> None:
    if password and not getattr(options, "user", ""):
        raise ValueError("a password needs a user")


@attrs.frozen
class RpchOptions:
    r"""Without credentials, 401 with ``WWW-Authenticate`` is well; with them, an echo.

    :param server: what the proxy is asked to reach, ``name:port``; the server's own RPC Client Access, if nothing else is said.
    :param host: for ``Host``; the server's name, if nothing else is said.
    :param user: of a mailbox, ``DOMAIN\name`` or ``name@example.com``; Basic authentication has to be allowed.
    """

    path: str = attrs.field(default="/rpc/rpcproxy.dll", validator=_is_a_path)
    server: str = attrs.field(default="", validator=_is_a_server)
    host: str = attrs.field(default="", validator=_is_a_host)
    verb: Literal["RPC_IN_DATA", "RPC_OUT_DATA"] = "RPC_IN_DATA"
    user: str = attrs.field(default="", validator=_has_a_password)
    password: str = attrs.field(default="", repr=False, validator=_has_a_user)


@implementer(IPlugin, IChecker)
class RpchChecker:
    """See :mod:`exproxy.wire.dialogue.rpch`."""

    name = "rpch"
    options: type = RpchOptions
    starttls = False
    default_port: int | None = 443

    def dialogue(self, options: RpchOptions, target: Target) -> Dialogue:
        name = f"[{target.host}]" if ":" in target.host else target.host
        path = f"{options.path}?{options.server or f'{name}:{_BEHIND}'}"
        host = options.host or host_header(target)
        if options.user:
            return echo(options.verb, path, host, options.user, options.password)
        return knock(options.verb, path, host)
