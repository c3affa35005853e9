"""Heads for tests, made of the lines that matter."""

from exproxy.wire.errors import WireError
from exproxy.wire.web.errors import HttpError
from exproxy.wire.web.head import RequestHead, ResponseHead
from exproxy.wire.web.reading import RequestReader, ResponseReader


def request(*lines: str, start: str = "GET /owa/ HTTP/1.1", host: str = "Host: mail.example.com") -> RequestHead:
    """A request with ``lines`` behind its Host."""
    head = RequestReader().feed(octets(start, *filter(None, [host]), *lines))
    assert head is not None
    return head


def response(*lines: str, start: str = "HTTP/1.1 200 OK") -> ResponseHead:
    """An answer with ``lines``."""
    head = ResponseReader().feed(octets(start, *lines))
    assert head is not None
    return head


def octets(*lines: str) -> bytes:
    """The lines and an empty one."""
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1")


def told(error: WireError) -> tuple[int, str]:
    """Status and text of an error."""
    assert isinstance(error, HttpError)
    return error.status, str(error)
