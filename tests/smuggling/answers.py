"""What servers answer: 502 where it is ambiguous, and cut for the client where it is cut.

Nothing that comes behind an answer is anybody's: :data:`POISON` never reaches a client.
"""

import enum
import socket
from collections.abc import Iterable
from http.client import HTTPResponse
from typing import BinaryIO, cast

import attrs

POISON = b"poison"
POISONED = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n" + POISON
OK, CHUNKED, LENGTH = "HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "Content-Length: 5"
GET, HEAD = (method + b" /outer HTTP/1.1\r\nHost: a\r\n\r\n" for method in (b"GET", b"HEAD"))
OLD = b"GET /outer HTTP/1.0\r\nHost: a\r\n\r\n"
KEPT = b"GET /outer HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"
UPLOAD = b"POST /outer HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nnot all of it"
WEBSOCKET = b"GET /outer HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


class End(enum.Enum):
    """What the server does behind its last word."""

    STAYS = enum.auto()
    CLOSES = enum.auto()
    RESETS = enum.auto()


class Outcome(enum.Enum):
    """What the client sees."""

    BAD = enum.auto()
    """502, whole."""
    WHOLE = enum.auto()
    """The answer, as it was meant."""
    CUT = enum.auto()
    """A beginning, and that it is no more than that."""


@attrs.define
class Answer:
    """:param parts: octets of the server, a moment between each two.

    :param body: of a whole answer, decoded.
    :param kept: whether the client's connection is kept; None: that is not the point.
    """

    parts: tuple[bytes, ...]
    outcome: Outcome
    end: End = End.STAYS
    asked: bytes = GET
    status: int = 200
    body: bytes = b"hello"
    kept: bool | None = None

    @property
    def method(self) -> str:
        """Of the request."""
        return self.asked[: self.asked.index(b" ")].decode()


def head(*lines: str, start: str = OK) -> bytes:
    """The octets of a head; lines are in Latin-1."""
    return "".join(f"{line}\r\n" for line in (start, *lines, "")).encode("latin-1")


def bad(*parts: bytes, end: End = End.STAYS, asked: bytes = GET) -> Answer:
    """502."""
    return Answer(parts, Outcome.BAD, end, asked, 502)


def whole(
    *parts: bytes, end: End = End.STAYS, asked: bytes = GET, status: int = 200, body: bytes = b"hello", kept: bool | None = None
) -> Answer:
    """Passed on."""
    return Answer(parts, Outcome.WHOLE, end, asked, status, body, kept)


def cut(*parts: bytes, end: End = End.CLOSES, asked: bytes = GET) -> Answer:
    """The beginning of it is passed on."""
    return Answer(parts, Outcome.CUT, end, asked)


def read(stream: BinaryIO, method: str) -> tuple[int, bytes]:
    """Status and body of the next final answer, as a client reads it that is not ours.

    :raises HTTPException: it is not whole, or none.
    :raises OSError: the stream broke.
    """
    while True:
        answer = HTTPResponse(cast(socket.socket, _Connection(stream)), method=method)
        answer.begin()
        if answer.status >= 200 or answer.status == 101:
            return answer.status, answer.read()


@attrs.frozen
class _Connection:
    """As much of a socket as a response reads from; it stays open behind the response."""

    stream: BinaryIO

    def makefile(self, mode: str) -> "_Connection":
        return self

    def readline(self, size: int = -1) -> bytes:
        return self.stream.readline(size)

    def read(self, size: int = -1) -> bytes:
        return self.stream.read(size)

    def close(self) -> None:
        pass

    flush = close


