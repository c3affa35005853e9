"""Our own certificates: a PEM or PFX file as chain and key, looked at before any client sees it."""

from datetime import datetime
from hashlib import sha256
from pathlib import Path

import attrs
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes, PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key, pkcs12

from exproxy.net.tls import chains, stapling

WARN_DAYS = 14
_BEGIN = b"-----BEGIN "


class CertificateError(Exception):
    """A file that cannot be used; the text is a sentence that names it."""


@attrs.frozen
class CertificateFile:
    """:param file: PEM (key and chain, the certificate first) or PFX.

    :param key: a PEM file of the key, if that is not in ``file``.
    :param password: of the PFX, or of an encrypted key.
    :param ocsp: an OCSP answer to staple; ``None``: the file's name with ``.ocsp``, if there is one.
    """

    file: Path
    key: Path | None = None
    password: str | None = None
    ocsp: Path | None = None

    @property
    def staple(self) -> Path:
        return self.ocsp or self.file.with_name(self.file.name + ".ocsp")

    @property
    def files(self) -> tuple[Path, ...]:
        """All that may be renewed."""
        return (self.file, self.staple) if self.key is None else (self.file, self.key, self.staple)


@attrs.frozen(eq=False)
class Identity:
    """A certificate with its key.

    :param chain: the certificate, then who signed it, and so on.
    :param names: DNS names that it is for, in lower case, ``*.example.com`` among them.
    :param kind: ``RSA``, ``EC`` or the like: one context has one of each.
    :param staple: what its authority says of it.
    :param staple_fault: why a file with that cannot be used, as a sentence; may be empty.
    """

    source: CertificateFile
    chain: tuple[x509.Certificate, ...]
    key: PrivateKeyTypes
    names: tuple[str, ...]
    kind: str
    staple: stapling.Staple | None = None
    staple_fault: str = ""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, as :attr:`exproxy.net.certificate.PeerCertificate.fingerprint` has it."""
        return sha256(self.chain[0].public_bytes(Encoding.DER)).hexdigest()

    def pem(self) -> bytes:
        """The chain."""
        return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in self.chain)

    def warnings(self, now: datetime, days: int = WARN_DAYS) -> list[str]:
        """What an administrator should know, as sentences.

        :param now: with its time zone.
        :param days: warn so long before it expires.
        """
        found = [f"{self.source.file}: {warning}" for warning in chains.warnings(self.chain, self.names, now, days)]
        late = [] if self.staple is None else [f"{self.source.staple}: {why}" for why in self.staple.warnings(now)]
        found += [self.staple_fault] if self.staple_fault else late
        if stapling.wants_staple(self.chain[0]) and (late or self.staple is None):
            found.append(
                f"{self.source.file}: the certificate demands a stapled OCSP answer (must-staple): clients refuse it without"
            )
        return found


def load(source: CertificateFile) -> Identity:
    """Read and check a certificate.

    :raises CertificateError: it cannot be read or parsed, the key is missing or another's, or the chain is out of order.
    """
    data = _read(source.file)
    if _BEGIN in data:
        chain, key = _certificates(source.file, data), _key(source, data)
    else:
        chain, key = _pfx(source, data)
    leaf = chain[0]
    if _public(leaf.public_key()) != _public(key.public_key()):
        raise CertificateError(
            f"{source.key or source.file}: the key is not that of the certificate ({leaf.subject.rfc4514_string()}), which has to"
            f" be the first in {source.file}"
        )
    try:
        chains.check_order(chain)
    except chains.ChainError as error:
        raise CertificateError(f"{source.file}: {error}") from error
    kind = type(key).__name__.removeprefix("_").partition("Private")[0]
    return Identity(source, tuple(chain), key, _names(leaf), kind, *_staple(source, chain))


def _staple(source: CertificateFile, chain: list[x509.Certificate]) -> tuple[stapling.Staple | None, str]:
    """What is wrong with it keeps nobody from using the certificate."""
    try:
        found = stapling.read(source.staple, chain)
    except stapling.StapleError as error:
        return None, f"{source.staple} is not stapled: {error}"
    missing = found is None and source.ocsp is not None
    return found, f"there is no OCSP answer in {source.staple}, so nothing is stapled" if missing else ""


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CertificateError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error


def _certificates(path: Path, data: bytes) -> list[x509.Certificate]:
    if b"-----BEGIN CERTIFICATE-----" not in data:
        raise CertificateError(f"{path} holds no certificate")
    try:
        return x509.load_pem_x509_certificates(data)
    except ValueError as error:
        raise CertificateError(f"{path}: a certificate is damaged: {error}") from error


def _key(source: CertificateFile, data: bytes) -> CertificateIssuerPrivateKeyTypes:
    path = source.key or source.file
    if source.key is not None:
        data = _read(source.key)
    if b"PRIVATE KEY-----" not in data:
        raise CertificateError(f'{path} holds no private key; if that is in a file of its own, write {{ file = "…", key = "…" }}')
    password = None if source.password is None else source.password.encode()
    encrypted = b"ENCRYPTED" in data
    start = data.rfind(_BEGIN, 0, data.index(b"PRIVATE KEY-----"))
    try:
        return _signing(path, load_pem_private_key(data[start:], password if encrypted else None))
    except TypeError as error:
        raise CertificateError(f'{path}: the key is encrypted, so it needs a password = {{ file = "…" }}') from error
    except (ValueError, UnsupportedAlgorithm) as error:
        why = "the password is wrong, or the key is damaged" if encrypted else f"the key is damaged: {error}"
        raise CertificateError(f"{path}: {why}") from error


def _pfx(source: CertificateFile, data: bytes) -> tuple[list[x509.Certificate], CertificateIssuerPrivateKeyTypes]:
    password = None if source.password is None else source.password.encode()
    try:
        key, certificate, others = pkcs12.load_key_and_certificates(data, password)
    except (ValueError, UnsupportedAlgorithm) as error:
        why = "has another password" if source.password is not None else "needs a password"
        raise CertificateError(f"{source.file} is neither PEM nor a PFX that can be opened: it is damaged or {why}") from error
    if key is None or certificate is None:
        raise CertificateError(
            f"{source.file} holds no {'private key' if key is None else 'certificate'}: export it with its key"
        )
    return _ordered(certificate, others), _signing(source.file, key)


def _ordered(leaf: x509.Certificate, others: list[x509.Certificate]) -> list[x509.Certificate]:
    """A PFX is a bag: the chain is found by who signed whom."""
    chain = [leaf]
    while chain[-1].issuer != chain[-1].subject:
        signer = next((other for other in others if other.subject == chain[-1].issuer and other not in chain), None)
        if signer is None:
            break
        chain.append(signer)
    return chain


def _signing(path: Path, key: PrivateKeyTypes) -> CertificateIssuerPrivateKeyTypes:
    if not hasattr(key, "sign"):
        raise CertificateError(f"{path}: the key cannot sign, so TLS cannot use it")
    return key  # type: ignore[return-value]  # those that sign are those that issue


def _public(key: object) -> bytes:
    data: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]  # all have it
    return data


def _names(leaf: x509.Certificate) -> tuple[str, ...]:
    try:
        extension = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return tuple(name.lower() for name in extension.value.get_values_for_type(x509.DNSName))
