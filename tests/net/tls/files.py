"""Certificates as files."""

from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, load_pem_private_key, pkcs12

from exproxy.net.tls.certificates import CertificateFile
from tests.net.tlspeer import authority, authority_file

__all__ = ["authority_file", "certificate_file", "pfx_file", "write"]


def certificate_file(folder: str, *names: str, **details: object) -> CertificateFile:
    """A PEM file of a certificate by :func:`tests.net.tlspeer.authority`, key and chain in it; of mail.example.com by default."""
    names = names or ("mail.example.com", "192.0.2.1")
    leaf = authority().issue_cert(*names, **details)  # type: ignore[arg-type]  # trustme's own keywords
    return CertificateFile(write(folder, leaf, names[0].replace("*", "any")))


def write(folder: str, leaf: trustme.LeafCert, name: str) -> Path:
    """Key and chain in one file."""
    path = Path(folder, f"{name}.pem")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(leaf.private_key_and_cert_chain_pem.bytes())
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