_BAD_LENGTHS = (
    *("5, 5", "5,5", "+5", "-5", "0x5", "5.0", "5 5", "", "5,", "five", "\x0b5", "5\x0c", "\xa05", "5\x00", '"5"', "1_0", "5;"),
    *("18446744073709551621", 30 * "0" + "5", "5\r", "5\n6"),
)
_BAD_CODINGS = (
    *(
        "gzip",
        "chunked, gzip",
        "gzip, chunked",
        "identity",
        "chunked, identity",
        "identity, chunked",
        "xchunked",
        '"chunked"',
        "",
    ),
    *("chunked, chunked", "\x0bchunked", "\xa0chunked", "chunked\x00", "chunked;q=1", "chunked,", ",chunked", "cow", "chunked\r"),
    *("x", "deflate", "\x85chunked", "chunked\x0c"),
)
_BAD_LINES = (
    *(
        "X : y",
        "X\t: y",
        " X: y",
        "X",
        ": y",
        "X: y\r\n z",
        "X: y\rZ: z",
        "X: y\nZ: z",
        "X: \x00",
        "X\x00: y",
        "X: \x0b",
        "X: \x7f",
        "X(: y",
    ),
    *("X: y\r", "\rX: y", "X\xa0: y", "Content-Length : 5", "Transfer-Encoding : chunked", "Transfer-Encoding:\r\n chunked"),
    *("X: y\rTransfer-Encoding: chunked", "X: y\nTransfer-Encoding: chunked", "X: y\nContent-Length: 0", "Content-Length:\r\n 5"),
)
_BAD_STARTS = (
    *(
        "HTTP/1.1 OK",
        "HTTP/1.1 20 OK",
        "HTTP/1.1 2000 OK",
        "HTTP/1.1 000 OK",
        "HTTP/1.1 099 OK",
        "HTTP/1.1 2x0 OK",
        "HTTP/1.1 +20 OK",
    ),
    *(
        "HTTP/1.1  200 OK",
        "HTTP/1.1\t200 OK",
        "HTTP/1.1 200\tOK",
        "HTTP/1.1",
        "HTTP/1.1 ",
        "HTTP/1.1200 OK",
        "HTTP/1.1 200OK",
        "HTTP/1.2 200 OK",
    ),
    *(
        "HTTP/2 200 OK",
        "HTTP/2.0 200 OK",
        "HTTP/0.9 200 OK",
        "HTTP/1 200 OK",
        "HTTP/1.10 200 OK",
        "http/1.1 200 OK",
        "Http/1.1 200 OK",
    ),
    *(
        "HTTP /1.1 200 OK",
        "HTTP/ 1.1 200 OK",
        " HTTP/1.1 200 OK",
        "ICY 200 OK",
        "RTSP/1.0 200 OK",
        "220 mail ESMTP",
        "GET / HTTP/1.1",
    ),
    *(
        "HTTP/1.1 200 O\rK",
        "HTTP/1.1 200 O\x00K",
        "HTTP/1.1 200 \x0b",
        "HTTP/1.1 200 \x7f",
        "HTTP/1.1 200 OK\r",
        "HTTP/1.1 -200 OK",
    ),
    *(
        "<html>",
        "\x00",
        "\x15\x03\x01\x00\x02\x02\x0a",
        "HTTP/1.1 \xb200 OK",
        "HTTP/1.1 200 " + 70_000 * "x",
        "\r\nHTTP/1.1 200 OK",
    ),
    *("HTTP/1.1 200 OK\nX: y", "\nHTTP/1.1 200 OK", "XHTTP/1.1 200 OK", "HTTP/1.1 100", "HTTP/1.1 1000 OK", "HTTP/-1.1 200 OK"),
)


