"""A request's target and its host (RFC 9112 3.2).

Origin form, ``*`` for OPTIONS and absolute form.  Authority form belongs to CONNECT, which is no business of a reverse proxy.
"""

import re

from exproxy.wire.lines import quoted
from exproxy.wire.web.errors import HttpError
from exproxy.wire.web.path import canonical

_ABSOLUTE = re.compile(rb"([A-Za-z][A-Za-z0-9+.\-]*)://([^/?]+)([^?]*)\??(.*)", re.DOTALL)
_LABEL = rb"[A-Za-z0-9_~!$&'()*+;=\-]++"
_AUTHORITY = re.compile(
    rb"(\[[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*\]|" + _LABEL + rb"(?:\." + _LABEL + rb")*+\.?+)(?::([0-9]{0,5}))?"
)  # RFC 3986 3.2.2; no comma: it lists; no empty label: who takes away dots finds another host
_LAST_PORT = 65_535

_WHERE = "HTTP request, target"


def split(method: bytes, target: bytes) -> tuple[str, bytes, bytes]:
    r"""Canonical path, query as it came without its question mark, and the authority of an absolute form (or nothing).

    The path of ``*`` is ``*``.

    :raises HttpError: the target has no form that this method may have, or its path no canonical one.
    """
    if method == b"CONNECT":
        raise HttpError("CONNECT asks for a tunnel, and this is no forward proxy", "HTTP request", 501)
    if b"#" in target:
        raise HttpError("it has a fragment, which is for the client alone", _WHERE, 400)
    if target.startswith((b"/", b"\\")):
        path, _, query = target.partition(b"?")
        return canonical(path), query, b""
    if target == b"*":
        if method != b"OPTIONS":
            raise HttpError("'*' is for OPTIONS only", _WHERE, 400)
        return "*", b"", b""
    found = _ABSOLUTE.fullmatch(target)
    if found is None or found[1].lower() not in {b"http", b"https"}:
        raise HttpError(f"{quoted(target)} is neither a path nor an HTTP address", _WHERE, 400)
    return canonical(found[3] or b"/"), found[4], found[2]


def host(authority: bytes) -> str:
    """The name in ``authority`` as routes see it: lower case, without port and without a dot at its end; IPv6 in brackets.

    :raises HttpError: it is no host, or more than one.
    """
    found = _AUTHORITY.fullmatch(authority)
    if found is None or int(found[2] or 0) > _LAST_PORT:
        raise HttpError(f"{quoted(authority)} is not one host name" if authority else "Host is empty", "HTTP request, Host", 400)
    return found[1].decode("ascii").lower().removesuffix(".")
