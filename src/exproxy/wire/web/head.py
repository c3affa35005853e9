"""Heads of requests and responses: what a proxy decides by, beside the lines that it passes on.

Everything is checked by a grammar of ours, and then by llhttp (httptools), which is a second opinion and never the only one:
it takes HTTP/0.9, no Host, two of them, chunked in HTTP/1.0, and knows a fixed list of methods, without ``RPC_IN_DATA``.  For a
method or target that it does not know it is shown a stand-in.
"""

import re

import attrs
import httptools

from exproxy.wire.lines import quoted
from exproxy.wire.web import target as targets
from exproxy.wire.web.errors import HttpError
from exproxy.wire.web.fields import TOKEN, VALUE, Fields, read_fields
from exproxy.wire.web.limits import LONGEST_METHOD, Limits

REQUEST, RESPONSE = "HTTP request", "HTTP response"
"""Where an error is."""

_REQUEST_LINE = re.compile(rb"(" + TOKEN + rb"{1,%d}+) ([\x21-\x7e\x80-\xff]++) HTTP/1\.([01])\r\n" % LONGEST_METHOD)
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: (" + VALUE + rb"*+))?\r\n")
_ANY_VERSION = re.compile(rb"[^ ]+ [^ ]+ HTTP/([0-9]+(?:\.[0-9]+)?)\r\n")
_OLD_REQUEST = re.compile(TOKEN + rb"+ [^ \r\n]+\r\n")
_LENGTH = re.compile(rb"[0-9]{1,18}")
_TLS, _TLS_ALERT = 0x16, 0x15  # the first octets of a TLS record: a handshake's, an alert's
_PREFACE = b"PRI * HTTP/2.0\r\n"
_FAMILIAR = frozenset({b"GET", b"POST", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"PROPFIND", b"PROPPATCH", b"SEARCH"})
_USUAL_OPTIONS = {option: (option.lower(),) for option in (b"keep-alive", b"Keep-Alive", b"close", b"Close")}
_STAND_IN = b"POST / HTTP/1.1\r\n"
_STAND_IN_OLD = b"POST / HTTP/1.0\r\n"


@attrs.define(eq=False)
class RequestHead(Fields):
    """What a client asks.

    :param start: the request line as it came, without its end.
    :param method: any token.
    :param target: as it came; it goes to the server so.
    :param minor: of the version: 0 or 1.
    :param path: canonical, for routes and rules; ``*`` for OPTIONS of the server itself.
    :param query: as it came, without its question mark.
    :param host: for routes: lower case, without port; empty only in HTTP/1.0.
    :param authority: ``Host`` as it came.
    :param options: of ``Connection``, in lower case.
    :param length: ``Content-Length``.
    :param chunked: whether the body comes in chunks.
    """

    start: bytes
    method: str
    target: bytes
    minor: int
    path: str
    query: bytes
    host: str
    authority: bytes
    options: tuple[bytes, ...]
    length: int | None
    chunked: bool


@attrs.define(eq=False)
class ResponseHead(Fields):
    """What a server answers.

    :param start: the status line behind its version: ``200 OK``.
    :param status: 100 to 999.
    :param minor: of the version: 0 or 1.
    :param options: of ``Connection``, in lower case.
    :param length: ``Content-Length``.
    :param chunked: whether the body comes in chunks.
    """

    start: bytes
    status: int
    minor: int
    options: tuple[bytes, ...]
    length: int | None
    chunked: bool

    @property
    def interim(self) -> bool:
        """Whether another answer follows: 100, 102, 103."""
        return self.status < 200 and self.status != 101


