"""Answers of the proxy itself: small plain pages, and redirects.  They say what happened, not what stands behind the proxy."""

import html
import http
import re
from collections.abc import Mapping

import attrs

from exproxy.wire.web.rules import HeaderRules

_LOCATION = re.compile(r"[!-~]+", re.ASCII)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEEP_MINOR_0 = b"Connection: keep-alive\r\n"
_CLOSE = b"Connection: close\r\n"

SENTENCES: Mapping[int, str] = {
    400: "Your browser sent a request that this server does not understand.",
    403: "You may not see this page from here.",
    404: "There is no such page.",
    408: "Your browser took too long to send its request.",
    413: "What your browser sent is too large.",
    414: "The address is too long.",
    417: "Your browser expects something of this server that it does not know.",
    421: "This server does not answer for that name on this connection.",
    429: "There are too many requests. Please wait a moment.",
    431: "Your browser sent too many or too long headers; deleting the cookies of this site may help.",
    500: "Something went wrong within this server.",
    501: "This server does not do what your browser asked for.",
    502: "The server behind this one gave no valid answer.",
    503: "No server is available at the moment. Please try again later.",
    504: "The server behind this one took too long to answer.",
    505: "This server does not speak that version of HTTP.",
}
"""What is shown for a status."""


@attrs.frozen
class Page:
    """:param kind: the value of ``Content-Type``."""

    body: bytes
    kind: str = "text/html; charset=utf-8"


@attrs.frozen
class Pages:
    """The pages of a front end, and its redirects.

    :param replaced: status -> what is shown instead of our page; of any status of an error.
    :param rules: for the heads; what servers' answers say has its own.
    """

    replaced: Mapping[int, Page] = attrs.field(factory=dict)
    rules: HeaderRules = attrs.field(factory=HeaderRules)

    def answer(self, status: int, method: str = "GET", keep: bool = False, minor: int = 1, more: tuple[bytes, ...] = ()) -> bytes:
        """A whole response.

        :param method: of the request; the answer to HEAD has the length of its body only.
        :param keep: whether the connection is kept; after an :class:`~exproxy.wire.web.errors.HttpError` it must not be.
        :param minor: of the client's version.
        :param more: lines, without their ends, as ``Retry-After: 5``.
        :raises KeyError: there is no page for this status.
        """
        page = self.replaced.get(status)
        if page is None:
            page = _page(_title(status), SENTENCES[status])
        return self._response(status, page, method, keep, minor, more)

    def redirect(
        self,
        status: int,
        location: str,
        method: str = "GET",
        keep: bool = False,
        minor: int = 1,
        more: tuple[bytes, ...] = (),
    ) -> bytes:
        """A whole response that sends the client to ``location``; the other arguments as for :meth:`answer`.

        :param status: 301, 302, 303, 307 or 308; 307 and 308 keep the method.
        :param location: an address or a path, encoded as it stands in a head.
        :raises ValueError: it would break out of its line, or the status redirects nobody.
        """
        if status not in _REDIRECTS:
            raise ValueError(f"{status} redirects nobody")
        if not _LOCATION.fullmatch(location):
            raise ValueError(f"{location!r} is not an address: it has blanks, control characters or characters beyond ASCII")
        page = _page(_title(status), f'The page is <a href="{html.escape(location)}">here</a>.')
        return self._response(status, page, method, keep, minor, (b"Location: " + location.encode("ascii"), *more))

    def _response(self, status: int, page: Page, method: str, keep: bool, minor: int, more: tuple[bytes, ...]) -> bytes:
        connection = _CLOSE if not keep else b"" if minor else _KEEP_MINOR_0
        fields = [
            b"Content-Type: " + page.kind.encode("ascii"),
            b"Content-Length: %d" % len(page.body),
            b"Cache-Control: no-store",
            *more,
        ]
        head = [b"HTTP/1.1 " + _title(status).encode("ascii"), *self.rules.applied(fields)]
        return b"\r\n".join(head) + b"\r\n" + connection + b"\r\n" + (b"" if method == "HEAD" else page.body)


def _title(status: int) -> str:
    return f"{status} {http.HTTPStatus(status).phrase}"


def _page(title: str, sentence: str) -> Page:
    page = f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1><p>{sentence}</p></body></html>\n"
    return Page(page.encode("utf-8"))
