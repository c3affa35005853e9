"""Whether who asks for a change means it: a page of somebody else can have a browser send requests, with all that it knows.

A browser says of each such request where it comes from (``Origin``, RFC 6454; ``Sec-Fetch-Site``), and programs say nothing.
Where the login is a cookie, the request also has to bring the token that only our own pages are told.
"""

import hmac

from exproxy.admin.answers import JSON, Asked, RefusedError
from exproxy.admin.callers import Caller
from exproxy.admin.forms import FORM, fields

FIELD = "csrf"
"""The token's, in a form; in other requests it is ``X-CSRF-Token``."""
SAFE = ("GET", "HEAD")
_OURS = ("", "same-origin", "none")
"""``none``: the person did it, and no page."""


def check(asked: Asked, caller: Caller) -> None:
    """:raises RefusedError: 403: it is not meant, or cannot be told to be; 415: a form, which another page can send too."""
    if asked.method in SAFE or asked.user is not None:
        return
    _check_origin(asked)
    if not caller.token:
        # a browser sends a password of its dialogue along too, and a page of somebody else can send a form, but no JSON
        if asked.kind != JSON and not caller.anonymous:
            raise RefusedError(415, f"send Content-Type: {JSON}, or log in with the page: only its forms are taken")
        return
    said = asked.token or (fields(asked).get(FIELD, "") if asked.kind == FORM else "")
    if not said:
        raise RefusedError(403, f"there is no CSRF token: send X-CSRF-Token, or the field {FIELD} of the form")
    if not hmac.compare_digest(said.encode(), caller.token.encode()):
        raise RefusedError(403, "the CSRF token is not that of this login: load the page again, then try again")


def check_listener(asked: Asked) -> None:
    """:raises RefusedError: 403: a page of another site would listen, which hears nothing, but takes the place of one of ours."""
    if asked.site not in _OURS:
        raise RefusedError(403, "a page of another site had the browser send this: only our own pages may listen")


def _check_origin(asked: Asked) -> None:
    if asked.site not in _OURS:
        raise RefusedError(403, "a page of another site had the browser send this: nothing is done")
    if asked.origin is None:
        return
    where = asked.origin.partition("://")[2].lower()
    if where != asked.authority.lower():
        # a proxy before us may be what the browser speaks to; its scheme may differ from ours, but the name has to be passed on
        raise RefusedError(
            403,
            f'this comes from a page of "{asked.origin[:100]}", and is sent to "{asked.authority[:100]}": nothing is done'
            " (a proxy in between has to pass the header Host on)",
        )