def read_request(data: bytes, limits: Limits) -> RequestHead:
    """The head that ``data`` is, from the request line to the empty line.

    :raises HttpError: it breaks HTTP, or is ambiguous.
    """
    line = request_line(data, limits)
    method, target, minor = line.groups()
    start = data[: line.end() - 2]
    fields = read_fields(data, line.end(), limits.fields, REQUEST, 400, 431)
    is_11 = minor == b"1"
    path, query, asked = targets.split(method, target)
    authority, host = _host(fields, asked, is_11)
    length, chunked = _framing(fields, is_11, REQUEST, 400)
    expected = fields.values.get(b"expect")
    if expected is not None and is_11 and expected.lower() != b"100-continue":
        # Nothing else was ever defined (RFC 9110 10.1.1), and servers differ in whether a body then comes.
        raise HttpError(f"it expects {quoted(expected)}", REQUEST, 417)
    if method not in _FAMILIAR or not target.isascii():
        data = (_STAND_IN if is_11 else _STAND_IN_OLD) + data[line.end() :]
    _confirm(httptools.HttpRequestParser(_SILENT), data, REQUEST, 400)
    return RequestHead(
        fields.lines,
        fields.names,
        fields.values,
        start,
        method.decode("ascii"),
        target,
        1 if is_11 else 0,
        path,
        query,
        host,
        authority,
        _options(fields),
        length,
        chunked,
    )


def read_response(data: bytes, limits: Limits) -> ResponseHead:
    """As :func:`read_request`, for what a server says.

    :raises HttpError: it breaks HTTP, or is ambiguous; always 502.
    """
    line = status_line(data, limits)
    fields = read_fields(data, line.end(), limits.fields, RESPONSE, 502, 502)
    is_11 = line[1] == b"1"
    length, chunked = _framing(fields, is_11, RESPONSE, 502)
    options = _options(fields)
    if line[2] == b"101" and not (b"upgrade" in options and b"upgrade" in fields.values):
        raise HttpError("it switches protocols, and does not say to which", RESPONSE, 502)
    _confirm(httptools.HttpResponseParser(_SILENT), data, RESPONSE, 502)
    start = line[2] + b" " + (line[3] or b"")  # the blank belongs there even where no reason follows
    status = int(line[2])
    return ResponseHead(fields.lines, fields.names, fields.values, start, status, 1 if is_11 else 0, options, length, chunked)


def request_line(data: bytes | bytearray, limits: Limits) -> re.Match[bytes]:
    """The first line of ``data``: method, target, minor version.

    :raises HttpError: it is none, or its target is too long.
    """
    found = _REQUEST_LINE.match(data)
    if found is None:
        raise _request_line_complaint(data, limits)
    if len(found[2]) > limits.target:
        raise _too_long(limits)
    return found


def first_line(data: bytes) -> bytes:
    """The request line that ``data`` begins with, without its end, whatever its target; empty where there is none."""
    found = _REQUEST_LINE.match(data)
    return b"" if found is None else data[: found.end() - 2]


def status_line(data: bytes | bytearray, limits: Limits) -> re.Match[bytes]:
    """The first line of ``data``: minor version, status, reason.

    :raises HttpError: it is none.
    """
    found = _STATUS_LINE.match(data)
    if found is None or found.end() > limits.line:
        raise _status_line_complaint(data, limits)
    return found


def no_request(octet: int) -> HttpError | None:
    """What a client's first octet says, when it begins no request: that is told without waiting for a line."""
    if octet == _TLS:
        return HttpError("the client speaks TLS, and this port does not", f"{REQUEST}, line 1", 400)
    if not 0x21 <= octet <= 0x7E:
        return HttpError(f"it begins with the octet {octet:#04x}", f"{REQUEST}, line 1", 400)
    return None


def no_response(octet: int) -> HttpError | None:
    """As :func:`no_request`, for a server's first octet."""
    if octet in {_TLS, _TLS_ALERT}:
        return HttpError("the server speaks TLS, and is asked without", f"{RESPONSE}, line 1", 502)
    if octet != ord("H"):
        return HttpError(f"it begins with the octet {octet:#04x} and not with HTTP", f"{RESPONSE}, line 1", 502)
    return None


def _request_line_complaint(data: bytes | bytearray, limits: Limits) -> HttpError:
    """Why the first line is no request line, or too long."""
    where = f"{REQUEST}, line 1"
    if complaint := no_request(data[0]):
        return complaint
    line = bytes(data[: data.find(b"\n", 0, limits.line) + 1])
    if not line:
        return _too_long(limits)
    if line == _PREFACE:
        return HttpError("the client speaks HTTP/2, which is not offered here", where, 400)
    if not line.endswith(b"\r\n"):
        return HttpError("the line ends in LF without CR", where, 400)
    if _OLD_REQUEST.fullmatch(line):
        return HttpError("it has no version: HTTP/0.9 is not served", where, 400)
    found = _ANY_VERSION.fullmatch(line)
    if found is not None and found[1] not in {b"1.0", b"1.1"}:
        return HttpError(f"HTTP/{found[1].decode()} is not served, only 1.0 and 1.1", where, 505)
    return HttpError(f"no HTTP request line: {quoted(line)}", where, 400)


