"""Hashes of servers' public keys, as a file has them."""

import binascii
from base64 import b64decode

from exproxy.config.kinds import Several
from exproxy.config.problems import KeyPath
from exproxy.config.report import Report

_KIND = "sha256/"
_LENGTH = 44
"""Characters of Base64 for 32 octets."""
_HINT = (
    "exproxy probe tls HOST:PORT tells it; so does openssl x509 -in cert.pem -pubkey -noout |"
    " openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | base64"
)


def pins(report: Report, path: KeyPath, said: Several[str]) -> tuple[str, ...]:
    """:param path: of the key.

    :returns: each as ``sha256/…``; curl's ``sha256//…`` is taken too.
    """
    return tuple(_pin(report, (*path, *below), text) for below, text in said.items)


def _pin(report: Report, path: KeyPath, text: str) -> str:
    kind, digest = text[:-_LENGTH].lower(), text[-_LENGTH:]
    if kind not in (_KIND, _KIND + "/") or not _is_digest(digest):
        example = "A" * (_LENGTH - 1) + "="
        report.problem(path, f'"{text}" is not the hash of a public key, such as "{_KIND}{example}"', _HINT)
    return _KIND + digest


def _is_digest(text: str) -> bool:
    try:
        return len(b64decode(text, validate=True)) == 32
    except (binascii.Error, ValueError):
        return False
