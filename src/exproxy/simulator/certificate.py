"""The certificate of the simulated site: self-signed and made at start."""

import datetime
import ipaddress

import attrs
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from twisted.internet.ssl import CertificateOptions, PrivateCertificate

NAMES = ("mail.example.com", "autodiscover.example.com", "localhost")
_VALID = datetime.timedelta(days=90)


@attrs.frozen
class SiteCertificate:
    """One certificate for all servers of the site, as Exchange needs it behind a balancer.

    :param pem: the certificate alone, for a client that wants to verify it.
    :param private: key and certificate, for a balancer that has the same as the servers.
    :param context: what a server's TLS needs.
    """

    pem: bytes
    private: bytes = attrs.field(repr=False)
    context: CertificateOptions


def self_signed(now: datetime.datetime) -> SiteCertificate:
    """A new key and a certificate for :data:`NAMES` and 127.0.0.1, valid for 90 days around ``now``."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAMES[0])])
    alternatives: list[x509.GeneralName] = [x509.DNSName(dns) for dns in NAMES]
    alternatives.append(x509.IPAddress(ipaddress.IPv4Address("127.0.0.1")))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # An hour back: the clocks of client and server may differ.
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + _VALID)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return SiteCertificate(pem=pem, private=private + pem, context=PrivateCertificate.loadPEM(private + pem).options())
