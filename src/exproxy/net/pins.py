"""Public keys that are known beforehand, by the hashes that RFC 7469 (section 2.4) and ``curl --pinnedpubkey`` have for them."""

from base64 import b64encode
from collections.abc import Collection
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def pin_of(certificate: x509.Certificate) -> str:
    """``sha256/`` and the hash of the public key (SubjectPublicKeyInfo): it stays when a certificate is renewed with its key.

    :raises ValueError: the key cannot be read; or UnsupportedAlgorithm.
    """
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return "sha256/" + b64encode(sha256(key).digest()).decode("ascii")


def pin_fault(certificate: x509.Certificate | None, pins: Collection[str]) -> str:
    """Why it has none of ``pins``, as a sentence part; empty if it has one.

    :raises ValueError: as :func:`pin_of`.
    """
    if certificate is None:
        return "the server has none, and so not the pinned key"
    pin = pin_of(certificate)
    return "" if pin in pins else f"its key is not a pinned one: it is {pin}"