def _status_line_complaint(data: bytes | bytearray, limits: Limits) -> HttpError:
    if complaint := no_response(data[0]):
        return complaint
    line = bytes(data[: data.find(b"\n", 0, limits.line) + 1])
    what = f"no HTTP status line: {quoted(line)}" if line else f"the status line is longer than {limits.line} octets"
    return HttpError(what, f"{RESPONSE}, line 1", 502)


def _too_long(limits: Limits) -> HttpError:
    return HttpError(f"the target is longer than {limits.target} octets", f"{REQUEST}, line 1", 414)


class _Silent:
    """llhttp's callbacks, of which it has none: only its verdict is wanted."""

    __slots__ = ()


_SILENT = _Silent()


def _confirm(parser: httptools.HttpRequestParser | httptools.HttpResponseParser, data: bytes, where: str, status: int) -> None:
    """Ask llhttp, with a new parser for each head, so that nothing of one message can colour the next."""
    try:
        parser.feed_data(data)
    except httptools.HttpParserUpgrade:
        pass  # what follows the head is not its business anyway
    except httptools.HttpParserError as error:
        raise HttpError(f"it breaks HTTP: {error}", where, status) from None


def _host(fields: Fields, asked: bytes, is_11: bool) -> tuple[bytes, str]:
    """``Host`` as it came and its name.

    An absolute form must agree with it: RFC 9112 3.2.2 lets the target win, and servers differ in that.
    """
    authority = fields.values.get(b"host")
    if authority is None:
        if is_11:
            raise HttpError("it has no Host", REQUEST, 400)
        return asked, targets.host(asked) if asked else ""
    if fields.names.count(b"host") > 1:
        raise HttpError("it has more than one Host", REQUEST, 400)
    name = targets.host(authority)
    if asked and asked.lower() != authority.lower():
        raise HttpError(f"its target names {quoted(asked)}, and Host {quoted(authority)}", REQUEST, 400)
    fields.tidy(b"host", authority)
    return authority, name


def _framing(fields: Fields, is_11: bool, where: str, status: int) -> tuple[int | None, bool]:
    """``Content-Length`` and whether chunks come; both lines are written as everybody reads them."""
    values = fields.values
    coding = values.get(b"transfer-encoding")
    length = values.get(b"content-length")
    if coding is not None:
        if length is not None:
            raise HttpError("it has both Content-Length and Transfer-Encoding", where, status)
        if not is_11:
            raise HttpError("Transfer-Encoding in HTTP/1.0", where, status)
        if coding.lower() != b"chunked":
            raise _coding_complaint(coding, where, status)
        fields.tidy(b"transfer-encoding", b"chunked")
        return None, True
    if length is None:
        return None, False
    if not _LENGTH.fullmatch(length):
        many = fields.names.count(b"content-length") > 1
        what = "it has more than one Content-Length" if many else f"{quoted(length)} is no length"
        raise HttpError(what, where, status)
    number = int(length)
    fields.tidy(b"content-length", b"%d" % number)
    return number, False


def _coding_complaint(coding: bytes, where: str, status: int) -> HttpError:
    """Codings before ``chunked`` are nothing that Exchange knows; a request with one is told so (RFC 9112 6.1)."""
    codings = [part.strip(b" \t").lower() for part in coding.split(b",")]
    if codings[-1] != b"chunked":
        return HttpError(f"the last coding is not chunked: {quoted(coding)}", where, status)
    if codings.count(b"chunked") > 1:
        return HttpError(f"it is chunked twice: {quoted(coding)}", where, status)
    return HttpError(f"codings before chunked are not served: {quoted(coding)}", where, 501 if status == 400 else status)


def _options(fields: Fields) -> tuple[bytes, ...]:
    value = fields.values.get(b"connection")
    if value is None:
        return ()
    return _USUAL_OPTIONS.get(value) or tuple(part.strip(b" \t").lower() for part in value.split(b","))
