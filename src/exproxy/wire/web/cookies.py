"""Cookies (RFC 6265): those of a request read and taken out, those of an answer read, and one of ours written.

A request has one ``Cookie`` line; several, as gateways from HTTP/2 leave them, are read alike.  Names are compared as they are,
case and all, and values are octets: what a browser was given comes back unchanged.
"""

from collections.abc import Iterator
from typing import Literal

import attrs

from exproxy.wire.web.fields import Fields

_COOKIE = b"cookie"
_BEHIND_NAME = len(b"cookie:")
_SET_COOKIE = b"set-cookie"
_BLANKS = b" \t"

SameSite = Literal["none", "lax", "strict", "off"]


def brought(head: Fields, name: bytes) -> Iterator[bytes]:
    """The values of a request's cookies of that name, in order; a path that is longer comes first (RFC 6265 5.4)."""
    if _COOKIE in head.values:
        for crumb in b";".join(head.every(_COOKIE)).split(b";"):
            word, equals, value = crumb.partition(b"=")
            if equals and word.strip(_BLANKS) == name:
                yield value.strip(_BLANKS)


def take_out(head: Fields, name: bytes) -> list[bytes]:
    """As :func:`brought`, and the request has them no more; a line without a cookie is gone too."""
    found: list[bytes] = []
    if name not in head.values.get(_COOKIE, b""):
        return found
    names, lines, left = head.names, head.lines, []
    for at in [at for at, word in enumerate(names) if word == _COOKIE]:
        kept, count = [], len(found)
        for crumb in lines[at][_BEHIND_NAME:].split(b";"):
            word, equals, value = crumb.partition(b"=")
            if equals and word.strip(_BLANKS) == name:
                found.append(value.strip(_BLANKS))
            else:
                kept.append(crumb)
        rest = b";".join(kept).strip(_BLANKS)
        if len(found) > count:
            lines[at] = lines[at][:_BEHIND_NAME] + b" " + rest if rest else b""
        left += [rest] if rest else []
    if found:
        _tidy_up(head, left)
        head.note_change()
    return found


def _tidy_up(head: Fields, left: list[bytes]) -> None:
    """Without lines that have become empty; ``left`` are the values of the others."""
    if b"" in head.lines:
        kept = [(word, line) for word, line in zip(head.names, head.lines, strict=True) if line]
        head.names = [word for word, _ in kept]
        head.lines = [line for _, line in kept]
    if left:
        head.values[_COOKIE] = b", ".join(left)
    else:
        del head.values[_COOKIE]


def given(head: Fields, name: bytes) -> Iterator[bytes]:
    """The values that an answer's ``Set-Cookie`` lines give to the cookie of that name; one that is taken away has none."""
    if _SET_COOKIE in head.values:
        for line in head.every(_SET_COOKIE):
            word, equals, value = line.partition(b";")[0].partition(b"=")
            value = value.strip(_BLANKS)
            if equals and value and word.strip(_BLANKS) == name:
                yield value


@attrs.frozen
class Writing:
    """How a cookie of ours is written.

    :param secure: ``None``: for clients that speak TLS.
    :param same_site: ``none`` is left out where ``Secure`` is: browsers refuse the one without the other.
    """

    name: bytes
    path: str = "/"
    domain: str | None = None
    secure: bool | None = None
    http_only: bool = True
    same_site: SameSite = "none"
    _plain: bytes = attrs.field(init=False)
    _over_tls: bytes = attrs.field(init=False)

    @_plain.default
    def _behind_plain(self) -> bytes:
        return self._behind(self.secure is True)

    @_over_tls.default
    def _behind_over_tls(self) -> bytes:
        return self._behind(self.secure is not False)

    def line(self, value: bytes, tls: bool) -> bytes:
        """The line of the answer, without its end.

        :param tls: whether the client speaks TLS.
        """
        return b"Set-Cookie: " + self.name + b"=" + value + (self._over_tls if tls else self._plain)

    def _behind(self, secure: bool) -> bytes:
        parts = [f"; path={self.path}"]
        if self.domain is not None:
            parts.append(f"; domain={self.domain}")
        if self.http_only:
            parts.append("; HttpOnly")
        if secure:
            parts.append("; Secure")
        if self.same_site != "off" and (secure or self.same_site != "none"):
            parts.append(f"; SameSite={self.same_site.capitalize()}")
        return "".join(parts).encode("ascii")
