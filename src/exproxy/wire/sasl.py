"""Who logs in, as far as SASL says it in the clear (RFC 4616 PLAIN; LOGIN as it is in use)."""

import binascii

LONGEST = 12_290
"""Octets of a line of an exchange: 12,288 of base64 (RFC 4954 4) and CRLF."""


def plain_account(response: bytes) -> bytes:
    """The name in a PLAIN response as it goes over the wire; empty where there is none.

    The one that the password is of counts, not the one that is to be acted as.
    """
    parts = decoded(response).split(b"\0")
    return parts[1] if len(parts) == 3 else b""


def login_account(response: bytes) -> bytes:
    """The name in LOGIN's first response."""
    return decoded(response)


def decoded(response: bytes) -> bytes:
    """What a response in base64 means; empty where it is none, or the word to cancel."""
    word = response.strip()
    if word in (b"*", b"="):
        return b""
    try:
        return binascii.a2b_base64(word, strict_mode=True)
    except binascii.Error:
        return b""
