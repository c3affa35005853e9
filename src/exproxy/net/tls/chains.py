"""Whether clients will believe a certificate and those behind it, as far as that can be seen here."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import ExtendedKeyUsageOID

Chain = Sequence[x509.Certificate]
"""The certificate, then who signed it, and so on."""

LEAST_RSA = 2048
"""Bits; browsers and OpenSSL's usual security level refuse fewer."""
_BROKEN = (hashes.MD5, hashes.SHA1)


class ChainError(Exception):
    """A certificate is not by the one behind it; the text is a sentence part."""


def check_order(chain: Chain) -> None:
    """Each has to be signed by the one behind it (RFC 8446 section 4.4.2 allows other orders, RFC 5246 7.4.2 does not).

    :raises ChainError: one is not.
    """
    for number, (signed, signer) in enumerate(pairwise(chain), 2):
        who = f"certificate {number} ({signer.subject.rfc4514_string()})"
        if signed.issuer != signer.subject:
            raise ChainError(
                f"{who} did not sign the one before it, whose issuer is {signed.issuer.rfc4514_string()}: the order is"
                " certificate, intermediates, root"
            )
        if not signed_by(signed, signer):
            raise ChainError(
                f"{who} has the name of the issuer of the one before it, but another key: look for the issuer's certificate of"
                " the time when that was signed"
            )


def signed_by(signed: x509.Certificate, signer: x509.Certificate) -> bool:
    """Whether the signature is that of ``signer``; also, if it is of a kind that nobody here can judge."""
    try:
        signed.verify_directly_issued_by(signer)
    except (InvalidSignature, ValueError):
        return False
    except (TypeError, UnsupportedAlgorithm):
        return True
    return True


def warnings(chain: Chain, names: Sequence[str], now: datetime, days: int) -> list[str]:
    """What an administrator should know, as sentence parts.

    :param names: DNS names of the first.
    :param now: with its time zone.
    :param days: warn so long before it expires.
    """
    leaf, *others = chain
    found = _dates("the certificate", leaf, now, timedelta(days=days))
    if not names:
        found.append("the certificate names no host (no subjectAltName), so clients accept it for none")
    if not _for_servers(leaf):
        found.append("the certificate is not meant for servers (extendedKeyUsage), so clients refuse it")
    for number, other in enumerate(others, 2):
        who = f"certificate {number} of the chain ({other.subject.rfc4514_string()})"
        found += _dates(who, other, now, timedelta(days=days))
        if not _signs(other):
            found.append(f"{who} is not that of an authority (basicConstraints), so clients refuse what it has signed")
    found += _weak(chain)
    if not others and leaf.issuer != leaf.subject:
        found.append(
            f"the certificate of the issuer ({leaf.issuer.rfc4514_string()}) is not in the file: clients that do not"
            " know it already refuse the certificate"
        )
    return found


def _dates(who: str, certificate: x509.Certificate, now: datetime, before: timedelta) -> list[str]:
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if begin > now:
        return [f"{who} is not valid before {begin:%Y-%m-%d %H:%M} UTC"]
    left = end - now
    if left <= timedelta(0):
        return [f"{who} expired on {end:%Y-%m-%d %H:%M} UTC: clients refuse it"]
    if left <= before:
        return [f"{who} expires in {left.days} day{'' if left.days == 1 else 's'} ({end:%Y-%m-%d %H:%M} UTC)"]
    return []


def _for_servers(leaf: x509.Certificate) -> bool:
    try:
        usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return True
    return ExtendedKeyUsageOID.SERVER_AUTH in usage or ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in usage


def _signs(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _weak(chain: Chain) -> list[str]:
    found = []
    for number, certificate in enumerate(chain, 1):
        who = "the certificate" if number == 1 else f"certificate {number} of the chain ({certificate.subject.rfc4514_string()})"
        key = certificate.public_key()
        if isinstance(key, RSAPublicKey) and key.key_size < LEAST_RSA:
            found.append(f"{who} has a key of {key.key_size} bits, and clients want {LEAST_RSA}")
        # nobody looks at the signature of a root: it is trusted by itself
        if certificate.issuer != certificate.subject and isinstance(certificate.signature_hash_algorithm, _BROKEN):
            found.append(f"{who} is signed with {certificate.signature_hash_algorithm.name.upper()}, which clients refuse")
    return found
