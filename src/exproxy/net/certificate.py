"""What a TLS server's certificate says, and whether it is the certificate of the name that was asked for."""

from datetime import datetime
from ipaddress import ip_address

import attrs
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256
from OpenSSL import SSL
from service_identity import CertificateError, VerificationError
from service_identity.pyopenssl import verify_hostname, verify_ip_address

from exproxy.net.pins import pin_of

_DAY = 86400.0


@attrs.frozen
class PeerCertificate:
    """A server's certificate.

    :param subject: its subject ("CN=mail.example.com"), possibly empty.
    :param issuer: who signed it.
    :param names: DNS names and IP addresses that it is for.
    :param not_before: from when on it is valid, in UTC.
    :param not_after: until when it is valid, in UTC.
    :param chain_fault: why it is not trusted, as a sentence part; empty if it is.
    :param name_fault: why it is not the certificate of the name that was asked for; empty if it is.
    :param fingerprint: SHA-256 of all of it, in hexadecimal: two servers that show the same have the same certificate.
    :param pin: of its key, as :func:`exproxy.net.pins.pin_of` has it; empty if that cannot be read.
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    chain_fault: str = ""
    name_fault: str = ""
    fingerprint: str = ""
    pin: str = ""

    @property
    def chain_ok(self) -> bool:
        return not self.chain_fault

    @property
    def name_ok(self) -> bool:
        return not self.name_fault

    def days_left(self, now: datetime) -> float:
        """Days until it expires; negative when it has.

        :param now: with its time zone.
        """
        return (self.not_after - now).total_seconds() / _DAY


def is_address(name: str) -> bool:
    """Whether ``name`` is a literal IP address, which has no SNI (RFC 6066 section 3) and is looked for elsewhere."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def read_certificate(connection: SSL.Connection, name: str, chain_fault: str) -> PeerCertificate | None:
    """The certificate of a connection whose handshake is done; ``None`` if the server sent none.

    :param name: the name or IP address that it should be for.
    :param chain_fault: what the verification found.
    :raises Exception: the certificate is malformed; cryptography, pyOpenSSL and service-identity have each their own errors.
    """
    certificate = connection.get_peer_certificate(as_cryptography=True)
    if certificate is None:
        return None
    names = _names(certificate)
    return PeerCertificate(
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        names=names,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        chain_fault=chain_fault,
        name_fault=_name_fault(connection, name, names),
        fingerprint=certificate.fingerprint(SHA256()).hex(),
        pin=_pin(certificate),
    )


def _pin(certificate: x509.Certificate) -> str:
    try:
        return pin_of(certificate)
    except (ValueError, UnsupportedAlgorithm):
        return ""


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    names = extension.value.get_values_for_type(x509.DNSName)
    return (*names, *(str(address) for address in extension.value.get_values_for_type(x509.IPAddress)))


def _name_fault(connection: SSL.Connection, name: str, names: tuple[str, ...]) -> str:
    try:
        if is_address(name):
            verify_ip_address(connection, name)
        else:
            verify_hostname(connection, name)
    except VerificationError:
        shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
        return f"it is for {shown}, not for {name}"
    except CertificateError:
        return f"it names no host (no subjectAltName), so it cannot be the one of {name}"
    except ValueError:
        return f"{name} is not a host name that a certificate can be checked against"
    return ""
