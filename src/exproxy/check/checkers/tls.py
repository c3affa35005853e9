"""``tls``: the handshake, the chain, the name and the days until the certificate expires.

What is demanded is the business of the check's ``tls`` table (``verify``, ``ca``, ``name``, ``warn_days``); what is only wrong
because nobody demanded it (an unknown authority, another name) is a warning.
"""

from collections.abc import Sequence
from typing import Any

import attrs
from twisted.plugin import IPlugin
from zope.interface import implementer

from exproxy.check.interfaces import IChecker, Target
from exproxy.net.certificate import PeerCertificate
from exproxy.wire.dialogue.base import Action, Dialogue, Finish, Outcome, Status


@attrs.frozen
class TlsOptions:
    """None; see the check's ``tls`` table."""


@attrs.define
class TlsCheck:
    """Well as soon as the handshake is done; tells what the certificate says."""

    _certificate: PeerCertificate | None = attrs.field(default=None, init=False)
    _version: str = attrs.field(default="", init=False)

    def certificate_seen(self, certificate: PeerCertificate, version: str) -> None:
        """See :class:`exproxy.check.interfaces.CertificateReader`."""
        self._certificate = certificate
        self._version = version

    def start(self) -> Sequence[Action]:
        """The handshake is done."""
        certificate = self._certificate
        if certificate is None:
            return (Finish(Outcome(Status.L6RSP, "there was no certificate; is TLS switched on for this check?")),)
        names = ", ".join(certificate.names[:3]) or certificate.subject or "nobody"
        faults = (certificate.chain_fault, certificate.name_fault)
        return (
            Finish(
                Outcome(
                    Status.L6OK,
                    f"{self._version} with a certificate for {names}, until {certificate.not_after.date().isoformat()}",
                    warnings=tuple(f"the certificate would be refused: {fault}" for fault in faults if fault),
                )
            ),
        )

    def receive(self, data: bytes) -> Sequence[Action]:
        """Nothing is listened to."""
        return ()

    def secured(self) -> Sequence[Action]:
        """Never asked for."""
        return ()

    def closed(self) -> Sequence[Action]:
        """Finished before."""
        return ()

    def last_line(self) -> str:
        """Nothing."""
        return ""


@implementer(IPlugin, IChecker)
class TlsChecker:
    """See :class:`TlsCheck`."""

    name = "tls"
    options: type = TlsOptions
    starttls = False
    default_port: int | None = 443

    def dialogue(self, options: Any, target: Target) -> Dialogue:
        return TlsCheck()
