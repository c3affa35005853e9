"""What servers behind a proxy are told of a client's certificate, as the value of a header line."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID


def verdict(certificate: x509.Certificate | None) -> str:
    """As nginx says it; a bad certificate has not come so far."""
    return "NONE" if certificate is None else "SUCCESS"


def _common_name(certificate: x509.Certificate) -> str:
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return _escaped(str(found[0].value)) if found else ""


def _escaped(text: str) -> str:
    r"""Fit for a header: other characters than ASCII's as ``\C3\BC``, the octets of UTF-8 (RFC 4514 section 2.4)."""
    return "".join(c if " " <= c <= "~" else _hex(c) for c in text).strip()


def _hex(character: str) -> str:
    return "".join(f"\\{octet:02X}" for octet in character.encode("utf-8", "replace"))


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _der(certificate: x509.Certificate) -> str:
    return b64encode(certificate.public_bytes(Encoding.DER)).decode("ascii")


FACTS: Mapping[str, Callable[[x509.Certificate], str]] = {
    "verify": verdict,
    "subject": lambda certificate: _escaped(certificate.subject.rfc4514_string()),
    "name": _common_name,
    "issuer": lambda certificate: _escaped(certificate.issuer.rfc4514_string()),
    "serial": lambda certificate: f"{certificate.serial_number:X}",
    "not_before": lambda certificate: _time(certificate.not_valid_before_utc),
    "not_after": lambda certificate: _time(certificate.not_valid_after_utc),
    "sha1": lambda certificate: certificate.fingerprint(hashes.SHA1()).hex(),  # noqa: S303 - a name, as IIS has it, and no proof
    "sha256": lambda certificate: certificate.fingerprint(hashes.SHA256()).hex(),
    "pem": lambda certificate: quote(certificate.public_bytes(Encoding.PEM).decode("ascii"), safe=""),
    "der": _der,
    "client-cert": lambda certificate: f":{_der(certificate)}:",
}
"""``pem`` is encoded as in an address, like nginx's ``$ssl_client_escaped_cert``; ``der`` is Base64, like ``X-ARR-ClientCert`` of
IIS; ``client-cert`` is RFC 9440's."""


def check_readable(certificate: x509.Certificate | None) -> None:
    """OpenSSL takes more for a certificate than others do.

    :raises ValueError: it cannot be told about; or what cryptography raises.
    """
    if certificate is not None:
        for fact in ("subject", "name", "issuer", "not_before", "not_after"):
            FACTS[fact](certificate)


def told(headers: Mapping[str, str], certificate: x509.Certificate | None) -> dict[str, str | None]:
    """The header lines; ``None`` for one that there is not.

    :param headers: names, and what of :data:`FACTS` stands in them.
    """
    if certificate is None:
        return {name: verdict(None) if fact == "verify" else None for name, fact in headers.items()}
    return {name: FACTS[fact](certificate) or None for name, fact in headers.items()}