def _heads() -> Iterable[tuple[str, Answer]]:
    for value in _BAD_LENGTHS:
        yield f"the length {value!r}", bad(head(f"Content-Length: {value}") + b"hello" + POISONED)
    for value in _BAD_CODINGS:
        line = f"Transfer-Encoding: {value}"
        yield f"the coding {value!r}", bad(head(line) + b"0\r\n\r\n" + POISONED, end=End.CLOSES)
        yield f"the coding {value!r} and a length", bad(head(line, LENGTH) + b"0\r\n\r\n" + POISONED)
    for line in _BAD_LINES:
        yield f"the line {line!r}", bad(head(LENGTH, line) + b"hello")
        yield f"the first line {line!r}", bad(head(line, LENGTH) + b"hello")
    for start in _BAD_STARTS:
        yield f"the start {start[:30]!r}", bad(head(LENGTH, start=start) + b"hello", end=End.CLOSES)
    for name, lines in {
        "two lengths": (LENGTH, "Content-Length: 6"),
        "two equal lengths": (LENGTH, LENGTH),
        "a length of nothing, and one": ("Content-Length: 0", LENGTH),
        "chunked, and a length": (CHUNKED, LENGTH),
        "a length, and chunked": (LENGTH, CHUNKED),
        "chunked in two lines": (CHUNKED, CHUNKED),
        "chunked, and another coding in a line": (CHUNKED, "Transfer-Encoding: gzip"),
        "more lines than are taken": tuple(f"X-{number}: y" for number in range(129)),
        "a line longer than is taken": ("X: " + 70_000 * "y",),
    }.items():
        yield name, bad(head(*lines) + b"5\r\nhello\r\n0\r\n\r\n" + POISONED)
        yield f"{name}, in pieces", bad(*(bytes((octet,)) for octet in head(*lines)[:40]), head(*lines)[40:])
    yield "chunked in HTTP/1.0", bad(head(CHUNKED, start="HTTP/1.0 200 OK") + b"5\r\nhello\r\n0\r\n\r\n", end=End.CLOSES)
    yield "chunked for a client of HTTP/1.0", bad(head(CHUNKED) + b"5\r\nhello\r\n0\r\n\r\n", asked=OLD)
    yield "a head that ends in bare LF", bad(b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello")
    yield "an empty line that ends in a bare LF", bad(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\nhello")
    yield "an empty line that ends in CR CR LF", bad(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\r\nhello", end=End.CLOSES)
    yield "HTTP/0.9", bad(b"hello, I am a page", end=End.CLOSES)
    for end in (End.CLOSES, End.RESETS):
        yield f"nothing, and it {end.name}", bad(end=end)
        yield f"half a line, and it {end.name}", bad(b"HTTP/1.1 20", end=end)
        yield f"half a head, and it {end.name}", bad(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", end=end)
        yield f"an interim answer, and it {end.name}", bad(head(start="HTTP/1.1 100 Continue"), end=end)


def _bodyless() -> Iterable[tuple[str, Answer]]:
    for status in ("204 No Content", "100 Continue", "102 Processing", "103 Early Hints"):
        for line in (LENGTH, CHUNKED):
            yield f"{status} with {line}", bad(head(line, start=f"HTTP/1.1 {status}") + b"hello")
    for name, start, lines, asked in (
        ("204", "HTTP/1.1 204 No Content", (), GET),
        ("204 with a length of nothing", "HTTP/1.1 204 No Content", ("Content-Length: 0",), GET),
        ("304", "HTTP/1.1 304 Not Modified", (), GET),
        ("304 with a length", "HTTP/1.1 304 Not Modified", (LENGTH,), GET),
        ("304 with chunks", "HTTP/1.1 304 Not Modified", (CHUNKED,), GET),
        ("HEAD", OK, (), HEAD),
        ("HEAD with a length", OK, (LENGTH,), HEAD),
        ("HEAD with chunks", OK, (CHUNKED,), HEAD),
        ("HEAD answered by 404", "HTTP/1.1 404 Not Found", (LENGTH,), HEAD),
    ):
        status = int(start[9:12])
        said = head(*lines, start=start)
        yield name, whole(said, asked=asked, status=status, body=b"", kept=True)
        yield f"{name}, and a body", bad(said + b"hello", asked=asked)
        yield f"{name}, and an answer for a body", bad(said + POISONED, asked=asked)
        yield f"{name}, and a body that comes later", whole(said, b"hello", asked=asked, status=status, body=b"", kept=True)
        yield f"{name}, and an answer for a body later", whole(said, POISONED, asked=asked, status=status, body=b"", kept=True)
    yield (
        "205 with a length of nothing",
        whole(head("Content-Length: 0", start="HTTP/1.1 205 Reset Content"), status=205, body=b""),
    )


def _interim() -> Iterable[tuple[str, Answer]]:
    last = head(LENGTH) + b"hello"
    for start in ("100 Continue", "102 Processing", "103 Early Hints", "199 x"):
        said = head("Link: </x>", start=f"HTTP/1.1 {start}")
        yield f"{start} unasked", whole(said + last)
        yield f"{start} unasked, and later the answer", whole(said, last)
        yield f"{start} for a client of HTTP/1.0", whole(said + last, asked=OLD, kept=False)
        yield f"{start}, and no HTTP", bad(said + b"hello", end=End.CLOSES)
    yield "ten interim answers", whole(10 * head(start="HTTP/1.1 102 Processing") + last)
    yield "a flood of interim answers", bad(5000 * head(start="HTTP/1.1 100 Continue"))
    yield "a flood of interim answers for a client of HTTP/1.0", bad(5000 * head(start="HTTP/1.1 100 Continue"), asked=OLD)
    upgrade = ("Connection: Upgrade", "Upgrade: websocket")
    switch = "HTTP/1.1 101 Switching Protocols"
    yield "101 unasked", bad(head(*upgrade, start=switch) + POISONED)
    yield "101 without a protocol", bad(head(start=switch) + POISONED, asked=WEBSOCKET)
    yield "101 to another protocol", bad(head("Connection: Upgrade", "Upgrade: h2c", start=switch) + POISONED, asked=WEBSOCKET)
    yield "101 with a length", bad(head(*upgrade, LENGTH, start=switch) + POISONED, asked=WEBSOCKET)
    yield "101 in HTTP/1.0 unasked", bad(head(*upgrade, start="HTTP/1.0 101 x") + POISONED, asked=OLD)
    refused = head("Sec-WebSocket-Version: 13", "Content-Length: 5", start="HTTP/1.1 426 Upgrade Required") + b"hello"
    yield "426 to a websocket", whole(refused, asked=WEBSOCKET, status=426, kept=True)
    yield "200 to a websocket", whole(head(*upgrade, LENGTH) + b"hello", asked=WEBSOCKET, kept=True)


def _behind() -> Iterable[tuple[str, Answer]]:
    sized = head(LENGTH)
    chunked = head(CHUNKED)
    chunks = b"5\r\nhello\r\n0\r\n\r\n"
    yield "an answer behind one with a length", bad(sized + b"hello" + POISONED)
    yield "an answer behind one with chunks", bad(chunked + chunks + POISONED)
    yield "an answer behind one of no length", bad(head("Content-Length: 0") + POISONED)
    yield "an octet behind an answer", bad(sized + b"hello!")
    yield "an empty line behind an answer", bad(sized + b"hello\r\n")
    yield "an answer later behind one with a length", whole(sized + b"hello", POISONED, kept=True)
    yield "an answer later behind one with chunks", whole(chunked + chunks, POISONED, kept=True)
    yield "an answer behind a body that came later", whole(sized, b"hello" + POISONED, kept=True)
    yield "an answer behind chunks that came later", whole(chunked, chunks + POISONED, kept=True)
    yield "an answer behind half a body", whole(sized + b"he", b"llo" + POISONED, kept=True)
    yield "an answer behind, and it closes", whole(sized, b"hello" + POISONED, end=End.CLOSES, kept=True)
    yield "an answer later behind an early one", whole(sized + b"hello", POISONED, asked=UPLOAD)


def _bodies() -> Iterable[tuple[str, Answer]]:
    sized, chunked = head(LENGTH), head(CHUNKED)
    chunks = b"5\r\nhello\r\n0\r\n\r\n"
    yield "a length", whole(sized + b"hello", kept=True)
    yield "a length with zeros before it", whole(head("Content-Length: 0005") + b"hello", kept=True)
    yield "chunks", whole(chunked + chunks, kept=True)
    yield "chunks with a trailer", whole(chunked + b"5\r\nhello\r\n0\r\nX-Sum: y\r\n\r\n", kept=True)
    yield "chunks with an extension", whole(chunked + b"5;a=b\r\nhello\r\n0\r\n\r\n", kept=True)
    yield "an answer in a body", whole(head(f"Content-Length: {len(sized)}") + sized, body=sized, kept=True)
    yield "octet by octet", whole(*(bytes((octet,)) for octet in sized + b"hello"), kept=True)
    yield "a body until the end", whole(head() + b"hello", end=End.CLOSES, kept=False)
    yield "a body until the end, later", whole(head(), b"hel", b"lo", end=End.CLOSES, kept=False)
    yield "a body until the end for HTTP/1.0", whole(head() + b"hello", end=End.CLOSES, asked=OLD, kept=False)
    yield "a body until the end for HTTP/1.0 that is kept", whole(head() + b"hello", end=End.CLOSES, asked=KEPT, kept=False)
    yield "no body until the end", whole(head(), end=End.CLOSES, body=b"", kept=False)
    yield "a length and the end", whole(sized + b"hello", end=End.CLOSES)
    yield "a length and a reset later", whole(sized + b"hello", b"", end=End.RESETS)
    yield "a server of HTTP/1.0", whole(head(LENGTH, start="HTTP/1.0 200 OK") + b"hello", kept=True)
    yield "a server of HTTP/1.0 without a length", whole(head(start="HTTP/1.0 200 OK") + b"hello", end=End.CLOSES, kept=False)
    yield (
        "a server of HTTP/1.0 that keeps",
        whole(head(LENGTH, "Connection: keep-alive", start="HTTP/1.0 200 OK") + b"hello", kept=True),
    )
    yield "a length for a client of HTTP/1.0", whole(sized + b"hello", asked=OLD, kept=False)
    yield "a length for a client of HTTP/1.0 that is kept", whole(sized + b"hello", asked=KEPT, kept=True)
    yield "no reason", whole(head(LENGTH, start="HTTP/1.1 200") + b"hello", kept=True)
    yield "an empty reason", whole(head(LENGTH, start="HTTP/1.1 200 ") + b"hello", kept=True)
    yield "the status 999", whole(head(LENGTH, start="HTTP/1.1 999 x") + b"hello", status=999, kept=True)
    yield "the status 600", whole(head(LENGTH, start="HTTP/1.1 600 x") + b"hello", status=600, kept=True)
    yield "Connection names the length", whole(head(LENGTH, "Connection: Content-Length") + b"hello", kept=True)
    yield "Connection names the coding", whole(head(CHUNKED, "Connection: Transfer-Encoding") + chunks, kept=True)
    early = head("Connection: close", LENGTH, start="HTTP/1.1 413 Too Large") + b"hello"
    yield "an early answer", whole(early, asked=UPLOAD, status=413, end=End.CLOSES, kept=False)
    yield "an early answer, and it does not say that it leaves", whole(sized + b"hello", asked=UPLOAD, end=End.CLOSES, kept=False)


def _cuts() -> Iterable[tuple[str, Answer]]:
    sized, chunked = head(LENGTH), head(CHUNKED)
    for end in (End.CLOSES, End.RESETS):
        how = f", and it {end.name}"
        for asked in (GET, OLD, KEPT, UPLOAD):
            who = "" if asked is GET else f", for {asked[: asked.index(b' ')].decode()} {asked[12:20].decode()}"
            who += ", kept" if asked is KEPT else ""
            yield f"a length and no body{how}{who}", cut(sized, end=end, asked=asked)
            yield f"a length and half a body{how}{who}", cut(sized + b"he", end=end, asked=asked)
            yield f"a length and half a body in pieces{how}{who}", cut(sized, b"h", b"e", end=end, asked=asked)
        for name, said in {
            "no chunk": b"",
            "half a size": b"5",
            "a size": b"5\r\n",
            "half a chunk": b"5\r\nhe",
            "a chunk without its end": b"5\r\nhello",
            "a chunk with half of its end": b"5\r\nhello\r",
            "a chunk": b"5\r\nhello\r\n",
            "half of the last chunk": b"5\r\nhello\r\n0",
            "a last chunk": b"5\r\nhello\r\n0\r\n",
            "half of a trailer": b"5\r\nhello\r\n0\r\nX: y",
        }.items():
            yield f"{name}{how}", cut(chunked + said, end=end)
            yield f"{name} later{how}", cut(chunked, said or b"", end=end)
    for name, said in {
        "a bad size": b"x\r\n",
        "a size and a bare LF": b"5\nhello\r\n0\r\n\r\n",
        "a chunk that is too long": b"5\r\nhello!\r\n0\r\n\r\n",
        "a chunk that is too short": b"6\r\nhello\r\n0\r\n\r\n",
        "a signed size": b"-5\r\nhello\r\n0\r\n\r\n",
        "a hexadecimal prefix": b"0x5\r\nhello\r\n0\r\n\r\n",
        "a size beyond all bounds": b"10000000000000005\r\nhello\r\n0\r\n\r\n",
        "an extension with a bare LF": b"5;a\nb\r\nhello\r\n0\r\n\r\n",
        "a length in a trailer": b"5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n",
        "a cookie in a trailer": b"5\r\nhello\r\n0\r\nSet-Cookie: a=b\r\n\r\n",
    }.items():
        yield f"{name}, later", cut(chunked, said + POISONED, end=End.STAYS)
        yield f"{name}, at once", bad(chunked + said + POISONED)
    for asked, who in ((GET, ""), (OLD, " for HTTP/1.0"), (KEPT, " for HTTP/1.0 that is kept")):
        yield f"a body until a reset{who}", cut(head(), b"hello", end=End.RESETS, asked=asked)
        yield f"a body at once until a reset{who}", cut(head() + b"hello", b"", end=End.RESETS, asked=asked)


def _table() -> dict[str, Answer]:
    table: dict[str, Answer] = {}
    for group in (_heads(), _bodyless(), _interim(), _behind(), _bodies(), _cuts()):
        for name, answer in group:
            assert name not in table, name
            table[name] = answer
    return table


ANSWERS = _table()
"""Name -> what the server says and what comes of it."""
