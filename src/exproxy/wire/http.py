"""An HTTP response read for a check, and a request written for one (RFC 9110, RFC 9112).

httptools (llhttp) reads the head and the chunks.  Where the head ends, which framing holds and what a HEAD request means
is decided here, as is what llhttp lets pass: another version than 1.x, chunked in HTTP/1.0, a last coding that is not chunked.
"""

import enum
import re
from collections.abc import Mapping, Sequence

import attrs
import httptools

from exproxy.wire.errors import WireError
from exproxy.wire.lines import MAX_LINE, Lines, printable, quoted, strict, text

MAX_HEAD = 32_768
MAX_BODY = 65_536
MAX_CHUNKED = 2 * MAX_BODY
"""Octets of a chunked body with its sizes, extensions and trailers."""
MAX_INTERIM = 10

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", re.ASCII)  # RFC 9110 5.6.2
_VALUE = re.compile(r"[\t -~\x80-\xff]*")
_TARGET = re.compile(r"(?:/|\*$|https?://)[!-~]*", re.ASCII)
_HOST = re.compile(r"[!-~]*", re.ASCII)
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9][0-9])(?: ([^\x00-\x08\x0a-\x1f\x7f]*))?")
_BODYLESS = frozenset({101, 204, 304})  # RFC 9112 6.3; 101 is no interim answer, but the last that is HTTP
_ASKS_NO_LENGTH = frozenset({"GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "CONNECT"})


@attrs.frozen
class Response:
    """An answer.

    :param status: 101 or 200 to 999.
    :param reason: the words behind it, possibly none.
    :param headers: names in the case in which they came, and values, in order.
    :param body: at most 64 KB of it.
    :param whole: whether that is all of the body.
    """

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    whole: bool

    def header(self, name: str) -> str | None:
        """The first value of a header, in whatever case it is asked for."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def __str__(self) -> str:
        """Status and reason, as people quote it in a sentence: without a full stop."""
        return printable(f"{self.status} {self.reason}".rstrip()).removesuffix(".")


class _Framing(enum.Enum):
    """What ends the part that is read now."""

    HEAD = enum.auto()
    LENGTH = enum.auto()
    CHUNKED = enum.auto()
    CLOSE = enum.auto()
    DONE = enum.auto()


@attrs.define
class _Callbacks:
    """What llhttp calls.  Trailers come as headers do, after the head, and are nothing to a check."""

    headers: list[tuple[str, str]] = attrs.field(factory=list)
    body: bytearray = attrs.field(factory=bytearray)
    in_head: bool = True
    complete: bool = False

    def on_headers_complete(self) -> None:
        self.in_head = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.in_head:
            self.headers.append((name.decode("latin-1"), value.strip(b" \t").decode("latin-1")))

    def on_body(self, body: bytes) -> None:
        if len(self.body) < MAX_BODY:
            self.body += body[: MAX_BODY - len(self.body)]

    def on_message_complete(self) -> None:
        self.complete = True


@attrs.define
class ResponseReader:
    """Bytes in, one response out; what comes behind it is not looked at.  Interim answers (100, 103) are passed over.

    :param method: the request's: the answer to HEAD has no body.
    """

    method: str = "GET"
    limit: int = attrs.field(default=MAX_HEAD + MAX_CHUNKED + MAX_LINE, init=False)
    status_line: bytes = attrs.field(default=b"", init=False)
    """The last status line as it came, for people."""
    lines: Lines = attrs.field(factory=Lines, init=False)
    _framing: _Framing = attrs.field(default=_Framing.HEAD, init=False)
    _head: list[bytes] = attrs.field(factory=list, init=False)
    _head_size: int = attrs.field(default=0, init=False)
    _interim: int = attrs.field(default=0, init=False)
    _is_11: bool = attrs.field(default=False, init=False)
    _status: int = attrs.field(default=0, init=False)
    _reason: str = attrs.field(default="", init=False)
    _headers: tuple[tuple[str, str], ...] = attrs.field(default=(), init=False)
    _callbacks: _Callbacks = attrs.field(factory=_Callbacks, init=False)
    _parser: httptools.HttpResponseParser = attrs.field(init=False)
    _missing: int = attrs.field(default=0, init=False)  # octets of the whole body, or those that chunks may still take

    @_parser.default
    def _new_parser(self) -> httptools.HttpResponseParser:
        return httptools.HttpResponseParser(self._callbacks)

    @property
    def buffered(self) -> int:
        """Octets held; of a chunked body also those that llhttp may hold."""
        body = MAX_CHUNKED - self._missing if self._framing is _Framing.CHUNKED else len(self._callbacks.body)
        return self.lines.buffered + self._head_size + body

    def feed(self, data: bytes) -> Sequence[Response]:
        """The response, once ``data`` completes it or its body reaches the bound.

        :raises WireError: this is no HTTP, or ambiguous.
        """
        if self._framing is _Framing.HEAD:
            self.lines.receive(data)
            while self._framing is _Framing.HEAD:
                if not self._take_line():
                    return ()
            data = self.lines.take_octets(self.lines.buffered)
            if self._framing is _Framing.DONE:
                return (self._response(whole=True),)
        return self._take_body(data) if self._framing is not _Framing.DONE else ()

    def closed(self) -> Sequence[Response]:
        """The peer closed: that is the end of a body without a length.

        :raises WireError: it is not the end of this answer.
        """
        if self._framing is _Framing.DONE:
            return ()
        if self._framing is _Framing.CLOSE:
            return (self._response(whole=True),)
        if self._framing is _Framing.HEAD:
            nothing = not self._head and not self.lines.buffered and not self._interim
            raise WireError("closed without an answer" if nothing else "closed within the head", "HTTP response")
        raise WireError("closed within the body", "HTTP response")

    def _take_line(self) -> bool:
        where = f"HTTP response head, line {len(self._head) + 1}"
        line = self.lines.take(where)
        if line is None:
            return False
        if not self._head:
            self._take_status_line(line, where)
        self._head_size += len(line)
        if self._head_size > MAX_HEAD:
            raise WireError(f"the head is longer than {MAX_HEAD} octets", where)
        stripped = strict(line, where)
        self._head.append(stripped)
        if not stripped:
            self._end_head()
        return True

    def _take_status_line(self, line: bytes, where: str) -> None:
        """Another protocol is refused at its first line: its second may never come."""
        self.status_line = line
        found = _STATUS_LINE.fullmatch(text(line))
        if found is None:
            raise WireError(f"no HTTP status line: {quoted(line)}", where)
        version, status, reason = found.groups()
        self._is_11 = version == b"1"
        self._status = int(status)
        self._reason = (reason or b"").decode("utf-8", "backslashreplace")

    def _end_head(self) -> None:
        self._callbacks = _Callbacks()
        self._parser = self._new_parser()
        try:
            self._parser.feed_data(b"\r\n".join(self._head) + b"\r\n")
        except httptools.HttpParserUpgrade:
            pass  # 101: what follows is not HTTP, and a check does not look at it
        except httptools.HttpParserError as error:
            raise WireError(f"it breaks HTTP: {error}", "HTTP response head") from None
        self._headers = tuple(self._callbacks.headers)
        self._head = []
        if self._status >= 200 or self._status == 101:
            self._framing = self._frame()
            return
        self._head_size = 0
        self._interim += 1
        if self._interim > MAX_INTERIM:
            raise WireError(f"more than {MAX_INTERIM} interim answers", "HTTP response")

    def _frame(self) -> _Framing:
        """RFC 9112 6.3."""
        if self.method == "HEAD" or self._status in _BODYLESS:
            return _Framing.DONE
        fields = [value for name, value in self._headers if name.lower() == "transfer-encoding"]
        if fields:
            codings = ",".join(fields)
            if not self._is_11:
                raise WireError("Transfer-Encoding in HTTP/1.0", "HTTP response head")
            if codings.rpartition(",")[2].strip().lower() != "chunked":
                raise WireError(f"the last coding is not chunked: {quoted(codings)}", "HTTP response head")
            self._missing = MAX_CHUNKED
            return _Framing.CHUNKED
        length = next((value for name, value in self._headers if name.lower() == "content-length"), None)
        if length is None:
            return _Framing.CLOSE
        self._missing = int(length)
        return _Framing.LENGTH if self._missing else _Framing.DONE

    def _take_body(self, data: bytes) -> Sequence[Response]:
        if self._framing is _Framing.CHUNKED:
            return self._take_chunks(data)
        if self._framing is _Framing.LENGTH:
            data = data[: self._missing - len(self._callbacks.body)]
        self._callbacks.on_body(data)
        if self._framing is _Framing.LENGTH and len(self._callbacks.body) == self._missing:
            return (self._response(whole=True),)
        return (self._response(whole=False),) if len(self._callbacks.body) >= MAX_BODY else ()

    def _take_chunks(self, data: bytes) -> Sequence[Response]:
        data = data[: self._missing]
        self._missing -= len(data)
        error = None
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as e:
            error = e
        if self._callbacks.complete or len(self._callbacks.body) >= MAX_BODY:
            return (self._response(whole=len(self._callbacks.body) < MAX_BODY),)
        if error is not None:
            raise WireError(f"a chunk breaks HTTP: {error}", "HTTP response body")
        if not self._missing:
            raise WireError(f"chunk sizes and trailers take more than {MAX_CHUNKED - MAX_BODY} octets", "HTTP response body")
        return ()

    def _response(self, whole: bool) -> Response:
        self._framing = _Framing.DONE
        self._head_size = 0
        body = bytes(self._callbacks.body)
        self._callbacks = _Callbacks()
        return Response(self._status, self._reason, self._headers, body, whole)


def request(method: str, path: str, host: str, headers: Mapping[str, str]) -> bytes:
    """A request without a body, after which the server is to close.

    :param method: any token, ``RPC_IN_DATA`` too.
    :param path: with its query; or ``*``.
    :param host: for ``Host``; an IPv6 address gets its brackets.
    :param headers: more of them; they win over the ones that are written by themselves.
    :raises ValueError: one of them would break out of its place; the text is for the administrator who wrote it.
    """
    if not _TOKEN.fullmatch(method):
        raise ValueError(f"{method!r} is not an HTTP method")
    if not _TARGET.fullmatch(path):
        raise ValueError(f"{path!r} is not a path: it begins with / and has no blanks or control characters")
    if not _HOST.fullmatch(host):
        raise ValueError(f"{host!r} is not a host name")
    if host.count(":") > 1 and not host.startswith("["):
        host = f"[{host}]"
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"{name!r} is not the name of a header")
        if not _VALUE.fullmatch(value):
            raise ValueError(f"the header {name} has a control character or one beyond Latin-1 in its value")
    ours = {"Host": host, "User-Agent": "exproxy", "Accept": "*/*", "Connection": "close"}
    if method not in _ASKS_NO_LENGTH:
        ours["Content-Length"] = "0"  # RFC 9110 8.6; IIS answers 411 without it
    given = {name.lower() for name in headers}
    fields = [*((name, value) for name, value in ours.items() if name.lower() not in given), *headers.items()]
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields), "", ""]
    return "\r\n".join(lines).encode("latin-1")
