"""OCSP answers from files, to be stapled to certificates (RFC 6066 section 8, RFC 6960).

Somebody else fetches them (``openssl ocsp … -respout mail.pem.ocsp``, acme.sh, the scripts that people have for HAProxy).  One
that is wrong, says "revoked" or is out of date is not sent: without it clients ask the authority or believe the certificate, with
it they refuse.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import attrs
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import SSL

from exproxy.net.tls.chains import Chain, signed_by

LARGEST = 64 * 1024
"""Octets of a file; an answer has some 500, 2,000 with a responder's certificate."""


class StapleError(Exception):
    """A file that cannot be stapled; the text is a sentence part."""


@attrs.frozen
class Staple:
    """:param data: the answer, DER.

    :param begin: valid from then on, in UTC.
    :param end: until then.
    """

    data: bytes
    begin: datetime
    end: datetime

    def usable(self, now: datetime) -> bool:
        return self.begin <= now < self.end

    def warnings(self, now: datetime) -> list[str]:
        """Why it is not stapled, as a sentence part."""
        if now >= self.end:
            return [f"the OCSP answer was good until {self.end:%Y-%m-%d %H:%M} UTC, and is not stapled any more"]
        if now < self.begin:
            return [f"the OCSP answer is not valid before {self.begin:%Y-%m-%d %H:%M} UTC, and is not stapled"]
        return []


def read(path: Path, chain: Chain) -> Staple | None:
    """The answer for the first of ``chain``; ``None`` if there is no file.

    :raises StapleError: there is one that cannot be used.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StapleError(f"cannot read the OCSP answer: {(error.strerror or str(error)).lower()}") from error
    if len(data) > LARGEST:
        raise StapleError(f"it is larger than {LARGEST // 1024} KB, so it is no OCSP answer")
    return judge(data, chain)


def judge(data: bytes, chain: Chain) -> Staple:
    """Whether ``data`` says that the first of ``chain`` is good, in the name of the one behind it.

    :raises StapleError: it does not.
    """
    try:
        response = ocsp.load_der_ocsp_response(data)
    except ValueError as error:
        raise StapleError("it is no OCSP answer in DER form") from error
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise StapleError(f"the authority had no answer: {response.response_status.name.lower().replace('_', ' ')}")
    if len(chain) < 2:
        raise StapleError("the issuer's certificate is not in the file of the certificate, so the OCSP answer cannot be checked")
    leaf, issuer = chain[0], chain[1]
    try:
        found = next((one for one in response.responses if _about(one, leaf, issuer)), None)
        if found is None:
            raise StapleError("it is about another certificate, as one of before a renewal would be")
        if not _signed(response, issuer):
            raise StapleError("it is signed neither by the certificate's issuer nor by a responder of that")
    except (UnsupportedAlgorithm, ValueError, TypeError) as error:
        raise StapleError(f"it cannot be checked: {error}") from error
    if found.certificate_status is not ocsp.OCSPCertStatus.GOOD:
        raise StapleError(f"it says that the certificate is {found.certificate_status.name.lower()}")
    if found.next_update_utc is None:
        raise StapleError("it does not say until when it is good (nextUpdate)")
    return Staple(data, found.this_update_utc, found.next_update_utc)


def wants_staple(certificate: x509.Certificate) -> bool:
    """Whether clients that know the extension refuse it without (RFC 7633)."""
    try:
        features = certificate.extensions.get_extension_for_class(x509.TLSFeature).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    return x509.TLSFeatureType.status_request in features


def staple(context: SSL.Context, staples: Mapping[x509.Certificate, Staple | None], now: Callable[[], datetime]) -> None:
    """Have ``context`` staple to its certificates what they have; OpenSSL asks only for clients who want it, in whole handshakes.

    :param staples: for all certificates of ``context``.
    :param now: the time of day, with its time zone.
    """
    several = len(staples) > 1
    context.set_ocsp_server_callback(_by_certificate(staples, now) if several else _always(next(iter(staples.values())), now))


def _always(mine: Staple | None, now: Callable[[], datetime]) -> Callable[[SSL.Connection, None], bytes]:
    def answer(_connection: SSL.Connection, _data: None) -> bytes:
        return mine.data if mine is not None and mine.usable(now()) else b""

    return answer


def _by_certificate(
    staples: Mapping[x509.Certificate, Staple | None], now: Callable[[], datetime]
) -> Callable[[SSL.Connection, None], bytes]:
    """Which one OpenSSL has chosen costs 40 µs to find out."""

    def answer(connection: SSL.Connection, _data: None) -> bytes:
        shown = connection.get_certificate(as_cryptography=True)
        mine = None if shown is None else staples.get(shown)
        return mine.data if mine is not None and mine.usable(now()) else b""

    return answer


def _about(one: ocsp.OCSPSingleResponse, leaf: x509.Certificate, issuer: x509.Certificate) -> bool:
    if one.serial_number != leaf.serial_number:
        return False
    return _hashed(one.hash_algorithm, issuer.subject.public_bytes()) == one.issuer_name_hash


def _hashed(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(data)
    return digest.finalize()


def _signed(response: ocsp.OCSPResponse, issuer: x509.Certificate) -> bool:
    """By the issuer itself, or by who has its word for that (RFC 6960 section 4.2.2.2)."""
    delegates = [one for one in response.certificates if _speaks_for(one, issuer)]
    return any(_verified(response, signer) for signer in (issuer, *delegates))


def _speaks_for(responder: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        usage = responder.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    return ExtendedKeyUsageOID.OCSP_SIGNING in usage and signed_by(responder, issuer)


def _verified(response: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    key, signature, said = signer.public_key(), response.signature, response.tbs_response_bytes
    algorithm = response.signature_hash_algorithm
    try:
        if isinstance(key, RSAPublicKey) and algorithm is not None:
            key.verify(signature, said, PKCS1v15(), algorithm)
        elif isinstance(key, EllipticCurvePublicKey) and algorithm is not None:
            key.verify(signature, said, ECDSA(algorithm))
        elif isinstance(key, Ed25519PublicKey | Ed448PublicKey):
            key.verify(signature, said)
        else:
            return False
    except InvalidSignature:
        return False
    return True
