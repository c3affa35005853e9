"""What is to be checked, how and how often: a configuration's checks as this package wants them."""

from pathlib import Path
from typing import Any, Literal, Protocol

import attrs

from exproxy.check.interfaces import IChecker, Target
from exproxy.net.certificate import PeerCertificate
from exproxy.net.tls.shown import Shown
from exproxy.net.tlscontext import TLSContextSettings
from exproxy.wire.dialogue.mapping import MAPPER_PORT
from exproxy.wire.interfaces import Interface, interface

ProxyVersion = Literal["v1", "v2"]


class Located(Protocol):
    """Whatever has an address that may change; a :class:`exproxy.pool.Server` is one."""

    address: str | None


@attrs.define
class Place:
    """An address of a check's own; whoever follows its name sets :attr:`address`, which is ``None`` until it is known."""

    address: str | None


@attrs.frozen(kw_only=True)
class Security:
    """TLS of a check.

    :param settings: the context's; ``settings.name`` of ``None`` means the server's own name.
    :param implicit: TLS from the first byte; else after STARTTLS.
    :param warn_days: so many days before the certificate expires, a warning begins.
    :param shown: what the clients of the server see, to be compared with.
    :param same: whether the certificate has to be one of these, or right for their name.
    :param bound: whether the server has Extended Protection, so that it had better be one of these; ``None``: nobody knows.
    """

    settings: TLSContextSettings
    implicit: bool
    warn_days: int = 14
    shown: Shown | None = None
    same: bool = False
    bound: bool | None = None

    def name(self, host: str) -> str:
        """What the server is asked for (SNI), and what its certificate has to be for.

        :param host: the name that the server was configured with.
        """
        return self.settings.name or (self.shown.name if self.same and self.shown is not None else "") or host

    def fault(self, certificate: PeerCertificate | None) -> str:
        """Why the certificate is refused, though the handshake went well; empty if it is not."""
        return self.shown.fault(certificate) if self.same and self.shown is not None else ""

    def difference(self, certificate: PeerCertificate) -> str:
        """What Extended Protection would make of the certificate; empty where there is nothing to say."""
        return "" if self.shown is None else self.shown.difference(certificate)


def security(
    mode: Literal["starttls", "implicit"],
    *,
    verify: bool,
    ca: Path | None = None,
    name: str | None = None,
    legacy: bool = False,
    warn_days: int = 14,
    pins: tuple[str, ...] = (),
) -> Security:
    """TLS from its single settings; see :class:`Security` and :class:`exproxy.net.tlscontext.TLSContextSettings`."""
    settings = TLSContextSettings(verify=verify, ca=ca, name=name, legacy=legacy, pins=pins)
    return Security(settings=settings, implicit=mode == "implicit", warn_days=warn_days)


@attrs.frozen(kw_only=True)
class CheckPlan:
    """One check of one server.

    :param name: that of its :class:`exproxy.pool.CheckSpec`.
    :param host: the name that the server was configured with, for ``Host:``, SNI and certificates.
    :param options: an instance of ``checker.options``.
    :param interval: seconds from one start to the next; likewise ``fast_interval`` while the check's verdict is in doubt and
        ``down_interval`` while it is down.
    :param timeout: seconds for the whole run.
    :param port: another one than the server's.
    :param place: elsewhere than the server.
    :param send_proxy: begin with a PROXY header of this version, which says that we speak for ourselves.
    :param source: an address to connect from.
    """

    name: str
    host: str
    checker: IChecker
    options: Any
    interval: float = 3.0
    fast_interval: float = 3.0
    down_interval: float = 3.0
    timeout: float = 5.0
    port: int | None = None
    place: Located | None = None
    security: Security | None = None
    send_proxy: ProxyVersion | None = None
    source: str | None = None

    def target(self, name: str, address: str, port: int) -> Target:
        """What the checker is told of ``name`` (``backend/server``)."""
        starttls = self.security is not None and not self.security.implicit
        return Target(name, address, port, self.host, starttls)


@attrs.frozen(kw_only=True)
class AgentPlan:
    """A server's agent (HAProxy's agent-check).

    :param port: where it listens, on the server's address.
    :param send: said first, as it is.
    :param interval: seconds from one question to the next.
    :param timeout: seconds for one answer.
    """

    port: int
    send: str = ""
    interval: float = 5.0
    timeout: float = 5.0
    source: str | None = None


@attrs.frozen(kw_only=True)
class PortPlan:
    """The port of a server that its endpoint mapper tells.

    :param host: the name that the server was configured with.
    :param interface: a name or UUID of :func:`exproxy.wire.interfaces.interface`.
    :param mapper: the mapper's port, on the server's address.
    :param interval: seconds from one question to the next.
    :param timeout: seconds for one answer.
    :param fall: so many answers in a row without a port take a known one away.
    :raises ValueError: there is no such interface.
    """

    host: str
    interface: Interface = attrs.field(converter=interface)
    mapper: int = MAPPER_PORT
    interval: float = 3.0
    timeout: float = 5.0
    fall: int = 3
    source: str | None = None
