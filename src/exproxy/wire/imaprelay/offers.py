"""What a server says that it can, made what is true through us (RFC 9051 7.2.2)."""

import re
from functools import lru_cache

from exproxy.wire.mailsettings import Settings, StartTls

_UNTAGGED = re.compile(rb"\* CAPABILITY ([^\r\n]*)(\r?\n)", re.IGNORECASE)
_CODE = re.compile(rb"(\S+ (?:OK|PREAUTH) \[CAPABILITY )([^\]\r\n]*)(\].*)", re.IGNORECASE | re.DOTALL)


def rewritten(response: bytes, settings: Settings, *, secure: bool, authenticated: bool = False) -> bytes:
    """The response with its capabilities rewritten, if it tells any.

    :param authenticated: it is the reply to a login that has succeeded: there is no TLS to begin any more.
    """
    found = _UNTAGGED.fullmatch(response)
    if found is not None:
        return b"* CAPABILITY " + _true(found[1], settings, secure, authenticated) + found[2]
    found = _CODE.fullmatch(response)
    if found is not None:
        return found[1] + _true(found[2], settings, secure, authenticated) + found[3]
    return response


def without_capabilities(response: bytes) -> bytes:
    """A greeting whose capabilities are no longer so: the client asks for them."""
    found = _CODE.fullmatch(response)
    return response if found is None else found[1][: -len(b"[CAPABILITY ")] + found[3][1:].lstrip(b" ")


def compresses(response: bytes) -> bool:
    """Whether it offers to compress what follows the login (RFC 4978)."""
    return b"COMPRESS=" in response.upper()


@lru_cache(maxsize=32)  # a server says the same to everybody
def _true(words: bytes, settings: Settings, secure: bool, authenticated: bool) -> bytes:
    bare = settings.require_tls and not secure and not authenticated
    kept = [word for word in words.split() if not _hidden(word.upper(), settings, secure, authenticated, bare)]
    if settings.starttls is StartTls.OFFER and not secure and not authenticated:
        kept.append(b"STARTTLS")
    if bare and b"LOGINDISABLED" not in (word.upper() for word in kept):
        kept.append(b"LOGINDISABLED")
    return b" ".join(kept)


def _hidden(word: bytes, settings: Settings, secure: bool, authenticated: bool, bare: bool) -> bool:
    """COMPRESS would make of the session what nobody can say goodbye in."""
    if word.startswith(b"COMPRESS="):
        return True
    if word == b"STARTTLS":
        return settings.starttls is not StartTls.PASS or secure or authenticated
    return bare and (word.startswith(b"AUTH=") or word == b"SASL-IR")
