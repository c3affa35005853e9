"""Certificates in files, as servers and the proxy's ``ca`` want them."""

from pathlib import Path

import trustme


def write_certificate(path: Path, certificate: trustme.LeafCert) -> Path:
    """The key and then the chain, in one file."""
    certificate.private_key_and_cert_chain_pem.write_to_path(str(path))
    return path


def write_authority(folder: Path, authority: trustme.CA) -> Path:
    """The authority's own certificate."""
    path = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return path
