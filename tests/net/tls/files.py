"""Certificates as files."""

import os
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, load_pem_private_key, pkcs12
from cryptography.x509 import ocsp

from exproxy.net.tls.certificates import CertificateFile
from tests.net.tlspeer import authority, authority_file

__all__ = ["authority_file", "certificate_file", "crl_file", "intermediate", "ocsp_answer", "pfx_file", "write"]


def certificate_file(folder: str, *names: str, **details: object) -> CertificateFile:
    """A PEM file of a certificate by :func:`tests.net.tlspeer.authority`, key and chain in it; of mail.example.com by default."""
    names = names or ("mail.example.com", "192.0.2.1")
    leaf = authority().issue_cert(*names, **details)  # type: ignore[arg-type]  # trustme's own keywords
    return CertificateFile(write(folder, leaf, names[0].replace("*", "any")))


def write(folder: str, leaf: trustme.LeafCert, name: str) -> Path:
    """Key and chain in one file; one that was there is a second older, whatever the grain of the file system's clock."""
    path = Path(folder, f"{name}.pem")
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.stat().st_mtime_ns if path.exists() else None
    path.write_bytes(leaf.private_key_and_cert_chain_pem.bytes())
    if before is not None:
        os.utime(path, ns=2 * (before + 10**9,))
    return path


def pfx_file(folder: str, leaf: trustme.LeafCert, password: str) -> Path:
    """The same as Windows exports it."""
    path = Path(folder, "certificate.pfx")
    path.parent.mkdir(parents=True, exist_ok=True)
    key = load_pem_private_key(leaf.private_key_pem.bytes(), None)
    own, *others = (x509.load_pem_x509_certificate(blob.bytes()) for blob in leaf.cert_chain_pems)
    encryption = BestAvailableEncryption(password.encode())
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"mail", key, own, others, encryption))  # type: ignore[arg-type]  # it is one
    return path


@cache
def intermediate() -> trustme.CA:
    """By :func:`tests.net.tlspeer.authority`: files of its certificates have a chain."""
    return authority().create_child_ca()


def ocsp_answer(
    leaf: trustme.LeafCert,
    begin: datetime | None = None,
    days: float | None = 2.0,
    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
    signer: trustme.CA | trustme.LeafCert | None = None,
) -> bytes:
    """What :func:`intermediate` says of ``leaf``, in the words of ``signer`` if there is one.

    :param days: until it is out of date; ``None``: it does not say.
    """
    begin = begin or datetime.now(UTC) - timedelta(hours=12)  # before the first test of the longest run
    issuer = x509.load_pem_x509_certificate(intermediate().cert_pem.bytes())
    signer = signer or intermediate()
    pem = signer.cert_pem if isinstance(signer, trustme.CA) else signer.cert_chain_pems[0]
    responder = x509.load_pem_x509_certificate(pem.bytes())
    revoked = begin if status is ocsp.OCSPCertStatus.REVOKED else None
    end = None if days is None else begin + timedelta(days=days)
    own = x509.load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes())
    builder = ocsp.OCSPResponseBuilder().add_response(own, issuer, SHA1(), status, begin, end, revoked, None)
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, responder)
    if isinstance(signer, trustme.LeafCert):
        builder = builder.certificates([responder])
    key = load_pem_private_key(signer.private_key_pem.bytes(), None)
    return builder.sign(key, SHA256()).public_bytes(Encoding.DER)  # type: ignore[arg-type]  # it is one that signs


def crl_file(folder: str, of: trustme.CA, *revoked: trustme.LeafCert | trustme.CA, name: str = "crl.pem", days: int = 2) -> Path:
    """What ``of`` has revoked.

    :param days: until it is out of date.
    """
    now = datetime.now(UTC)
    issuer = x509.load_pem_x509_certificate(of.cert_pem.bytes()).subject
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer)
    builder = builder.last_update(now - timedelta(days=9)).next_update(now + timedelta(days=days))
    for leaf in revoked:
        pem = leaf.cert_pem if isinstance(leaf, trustme.CA) else leaf.cert_chain_pems[0]
        serial = x509.load_pem_x509_certificate(pem.bytes()).serial_number
        one = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - timedelta(days=1)).build()
        builder = builder.add_revoked_certificate(one)
    path = Path(folder, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    key = load_pem_private_key(of.private_key_pem.bytes(), None)
    path.write_bytes(builder.sign(key, SHA256()).public_bytes(Encoding.PEM))  # type: ignore[arg-type]  # likewise
    return path
