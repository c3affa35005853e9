"""What a checker is.  Ours and those of third parties come in the same way: as Twisted plugins (``twisted.plugins``)."""

from typing import Any, Protocol, runtime_checkable

import attrs
from zope.interface import Attribute, Interface

from exproxy.net.certificate import PeerCertificate
from exproxy.wire.dialogue.base import Dialogue, Outcome


@attrs.frozen
class Target:
    """The server that a check speaks to.

    :param name: ``backend/server``, for texts.
    :param address: the literal IP address that the connection goes to.
    :param port: the port that the connection goes to.
    :param host: the name that the server was configured with (a DNS name or the address), for ``Host:`` and SNI.
    :param starttls: whether the check asks for STARTTLS.
    """

    name: str
    address: str
    port: int
    host: str
    starttls: bool = False


class IChecker(Interface):
    """A type of check."""

    name: str = Attribute("The word after ``type =``.")
    options: type = Attribute(
        "A frozen attrs class with the type's own keys; fields of type str, int, float, bool, tuple[str, ...], tuple[int, ...], "
        "dict[str, str] or Literal, all with defaults or required; validators raise ValueError with a sentence part."
    )
    starttls: bool = Attribute("Whether the dialogue knows STARTTLS.")
    default_port: int | None = Attribute("The port of ``exproxy probe TYPE HOST``, if the type has one.")

    def dialogue(options: Any, target: Target) -> Dialogue:  # noqa: N805 - a zope interface has no self
        """A new conversation for one check."""


@runtime_checkable
class CertificateReader(Protocol):
    """What a dialogue may have beside its own methods: it is told the server's certificate, before ``start`` or ``secured``."""

    def certificate_seen(self, certificate: PeerCertificate, version: str) -> None:
        """:param version: of TLS, ``TLSv1.3``."""


@runtime_checkable
class Explainer(Protocol):
    """What a dialogue may have beside its own methods: it is asked what a failed connection or a timeout was about."""

    def explain(self, outcome: Outcome) -> Outcome:
        """:param outcome: what happened; the answer takes its place."""
