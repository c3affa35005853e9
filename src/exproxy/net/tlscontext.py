"""From what a configuration says about TLS towards a server to an OpenSSL context, and what OpenSSL found about a chain."""

from pathlib import Path
from typing import Protocol, runtime_checkable

import attrs
from cryptography.x509.oid import NameOID
from OpenSSL import SSL, crypto

from exproxy.net.tls.files import Signature, signature
from exproxy.wire.lines import printable

_REASONS = {
    2: "the issuer's certificate is missing",
    3: "there is no revocation list of its issuer",
    7: "its signature is wrong",
    9: "it is not valid yet",
    10: "it has expired",
    11: "the revocation list of its issuer is not valid yet",
    12: "the revocation list of its issuer is out of date",
    18: "it is self-signed",
    19: "the chain ends in a self-signed certificate that is not among the trusted ones",
    20: "its issuer is not among the trusted ones",
    21: "the chain is incomplete or its issuer is not among the trusted ones",
    22: "the chain is too long",
    23: "it is revoked",
    24: "its issuer is not a certificate authority",
    26: "it is not meant for servers",
    66: "its key is too weak",
    67: "a certificate authority's key is too weak",
    68: "a signature in the chain is too weak",
}
"""Words for X509_V_ERR_* (``openssl/x509_vfy.h``), which pyOpenSSL has no call for."""


class TLSSettingsError(Exception):
    """The settings cannot be used: a file that cannot be read, or that holds no certificate; the text says which."""


@attrs.frozen(kw_only=True)
class TLSContextSettings:
    """TLS as client.

    :param verify: whether chain and name have to be right; there is no default, so that nobody switches it off by leaving it out.
    :param ca: a PEM file of the certificate authorities to trust; ``None``: those of the system.
    :param name: the name asked for (SNI) and looked for in the certificate; ``None``: the one of the configuration.
    :param pins: hashes of keys (:func:`exproxy.net.pins.pin_of`), of which the server's has to be one; empty: any.
    :param legacy: also TLS 1.0 and 1.1, with the weak ciphers, keys and signatures of their time.
    """

    verify: bool
    ca: Path | None = None
    name: str | None = None
    legacy: bool = False
    pins: tuple[str, ...] = ()


@runtime_checkable
class ChainObserver(Protocol):
    """What a connection has as its application data, so that one context can tell each connection its chain's faults."""

    def chain_fault(self, fault: str) -> None:
        """``fault`` is wrong with the peer's chain, as a sentence part."""


def client_context(settings: TLSContextSettings) -> SSL.Context:
    """A context for connections as client; make it once and use it for many.

    The chain is looked at also when ``verify`` is off, so that a check can warn of it.

    :raises TLSSettingsError: the file of ``ca`` is missing or holds no certificate.
    """
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_options(SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_COMPRESSION | SSL.OP_NO_TICKET)
    if settings.legacy:
        # Exchange 2010 as it was delivered: TLS 1.0, SHA-1, 1024-bit keys, and no RFC 5746.
        context.set_min_proto_version(SSL.TLS1_VERSION)
        context.set_cipher_list(b"DEFAULT:@SECLEVEL=0")
        context.set_options(SSL.OP_LEGACY_SERVER_CONNECT)
    else:
        context.set_min_proto_version(SSL.TLS1_2_VERSION)
    _load_authorities(context, settings.ca)
    context.set_verify(SSL.VERIFY_PEER, _strict if settings.verify else _lenient)
    return context


class Contexts:
    """One context for all who want the same: the system's authorities take milliseconds to read and megabytes to keep.

    When a file of authorities has changed, there is a new one.
    """

    def __init__(self) -> None:
        self._made: dict[TLSContextSettings, tuple[SSL.Context, Signature]] = {}

    def get(self, settings: TLSContextSettings) -> SSL.Context:
        """A context; ``settings.name`` and ``settings.pins`` are the connection's matter and make no difference.

        :raises TLSSettingsError: as :func:`client_context`; the next call tries again.
        """
        key = attrs.evolve(settings, name=None, pins=())
        written = (0, 0, 0) if key.ca is None else signature(key.ca)
        made = self._made.get(key)
        if made is None or made[1] != written:
            made = self._made[key] = client_context(key), written
        return made[0]


def verify_strictly(context: SSL.Context, ca: Path | None) -> None:
    """Have ``context`` refuse a server whose chain does not lead to one of ``ca``, or of the system's authorities.

    What is wrong is told to each connection's application data, a :class:`ChainObserver`.

    :raises TLSSettingsError: the file is missing or holds no certificate.
    """
    _load_authorities(context, ca)
    context.set_verify(SSL.VERIFY_PEER, _strict)


def verify_leniently(context: SSL.Context, ca: Path | None) -> None:
    """Have ``context`` tell what is wrong with a chain, as :func:`verify_strictly`, and refuse nobody for it.

    :raises TLSSettingsError: likewise.
    """
    _load_authorities(context, ca)
    context.set_verify(SSL.VERIFY_PEER, _lenient)


def _load_authorities(context: SSL.Context, ca: Path | None) -> None:
    if ca is None:
        context.set_default_verify_paths()
        return
    try:
        ca.read_bytes()
        context.load_verify_locations(str(ca))
    except OSError as error:
        raise TLSSettingsError(
            f"cannot read the certificate authorities in {ca}: {(error.strerror or str(error)).lower()}"
        ) from error
    except SSL.Error as error:
        raise TLSSettingsError(f"{ca} holds no certificate in PEM form") from error


def _strict(connection: SSL.Connection, certificate: crypto.X509, code: int, depth: int, ok: int) -> bool:
    _note(connection, certificate, code, depth, ok)
    return bool(ok)


def _lenient(connection: SSL.Connection, certificate: crypto.X509, code: int, depth: int, ok: int) -> bool:
    _note(connection, certificate, code, depth, ok)
    return True


def _note(connection: SSL.Connection, certificate: crypto.X509, code: int, depth: int, ok: int) -> None:
    observer = connection.get_app_data()
    if not ok and isinstance(observer, ChainObserver):
        observer.chain_fault(chain_fault(certificate, code, depth))


def chain_fault(certificate: crypto.X509, code: int, depth: int) -> str:
    """What OpenSSL has found, as a sentence part.

    :param certificate: the one that it is about, a stranger's.
    :param code: X509_V_ERR_*.
    :param depth: 0 is the peer's own.
    """
    fault = _REASONS.get(code, f"OpenSSL's verification error {code}")
    if depth:
        fault += f" (certificate {depth} of the chain, {printable(_name(certificate))})"
    return fault


def _name(certificate: crypto.X509) -> str:
    try:
        found = certificate.to_cryptography().subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except ValueError:  # OpenSSL takes more for a certificate than others do
        return "which cannot be read"
    return str(found[0].value) if found else "without a name"
