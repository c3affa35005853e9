"""Certificates of clients: who is asked for one, who may sign it, and which are revoked.

A handshake begins with a context that has no certificates (:mod:`exproxy.net.tls.tickets`).  Whether a client is asked is that
one's matter, since OpenSSL copies it into each connection; whom one trusts is the matter of the context that is chosen then.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import attrs
from cryptography import x509
from OpenSSL import SSL, crypto

from exproxy.net.tlscontext import ChainObserver, chain_fault

_NOT_FOR_CLIENTS = "it is not meant for clients"
_PURPOSE = 26  # X509_V_ERR_INVALID_PURPOSE


class AuthoritiesError(Exception):
    """A file that cannot be used; the text is a sentence that names it."""


@attrs.frozen
class ClientCertificates:
    """:param ca: a PEM file of the authorities whose word is taken.

    :param required: who has none is refused; otherwise only who has a bad one is.
    :param crl: a PEM file with the list of each of these authorities; ``None``: nothing is revoked.
    """

    ca: Path
    required: bool
    crl: Path | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        return (self.ca,) if self.crl is None else (self.ca, self.crl)


@attrs.frozen(eq=False)
class Authorities:
    """What the files of a :class:`ClientCertificates` say."""

    source: ClientCertificates
    certificates: tuple[x509.Certificate, ...]
    crls: tuple[x509.CertificateRevocationList, ...]

    def trust(self, context: SSL.Context) -> None:
        """Have ``context`` believe them, and tell clients their names, so that these know which certificate to show."""
        store = context.get_cert_store()
        assert store is not None
        for certificate in self.certificates:
            store.add_cert(crypto.X509.from_cryptography(certificate))
        for crl in self.crls:
            store.add_crl(crl)
        if self.crls:
            store.set_flags(crypto.X509StoreFlags.CRL_CHECK | crypto.X509StoreFlags.CRL_CHECK_ALL)
        context.load_client_ca(str(self.source.ca).encode())

    def warnings(self, now: datetime, days: int) -> list[str]:
        """What an administrator should know, as sentences.

        :param now: with its time zone.
        :param days: warn so long before an authority expires.
        """
        found = []
        for certificate in self.certificates:
            who, end = certificate.subject.rfc4514_string(), certificate.not_valid_after_utc
            if end <= now:
                found.append(f"{self.source.ca}: {who} expired on {end:%Y-%m-%d %H:%M} UTC: its clients are refused")
            elif end - now <= timedelta(days=days):
                found.append(f"{self.source.ca}: {who} expires in {(end - now).days} days ({end:%Y-%m-%d %H:%M} UTC)")
        for crl in self.crls:
            late = crl.next_update_utc
            if late is not None and late <= now:
                who = crl.issuer.rfc4514_string()
                found.append(
                    f"{self.source.crl}: the list of {who} was good until {late:%Y-%m-%d %H:%M} UTC: its clients are refused"
                )
        return found


def load_authorities(source: ClientCertificates) -> Authorities:
    """Read and check the files.

    :raises AuthoritiesError: one cannot be read or parsed, or an authority has no list.
    """
    data = _read(source.ca)
    if b"-----BEGIN CERTIFICATE-----" not in data:
        raise AuthoritiesError(f"{source.ca} holds no certificate in PEM form")
    try:
        certificates = tuple(x509.load_pem_x509_certificates(data))
    except ValueError as error:
        raise AuthoritiesError(f"{source.ca}: a certificate is damaged: {error}") from error
    crls = () if source.crl is None else _lists(source.crl)
    if crls:
        listed = {crl.issuer for crl in crls}
        without = [one.subject.rfc4514_string() for one in certificates if one.subject not in listed]
        if without:
            raise AuthoritiesError(
                f"{source.crl} has no list of {', '.join(without)}: it needs one of each authority in {source.ca}, or all"
                " clients of that are refused"
            )
    return Authorities(source, certificates, crls)


def ask(context: SSL.Context, required: bool) -> None:
    """Have ``context`` ask clients for certificates; what is wrong with one is told to the connection's observer."""
    mode = SSL.VERIFY_PEER | (SSL.VERIFY_FAIL_IF_NO_PEER_CERT if required else 0)
    context.set_verify(mode, _verified)


def _verified(connection: SSL.Connection, certificate: crypto.X509, code: int, depth: int, ok: int) -> bool:
    observer = connection.get_app_data()
    if not ok and isinstance(observer, ChainObserver):
        fault = _NOT_FOR_CLIENTS if code == _PURPOSE and not depth else chain_fault(certificate, code, depth)
        observer.chain_fault(fault)
    return bool(ok)


def _lists(path: Path) -> tuple[x509.CertificateRevocationList, ...]:
    data = _read(path)
    end = b"-----END X509 CRL-----"
    blocks: Sequence[bytes] = [block + end for block in data.split(end)[:-1]]
    if not blocks:
        raise AuthoritiesError(f"{path} holds no certificate revocation list in PEM form")
    try:
        return tuple(x509.load_pem_x509_crl(block) for block in blocks)
    except ValueError as error:
        raise AuthoritiesError(f"{path}: a certificate revocation list is damaged: {error}") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise AuthoritiesError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error
