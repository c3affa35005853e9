"""Requests and answers of mode ``http``: however they are cut it comes to the same, and another reader finds in them what we do.

The other reader is llhttp by way of httptools.  It has its say about our heads too, but what it makes of lengths, chunks and the
end of a message plays no part there.
"""

import contextlib

import attrs
import httptools

from exproxy.wire.web.bodies import Body, LengthBody, NoBody, UntilClose
from exproxy.wire.web.errors import HttpError
from exproxy.wire.web.forwarding import Forwarder, Forwarding
from exproxy.wire.web.framing import asks_websocket, request_body, response_body
from exproxy.wire.web.head import RequestHead, ResponseHead
from exproxy.wire.web.origin import Origin
from exproxy.wire.web.reading import RequestReader, ResponseReader

CLIENT = Origin("192.0.2.7", tls=True)
NEXT = b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n"
ASKED = (
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
)


@attrs.define
class Other:
    """What llhttp finds: targets, and ends of messages."""

    targets: list[bytes] = attrs.field(factory=list)
    ends: int = 0
    _target: bytes = b""

    def on_url(self, part: bytes) -> None:
        self._target += part

    def on_message_complete(self) -> None:
        self.targets.append(self._target)
        self._target = b""
        self.ends += 1


def requests(data: bytes) -> None:
    """Octets of a client, until the first that is refused or not whole."""
    told = [_requests(data, parts) for parts in (1, 2, 7)]
    assert told[0] == told[1] == told[2], f"whole: {told[0]}\nin two: {told[1]}\nin seven: {told[2]}"
    for target, passed, minor in told[0][0]:
        _other_request(target, passed, minor)


def responses(data: bytes) -> None:
    """The first octet says which request they answer."""
    if not data:
        return
    asked = RequestReader().feed(ASKED[data[0] % len(ASKED)])
    assert asked is not None
    told = [_response(asked, data[1:], parts) for parts in (1, 2, 7)]
    assert told[0] == told[1] == told[2], f"whole: {told[0]}\nin two: {told[1]}\nin seven: {told[2]}"
    passed, whole = told[0]
    if passed and asked.method == "GET":
        other = Other()
        # What has not come whole may still turn out bad: llhttp judges each octet, and we a line.
        with contextlib.suppress(httptools.HttpParserUpgrade, *(() if whole else (httptools.HttpParserError,))):
            httptools.HttpResponseParser(other).feed_data(passed)
        assert other.ends == whole, f"{passed!r} has {other.ends} ends"


def _pieces(data: bytes, parts: int) -> list[bytes]:
    step = len(data) // parts + 1
    return [data[at : at + step] for at in range(0, len(data), step)]


def _requests(data: bytes, parts: int) -> tuple[list[tuple[bytes, bytes, int]], str]:
    """Target, octets for the server and version of each whole request, and why there are no more."""
    reader, told = RequestReader(), []
    head: RequestHead | None = None
    body: Body = NoBody()
    passed = b""
    forwarder = Forwarder(Forwarding(tell=frozenset()), CLIENT)
    try:
        for octets in _pieces(data, parts):
            piece = octets
            while piece or (head is not None and body.over):
                if head is None:
                    head = reader.feed(piece)
                    assert reader.buffered <= reader.limit, f"{reader.buffered} octets held"
                    if head is None:
                        break
                    piece, body, passed = reader.rest, request_body(head), forwarder.request(head)
                count = body.take(piece)
                passed, piece = passed + piece[:count], piece[count:]
                if not body.over:
                    break
                if not asks_websocket(head):
                    told.append((head.target, passed, head.minor))
                head = None
    except HttpError as error:
        assert error.what, "an error says what is wrong"
        return told, str(error)
    return told, ""


def _other_request(target: bytes, passed: bytes, minor: int) -> None:
    """llhttp has to find this request, and the next one right behind it."""
    again = RequestReader().feed(passed)
    assert again is not None
    assert again.target == target, f"{passed!r} is for {again.target!r}"
    other = Other()
    try:
        httptools.HttpRequestParser(other).feed_data(passed + NEXT if minor else passed)
    except (httptools.HttpParserInvalidMethodError, httptools.HttpParserInvalidURLError):
        return  # it knows a fixed list of methods, and no target beyond ASCII
    except httptools.HttpParserError as error:
        if _known_method(passed) and target.isascii():
            raise AssertionError(f"{passed!r}: {error}") from error
        return
    assert other.targets == [target, *([b"/next"] if minor else [])], f"{passed!r} is for {other.targets}"


def _known_method(passed: bytes) -> bool:
    return passed.partition(b" ")[0] in {b"GET", b"POST", b"HEAD", b"PUT", b"DELETE", b"OPTIONS"}


def _response(asked: RequestHead, data: bytes, parts: int) -> tuple[bytes, bool]:
    """The final answer for the client, without what comes behind it, and whether it is whole; nothing for a bad one."""
    reader = ResponseReader()
    head: ResponseHead | None = None
    body: Body = NoBody()
    passed = b""
    forwarder = Forwarder(Forwarding(tell=frozenset()), CLIENT)
    try:
        for octets in _pieces(data, parts):
            piece = octets
            while piece and head is None:
                head = reader.feed(piece)
                assert reader.buffered <= reader.limit, f"{reader.buffered} octets held"
                piece = b"" if head is None else reader.rest
                if head is not None:
                    body = response_body(asked, head)
                    passed = forwarder.response(head, True, 1)
                    if head.interim:
                        head = None
            passed += piece[: body.take(piece)] if piece else b""
    except HttpError as error:
        assert error.what, "an error says what is wrong"
        return b"", False
    if head is None or isinstance(body, UntilClose):
        return b"", False
    assert isinstance(body, LengthBody) or body.over or body.left is None
    return passed, body.over
