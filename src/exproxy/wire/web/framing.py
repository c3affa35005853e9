"""Which body a message has (RFC 9112 6.3), decided once for each message, by the head and for a response also by its request."""

from exproxy.wire.lines import quoted
from exproxy.wire.web.bodies import NO_BODY, Body, LengthBody, UntilClose
from exproxy.wire.web.chunked import ChunkedBody
from exproxy.wire.web.errors import HttpError
from exproxy.wire.web.head import RESPONSE, RequestHead, ResponseHead


def request_body(head: RequestHead, withheld: frozenset[bytes] = frozenset()) -> Body:
    """The body of a request: without a length there is none.

    :param withheld: names in lower case of lines that the server does not get from this client, from a trailer either.
    """
    if head.chunked:
        return ChunkedBody("HTTP request body", 400, withheld)
    return LengthBody(head.length) if head.length else NO_BODY


def response_body(request: RequestHead, head: ResponseHead) -> Body:
    """The body of the answer to ``request``; that of an interim answer too, which has none.

    Behind a 101 everything is for the other side, in both directions.

    :raises HttpError: the answer contradicts itself, or does not fit the request; 502.
    """
    status = head.status
    if status == 101:
        _check_switch(request, head)
        return UntilClose()
    if status < 200 or status == 204:
        _check_bodyless(head)
        return NO_BODY
    if head.chunked and not request.minor:
        raise HttpError("it is chunked, for a client of HTTP/1.0", RESPONSE, 502)
    if status == 304 or request.method == "HEAD":
        return NO_BODY
    if head.chunked:
        return ChunkedBody("HTTP response body", 502)
    if head.length is None:
        return UntilClose()
    return LengthBody(head.length) if head.length else NO_BODY


def check_nothing_behind(octets: bytes) -> None:
    """For what a server sent behind the end of its answer while no other was asked for: nobody may get that as an answer.

    This is how a body on 204, 304 or HEAD shows itself, and a length that lies.

    :raises HttpError: there is something; 502.
    """
    if octets:
        raise HttpError(f"{quoted(octets[:80])} came behind the end of an answer", RESPONSE, 502)


def asks_websocket(head: RequestHead) -> bool:
    """Whether the request may switch its connection over; other upgrades (``h2c``) are not passed on.

    RFC 6455 4.1: GET, HTTP/1.1; a body would make it ambiguous where the other protocol begins.
    """
    return (
        b"upgrade" in head.options
        and head.values.get(b"upgrade", b"").lower() == b"websocket"
        and head.method == "GET"
        and head.minor == 1
        and not head.length
        and not head.chunked
    )


def waits_to_send(request: RequestHead) -> bool:
    """Whether the client wants to be told to send its body (RFC 9110 10.1.1)."""
    return request.minor == 1 and request.values.get(b"expect", b"").lower() == b"100-continue"


def client_keeps(request: RequestHead) -> bool:
    """Whether the client wants to ask more on this connection (RFC 9112 9.3)."""
    return _keeps(request.minor, request.options)


def server_keeps(head: ResponseHead, body: Body) -> bool:
    """Whether the server takes another request behind this answer; without a length its end is the connection's."""
    return _keeps(head.minor, head.options) and not isinstance(body, UntilClose)


def _keeps(minor: int, options: tuple[bytes, ...]) -> bool:
    return b"close" not in options and (minor == 1 or b"keep-alive" in options)


def _check_switch(request: RequestHead, head: ResponseHead) -> None:
    if not asks_websocket(request):
        raise HttpError("it switches protocols, and the client did not ask for that", RESPONSE, 502)
    upgrade = head.values.get(b"upgrade", b"")
    if upgrade.lower() != b"websocket" or b"upgrade" not in head.options:
        raise HttpError(f"it switches to {quoted(upgrade)}, and the client asked for websocket", RESPONSE, 502)
    _check_bodyless(head)


def _check_bodyless(head: ResponseHead) -> None:
    """RFC 9112 6.1, RFC 9110 8.6: such an answer has no length, and what sends one disagrees with others on where it ends."""
    if head.chunked or head.length:
        raise HttpError(f"a {head.status} announces a body", RESPONSE, 502)
