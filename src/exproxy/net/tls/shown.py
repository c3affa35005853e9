"""The certificates that clients see here, and what a server's has to do with them.

Where the same certificate stands here and on the servers, no authority has to be told of: the server is known by it.  While it is
renewed on one side and not yet on the other, the server's has to be right by itself: trusted, and for the same name.
"""

from collections.abc import Iterator

import attrs
from cryptography.hazmat.primitives.hashes import SHA256

from exproxy.net.certificate import PeerCertificate
from exproxy.net.tls.certificates import Identity
from exproxy.net.tls.server import ServerTLS


@attrs.frozen(eq=False)
class Shown:
    """:param fronts: towards clients; their certificates are those of the moment."""

    fronts: tuple[ServerTLS, ...]

    @property
    def name(self) -> str:
        """The name that a server is asked for, and that its certificate has to have if it is another one; perhaps empty."""
        names = [name for identity in self._identities() for name in identity.names]
        whole = next((name for name in names if not name.startswith("*.")), "")
        # A wildcard stands for any label: the one that most people give to their server.
        return whole or next((f"mail.{name.removeprefix('*.')}" for name in names), "")

    @property
    def moment(self) -> tuple[object, ...]:
        """Another one when certificates have been renewed."""
        return tuple(front.identities for front in self.fronts)

    def has(self, certificate: PeerCertificate) -> bool:
        """Whether clients see this very certificate here."""
        return certificate.fingerprint in {identity.chain[0].fingerprint(SHA256()).hex() for identity in self._identities()}

    def fault(self, certificate: PeerCertificate | None) -> str:
        """Why a server's certificate is not to be relied on, as a sentence part; empty if it is.

        :param certificate: looked at with :attr:`name`; ``None``: the server has none.
        """
        if certificate is None:
            return "the server has none"
        fault = certificate.chain_fault or certificate.name_fault
        return f"it is not the one that clients see here, and {fault}" if fault and not self.has(certificate) else ""

    def difference(self, certificate: PeerCertificate) -> str:
        """What Extended Protection makes of it, as a sentence part; empty if the certificate is the same."""
        if self.has(certificate):
            return ""
        files = ", ".join(str(identity.source.file) for identity in self._identities()) or "none"
        theirs = f"{certificate.subject or 'without a name'}, until {certificate.not_after.date().isoformat()}"
        fault = f"the server's certificate ({theirs}) is not the one that clients see here ({files})"
        return f"{fault}: with Extended Protection, OWA works while Outlook and phones fail"

    def _identities(self) -> Iterator[Identity]:
        return (identity for front in self.fronts for identity in front.identities)
