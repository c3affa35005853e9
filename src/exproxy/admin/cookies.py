"""The cookie by which a browser is known that has logged in, and the mark of one that has before.

Cookies know no ports, so its name has the one that the browser sees: two of us on one machine, or behind two tunnels to
``localhost``, do not take each other's place.  Over TLS it has the prefix of RFC 6265bis 4.1.3.2, so that nobody who can only
speak in the clear for this name can put one in its place.
"""

_NAME = "exproxy"
_LONGEST = 100
_KEPT = 180 * 86_400
"""Seconds for which a mark is kept; of ours, none is good for longer than the process lives."""
_ALWAYS = "Path=/; HttpOnly; SameSite=Strict"


def name(authority: str, secure: bool) -> str:
    """Of the cookie.

    :param authority: what the client takes us for: ``Host``, with its port.
    :param secure: whether it speaks TLS to us.
    """
    return _named(_NAME, authority, secure)


def mark_name(authority: str, secure: bool) -> str:
    """Likewise of the mark."""
    return _named(f"{_NAME}-known", authority, secure)


def _named(word: str, authority: str, secure: bool) -> str:
    port = authority.rpartition(":")[2]
    known = f"{word}-{port}" if port.isascii() and port.isdigit() and len(port) < 6 else word
    return f"__Host-{known}" if secure else known


def given(name: str, value: str, secure: bool) -> str:
    """A line ``Set-Cookie``; the browser forgets it when it is closed."""
    return f"{name}={value}; {_ALWAYS}{'; Secure' if secure else ''}"


def kept(name: str, value: str, secure: bool) -> str:
    """The same of one that stays when the browser is closed."""
    return f"{given(name, value, secure)}; Max-Age={_KEPT}"


def taken(name: str, secure: bool) -> str:
    """The line that has the browser forget it now."""
    return f"{given(name, '', secure)}; Max-Age=0"


def read(value: bytes | None) -> str:
    """What a browser sends as its value; empty: nothing that could be one of ours."""
    return value.decode("ascii", "replace") if value is not None and len(value) <= _LONGEST else ""
