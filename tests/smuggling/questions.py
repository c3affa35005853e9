"""Requests: refused and the connection closed, or made unambiguous.

A name says what is odd.  Behind each, tests send :data:`NEXT`, which has to be the next request, or to be nothing at all where
the connection is closed.
"""

from collections.abc import Iterable

import attrs

CANARY = b"/smuggled"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
NEXT = b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n"
POST, GET, HOST = "POST /outer HTTP/1.1", "GET /outer HTTP/1.1", "Host: a"
CHUNKED = "Transfer-Encoding: chunked"
ENDS = b"0\r\n\r\n"
"""The end of a chunked body, and nothing that a request begins with."""


@attrs.frozen
class Question:
    """What a client sends.

    :param said: octets.
    :param reach: the requests that reach the server, octet for octet, where it is told nothing about the client.
    :param status: what we answer to what follows those, and close; 0: nothing follows them.
    :param closes: nothing is answered behind them all the same.
    :param whole: the server answers only to what we pass on whole; False where more is announced than comes.
    """

    said: bytes
    reach: tuple[bytes, ...] = ()
    status: int = 0
    closes: bool = False
    whole: bool = True

    @property
    def answers(self) -> int:
        """How many a client gets that says :data:`NEXT` behind it."""
        return len(self.reach) + (1 if self.status or not self.closes else 0)


def head(*lines: str, start: str = POST, host: str | None = HOST) -> bytes:
    """The octets of a head; lines are in Latin-1."""
    return "".join(f"{line}\r\n" for line in (start, *filter(None, [host]), *lines, "")).encode("latin-1")


def no(said: bytes, status: int = 400) -> Question:
    """Refused."""
    return Question(said, status=status)


def yes(said: bytes, *reach: bytes, closes: bool = False) -> Question:
    """Passed on: as it came, or as ``reach``."""
    return Question(said, reach or (said,), closes=closes)


def _sized(*lines: str, body: bytes = b"hello", **kinds: str) -> bytes:
    return head(*lines, **kinds) + body


def _names(table: Iterable[tuple[str, Question]]) -> dict[str, Question]:
    """:raises AssertionError: two have the same name."""
    found: dict[str, Question] = {}
    for name, question in table:
        assert name not in found, name
        found[name] = question
    return found


# ---- lengths

_NO_LENGTHS = (
    *(
        "5, 5",
        "5,5",
        "5, 6",
        "5,",
        ",5",
        "5,,5",
        "+5",
        "-5",
        "-0",
        "+0",
        "0x5",
        "0x0",
        "5.0",
        "5e0",
        "1 0",
        "5 5",
        "",
        "5;",
        "5;q=1",
    ),
    *("5a", "a5", "5h", "five", "0b101", "0o5", "1_0", '"5"', "'5'", "(5)", "5\\", "\x0b5", "5\x0b", "\x0c5", "5\x0c", "\xa05"),
    *(
        "5\xa0",
        "\x855",
        "5\x85",
        "5\x00",
        "\x005",
        "5\x00 6",
        "5\x1f",
        "5\x7f",
        "\x015",
        "5\x08",
        "\xef\xbc\x95",
        "\xd9\xa5",
        "5\r",
    ),
    *("\r5", "5\r6", "5\n6", "5\n", "\n5", "5\t5", "18446744073709551621", "9223372036854775808", "1" + 400 * "0"),
    *("0000000000000000005", 30 * "0" + "5", "5 , 5", "5\xad", "NaN", "Infinity", "-1", "4294967296.5", "5/5", "5%", "%35", "5:"),
)
_LENGTH_LINES = {
    "two lengths": ("Content-Length: 5", "Content-Length: 6"),
    "two equal lengths": ("Content-Length: 5", "Content-Length: 5"),
    "two equal lengths with another line between": ("Content-Length: 5", "X: y", "content-length: 5"),
    "a length, and one of nothing": ("Content-Length: 5", "Content-Length: 0"),
    "a length of nothing, and one": ("Content-Length: 0", "Content-Length: 5"),
    "a length, and an empty one": ("Content-Length: 5", "Content-Length:"),
    "three lengths": ("Content-Length: 5", "CONTENT-LENGTH: 5", "content-length: 5"),
    "a length with a blank before the colon": ("Content-Length : 5",),
    "a length with a tab before the colon": ("Content-Length\t: 5",),
    "a length with a vertical tab before the colon": ("Content-Length\x0b: 5",),
    "a length with a NUL before the colon": ("Content-Length\x00: 5",),
    "a length with 0xa0 before the colon": ("Content-Length\xa0: 5",),
    "a length with 0x85 before the colon": ("Content-Length\x85: 5",),
    "a length with a CR before the colon": ("Content-Length\r: 5",),
    "a length behind a blank": ("X: y", " Content-Length: 5"),
    "a length behind a tab": ("X: y", "\tContent-Length: 5"),
    "a length behind a NUL": ("\x00Content-Length: 5",),
    "a length behind a CR": ("\rContent-Length: 5",),
    "a length in a folded line": ("Content-Length:", " 5"),
    "a length with a blank for the hyphen": ("Content Length: 5",),
    "a length without a colon": ("Content-Length 5",),
    "a length with two colons": ("Content-Length:: 5",),
    "a length with an equals sign": ("Content-Length=5",),
    "a length behind a colon": (":Content-Length: 5",),
    "a length behind a bare LF": ("X: y\nContent-Length: 5",),
    "a length behind a bare CR": ("X: y\rContent-Length: 5",),
    "two lengths, one behind a bare CR": ("Content-Length: 5\rContent-Length: 0",),
    "two lengths, one with a blank before the colon": ("Content-Length: 5", "Content-Length : 0"),
}
_LIKE_LENGTHS = ("X-Content-Length", "Content-Length-", "Content--Length", "ContentLength", "Content-Length2", "Content.Length")


def _lengths() -> Iterable[tuple[str, Question]]:
    for value in _NO_LENGTHS:
        shown = repr(value[:30])
        yield f"the length {shown}", no(_sized(f"Content-Length: {value}", body=b"hello" + SMUGGLED))
        if value:
            yield f"the length {shown} in a GET", no(_sized(f"Content-Length: {value}", body=SMUGGLED, start=GET))
    for name, lines in _LENGTH_LINES.items():
        yield name, no(_sized(*lines, body=b"hello" + SMUGGLED))
    inner = f"Content-Length: {len(SMUGGLED)}"
    for name, said in {
        "a length with a blank behind it": inner + " ",
        "a length with tabs around it": inner.replace(" ", "\t") + "\t",
        "a length with zeros before it": inner.replace(": ", ": 000"),
        "a length of 18 digits": f"Content-Length: {len(SMUGGLED):018}",
        "a length in another case": inner.replace("Content-Length", "cOnTeNt-LeNgTh"),
        "a length without a blank behind the colon": inner.replace(" ", ""),
    }.items():
        written = said.partition(":")[0] + f": {len(SMUGGLED)}"
        yield name, yes(_sized(said, body=SMUGGLED), _sized(written, body=SMUGGLED))
    yield "a length of 00", yes(head("Content-Length: 00"), head("Content-Length: 0"))
    yield "a length of nothing, and a body", Question(head("Content-Length: 0") + b"5\r\n", (head("Content-Length: 0"),), 400)
    yield "no length, and a body", Question(head() + b"hello\r\n", (head(),), 400)
    yield (
        "a length that is too short",
        Question(head("Content-Length: 1") + b"5X\r\n", (_sized("Content-Length: 1", body=b"5"),), 400),
    )
    for name in _LIKE_LENGTHS:
        line = f"{name}: 5"
        yield f"{name} and a length", yes(_sized(line, inner, body=SMUGGLED))
        yield f"{name} alone", Question(head(line) + b"5\r\n", (head(line),), 400)
    line = "Content_Length: 5"
    yield "Content_Length and a length", yes(_sized(line, inner, body=SMUGGLED), _sized(inner, body=SMUGGLED))
    yield "Content_Length alone", Question(head(line) + b"5\r\n", (head(),), 400)
    for method in ("GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "RPC_IN_DATA", "get", "PROPFIND"):
        yield f"{method} with a body", yes(_sized(inner, body=SMUGGLED, start=f"{method} /outer HTTP/1.1"))
    for name, length in (("2^32 and 5", 2**32 + 5), ("2^31", 2**31), ("2^53 and 1", 2**53 + 1)):
        said = _sized(f"Content-Length: {length}", body=SMUGGLED)
        yield f"a length of {name}", attrs.evolve(yes(said, said + NEXT, closes=True), whole=False)


# ---- codings

_NO_CODINGS = (
    *("xchunked", "chunkedx", "x chunked", "chunked x", "chunk", "chunke", "chunked\\", "(chunked)", "chunked (x)", "%63hunked"),
    *("identity", "chunked, identity", "chunked,identity", "chunked, x", "x", "cow", "gzip", "chunked, gzip", "none", "null", ""),
    *("chunked, chunked", "chunked,chunked", "chunked;q=1", "chunked; x=y", "chunked;", ";chunked", "chunked,", "chunked, ,"),
    *(
        '"chunked"',
        "'chunked'",
        '"chunked',
        "chunked:",
        ":chunked",
        ": chunked",
        "=chunked",
        "[chunked]",
        "{chunked}",
        "<chunked>",
    ),
    *("\x0bchunked", "chunked\x0b", "\x0cchunked", "chunked\x0c", "\x00chunked", "chunked\x00", "chu\x00nked", "chunked\x00x"),
    *(
        "\x85chunked",
        "chunked\x85",
        "\xa0chunked",
        "chunked\xa0",
        "\xc2\xa0chunked",
        "\xad chunked",
        "\xefchunked",
        "\xffchunked",
    ),
    *("\xe3\x80\x80chunked", "\xef\xbb\xbfchunked", "\xe2\x80\x8bchunked", "chun\xe2\x84\xaaed", "\x01chunked", "chunked\x1f"),
    *(
        "\x7fchunked",
        "chunked\x7f",
        "chu\tnked",
        "chunked\t",
        "chu nked",
        "chu-nked",
        "\rchunked",
        "chunked\r",
        "\nchunked",
        "chunked\n",
    ),
    *(
        "chunked\r\r",
        "\x08chunked",
        "chunked\x1b",
        "trailers",
        "compress",
        "deflate",
        "*",
        "chunked/1",
        "chunked\t x",
        "chunked|x",
    ),
)
_CODINGS_NOT_SERVED = (
    "gzip, chunked",
    "identity, chunked",
    "x, chunked",
    ",chunked",
    ", chunked",
    " ,\tchunked",
    "deflate,chunked",
)
_CODING_LINES = {
    "chunked with a blank before the colon": ("Transfer-Encoding : chunked",),
    "chunked with a tab before the colon": ("Transfer-Encoding\t: chunked",),
    "chunked with a vertical tab before the colon": ("Transfer-Encoding\x0b: chunked",),
    "chunked with a form feed before the colon": ("Transfer-Encoding\x0c: chunked",),
    "chunked with a NUL before the colon": ("Transfer-Encoding\x00: chunked",),
    "chunked with 0xa0 before the colon": ("Transfer-Encoding\xa0: chunked",),
    "chunked with 0x85 before the colon": ("Transfer-Encoding\x85: chunked",),
    "chunked with a CR before the colon": ("Transfer-Encoding\r: chunked",),
    "chunked with a line's end before the colon": ("Transfer-Encoding\r\n : chunked",),
    "chunked with a line's end right before the colon": ("Transfer-Encoding\r\n: chunked",),
    "chunked with a bare LF before the colon": ("Transfer-Encoding\n: chunked",),
    "chunked behind a blank, in a line that could be folded": ("X: y", " Transfer-Encoding: chunked"),
    "chunked behind a tab, in a line that could be folded": ("X: y", "\tTransfer-Encoding: chunked"),
    "chunked behind a NUL, in a line of its own": ("\x00Transfer-Encoding: chunked",),
    "chunked behind a CR, in a line of its own": ("\rTransfer-Encoding: chunked",),
    "chunked behind a vertical tab, in a line of its own": ("\x0bTransfer-Encoding: chunked",),
    "chunked behind a bare CR": ("X: y\rTransfer-Encoding: chunked",),
    "chunked behind a bare LF": ("X: y\nTransfer-Encoding: chunked",),
    "chunked behind LF CR": ("X: y\n\rTransfer-Encoding: chunked",),
    "chunked behind two CR": ("X: y\r\rTransfer-Encoding: chunked",),
    "chunked in a folded line": ("Transfer-Encoding:", " chunked"),
    "chunked in a line folded by a tab": ("Transfer-Encoding:", "\tchunked"),
    "chunked in a line folded behind a bare LF": ("Transfer-Encoding:\n chunked",),
    "chunked in a line folded behind a bare CR": ("Transfer-Encoding:\r chunked",),
    "chunked in a folded line that is empty": ("Transfer-Encoding: chunked", " "),
    "chunked, and folded behind it": ("Transfer-Encoding: chunked", " , identity"),
    "a folded line before chunked": ("Transfer-Encoding: x", " ,chunked"),
    "chunked without a colon": ("Transfer-Encoding chunked",),
    "chunked with an equals sign": ("Transfer-Encoding=chunked",),
    "chunked with two colons": ("Transfer-Encoding:: chunked",),
    "chunked behind a colon, in a line of its own": (":Transfer-Encoding: chunked",),
    "chunked with a blank for the hyphen": ("Transfer Encoding: chunked",),
    "chunked with a slash behind the name": ("Transfer-Encoding/: chunked",),
    "chunked in two lines": (CHUNKED, CHUNKED),
    "chunked, and another coding in a line": (CHUNKED, "Transfer-Encoding: x"),
    "chunked, and identity in a line": (CHUNKED, "Transfer-Encoding: identity"),
    "chunked, and an empty coding in a line": (CHUNKED, "Transfer-Encoding:"),
    "chunked, and it in quotes in a line": (CHUNKED, 'transfer-encoding: "chunked"'),
}
_LIKE_CODINGS = ("X-Transfer-Encoding", "Transfer-Encoding-", "Transfer--Encoding", "TransferEncoding", "Transfer.Encoding")


def _codings() -> Iterable[tuple[str, Question]]:
    covering = f"Content-Length: {len(ENDS + SMUGGLED)}"
    both = ENDS + SMUGGLED

    def pair(name: str, lines: tuple[str, ...], status: int = 400, beside: int = 400) -> Iterable[tuple[str, Question]]:
        yield name, no(_sized(*lines, body=both), status)
        yield f"{name}, with a length", no(_sized(*lines, covering, body=both), beside)
        yield f"{name}, behind a length", no(_sized("Content-Length: 5", *lines, body=both), beside)

    yield "chunked, with a length", no(_sized(CHUNKED, covering, body=both))
    yield "chunked, behind a length", no(_sized(covering, CHUNKED, body=both))
    yield "chunked, with a length of nothing", no(_sized(CHUNKED, "Content-Length: 0", body=both))
    yield "chunked, with a bad length", no(_sized(CHUNKED, "Content-Length: x", body=both))
    yield "chunked, with a length in HTTP/1.0", no(_sized(CHUNKED, covering, body=both, start="POST /outer HTTP/1.0"))
    yield "chunked in HTTP/1.0", no(_sized(CHUNKED, body=both, start="POST /outer HTTP/1.0"))
    yield (
        "chunked in HTTP/1.0 that is kept",
        no(_sized(CHUNKED, "Connection: keep-alive", body=both, start="POST /outer HTTP/1.0")),
    )
    yield "chunked in a GET of HTTP/1.0", no(_sized(CHUNKED, body=both, start="GET /outer HTTP/1.0"))
    for value in _NO_CODINGS:
        yield from pair(f"the coding {value!r}", (f"Transfer-Encoding: {value}",))
    for value in _CODINGS_NOT_SERVED:
        yield from pair(f"the coding {value!r}", (f"Transfer-Encoding: {value}",), 501)
    for name, lines in _CODING_LINES.items():
        yield from pair(name, lines)
    yield from pair("another coding, and chunked in a line", ("Transfer-Encoding: x", CHUNKED), 501)
    yield from pair("an empty coding, and chunked in a line", ("Transfer-Encoding:", CHUNKED), 501)
    for value in ("Chunked", "CHUNKED", "chUNked", "  chunked", "chunked  ", "\tchunked", " \t chunked"):
        said, written = f"Transfer-Encoding: {value}", "Transfer-Encoding: chunked"
        yield f"the coding {value!r}", yes(_sized(said, body=ENDS), _sized(written, body=ENDS))
    for name in _LIKE_CODINGS:
        line = f"{name}: chunked"
        yield f"{name} and a length", yes(_sized(line, covering, body=both))
        yield f"{name} alone", Question(head(line) + ENDS, (head(line),), 400)
    for name in ("TE", "te"):
        yield f"{name}: chunked and a length", yes(_sized(f"{name}: chunked", covering, body=both), _sized(covering, body=both))
    yield "Content-Encoding: chunked", yes(_sized("Content-Encoding: chunked", covering, body=both))
    for name in ("Transfer_Encoding", "transfer_encoding"):
        line = f"{name}: chunked"
        yield f"{name} and a length", yes(_sized(line, covering, body=both), _sized(covering, body=both))
        yield f"{name} alone", Question(head(line) + ENDS, (head(),), 400)
        yield f"{name} and chunked", yes(_sized(line, CHUNKED, body=ENDS), _sized(CHUNKED, body=ENDS))


# ---- chunks

_SIZES_REFUSED = (
    *(
        "",
        "0x5",
        "0X5",
        "5 ",
        " 5",
        "\t5",
        "5\t",
        "+5",
        "-5",
        "5,",
        "5_0",
        "5h",
        "g",
        "five",
        '"5"',
        "5.0",
        "5\\",
        "5=",
        "5:",
        "5 5",
    ),
    *(
        "5\x00",
        "\x005",
        "5\x0b",
        "\x0b5",
        "5\x0c",
        "5\x7f",
        "5\xa0",
        "\xa05",
        "5\x85",
        "\xef\xbc\x95",
        "5\x01",
        "5 ;a=b",
        "5\t;a=b",
    ),
    *("5\r", "\r5", "5\r\r", "\r\n5", "\n5", " ", ";", ";a=b", "10000000000000005", "FFFFFFFFFFFFFFFB", 30 * "0" + "5", 17 * "f"),
    *(
        "0000000000000005",
        "5;a=\x00",
        "5;a=\x0b",
        "5;a=\x7f",
        "5;\x01",
        "5;a\rb",
        "5;\r",
        "5;a=b\r",
        "5;",
        "5;=b",
        "5;a=",
        '5;a="',
        '5;a="b',
        '5;a="b"c',
        "5;a b",
        "5;;a",
        '5;a="\\"',
        "5;a,b",
        '5;a="\r"',
        "5\x0b;a",
        "(5)",
        "%35",
    ),
)
_ENDS_REFUSED = {
    "0x0": "0x0\r\n\r\n",
    "-0": "-0\r\n\r\n",
    "+0": "+0\r\n\r\n",
    "a blank and 0": " 0\r\n\r\n",
    "0 and a blank": "0 \r\n\r\n",
    "0 and a tab": "0\t\r\n\r\n",
    "0 and a bare LF": "0\n\r\n",
    "0 and two bare LF": "0\n\n",
    "0 and a bare CR": "0\r\r\n\r\n",
    "0, CRLF and a bare LF": "0\r\n\n",
    "0, CRLF and CR CR LF": "0\r\n\r\r\n",
    "0 and an extension with a bare LF": "0;\n\r\n",
    "30 zeros": 30 * "0" + "\r\n\r\n",
    "0 and a NUL": "0\x00\r\n\r\n",
    "a size of 2^64": "10000000000000000\r\n\r\n",
    "a size of 2^64 in 32 digits": f"{2**64:032x}\r\n\r\n",
    "no 0": "\r\n\r\n",
    "0 and a comma": "0,\r\n\r\n",
}
_FUNKY = {
    "an extension that goes on behind a bare LF": "2;\nxx\r\n{tail}",
    "an extension of nothing but a bare LF": "2;\nxx\r\n0\r\n\r\n",
    "an extension with a bare LF within": "5;a\nb\r\nhello\r\n0\r\n\r\n",
    "an extension in quotes with CRLF": '5;a="\r\nhello\r\n0\r\n\r\n',
    "an extension in quotes with a bare LF": '5;a="\nhello"\r\n0\r\n\r\n',
    "a size that ends in a bare LF": "5\nhello\r\n0\r\n\r\n",
    "a size that ends in a bare CR": "5\rhello\r\n0\r\n\r\n",
    "a size that ends in CR CR LF": "5\r\r\nhello\r\n0\r\n\r\n",
    "a size that ends in CR X": "5\rXhello\r\n0\r\n\r\n",
    "a size that ends in LF CR": "5\n\rhello\r\n0\r\n\r\n",
    "no end of a chunk": "5\r\nhello0\r\n\r\n",
    "a chunk that ends in a bare LF": "5\r\nhello\n0\r\n\r\n",
    "a chunk that ends in a bare CR": "5\r\nhello\r0\r\n\r\n",
    "a chunk that ends in two octets of anything": "5\r\nhelloXX0\r\n\r\n",
    "a chunk that ends in LF LF": "5\r\nhello\n\n0\r\n\r\n",
    "a chunk that ends in CR X": "5\r\nhello\rX0\r\n\r\n",
    "a chunk that ends in LF CR": "5\r\nhello\n\r0\r\n\r\n",
    "a chunk that ends in CR CR LF": "5\r\nhello\r\r\n0\r\n\r\n",
    "a chunk that ends in two CRLF": "5\r\nhello\r\n\r\n0\r\n\r\n",
    "a chunk that is longer than its size": "5\r\nhello, I am longer\r\n0\r\n\r\n",
    "a chunk that is one octet longer": "5\r\nhelloX2\r\n45\r\n{tail}",
    "a chunk that is two octets longer": "5\r\nhelloXX\r\n45\r\n{tail}",
    "a chunk that is shorter than its size": "6\r\nhello\r\n0\r\n\r\n",
    "a last chunk with octets in it": "0\r\nhello\r\n0\r\n\r\n",
}
_TRAILERS_REFUSED = (
    *("Content-Length: 5", "content-length: 0", "Content_Length: 5", "Transfer-Encoding: chunked", "Transfer_Encoding: chunked"),
    *("Host: b", "host: b", "Connection: close", "Connection: keep-alive", "Upgrade: h2c", "TE: chunked", "Trailer: Host"),
    *("Authorization: Basic YTph", "Cookie: a=b", "Set-Cookie: a=b", "X-Forwarded-For: 10.0.0.1", "X_Forwarded_For: 10.0.0.1"),
    *("x-forwarded_for: 10.0.0.1", "Front-End-Https: on", "Front_End_Https: on", "Forwarded: for=x", "X-Real-IP: 10.0.0.1"),
    *(
        "Expect: 100-continue",
        "Content-Encoding: gzip",
        "Content-Type: x/y",
        "Content-Range: bytes 0-1/2",
        "Proxy-Connection: close",
    ),
    *(
        "Keep-Alive: 5",
        "X : y",
        "X\t: y",
        " X: y",
        "X",
        ": y",
        "X: a\rb",
        "Location: /x",
        "Pragma: x",
        "X: \x00",
        "X: y\nZ: z",
        "X(: y",
        "X\xa0: y",
        "X: y\r",
    ),
    *("GET /smuggled HTTP/1.1", "X: y\r\n z", "Cache-Control: no-store", "Max-Forwards: 1", "Range: bytes=0-1", "If-Match: x"),
    *("Content-Length : 5", "Transfer-Encoding : chunked", "Proxy-Authorization: Basic YTph", "WWW-Authenticate: Basic"),
)


def _chunks() -> Iterable[tuple[str, Question]]:
    tail = "0\r\n\r\n" + SMUGGLED.decode()

    def sent(body: str) -> bytes:
        return head(CHUNKED) + body.encode("latin-1")

    for size in _SIZES_REFUSED:
        yield f"the size {size[:40]!r}", no(sent(f"{size}\r\nhello\r\n{tail}"))
        yield f"the size {size[:40]!r} of a second chunk", no(sent(f"1\r\nx\r\n{size}\r\nhello\r\n{tail}"))
    for name, end in _ENDS_REFUSED.items():
        yield f"chunks that end in {name}", no(sent("5\r\nhello\r\n" + end) + SMUGGLED)
        yield f"no chunk but {name}", no(sent(end) + SMUGGLED)
    for name, body in _FUNKY.items():
        yield name, no(sent(body.replace("{tail}", tail)) + SMUGGLED)
    yield "a chunk that spills into the next", no(sent(f"5\r\nhello!\r\n45\r\n{tail}"))
    for trailer in _TRAILERS_REFUSED:
        yield f"the trailer {trailer!r}", no(sent(f"5\r\nhello\r\n0\r\n{trailer}\r\n\r\n") + SMUGGLED)
    yield "a request for a trailer", no(sent("0\r\n") + SMUGGLED)
    yield "a size's line without end", no(sent("5;" + 5000 * "a"))
    yield "extensions without end", no(sent("".join(f"1;{4000 * 'a'}\r\nx\r\n" for _ in range(5)) + tail))
    yield "a trailer without end", no(sent("0\r\nX: " + 5000 * "a"))
    yield "trailers without end", no(sent("0\r\n" + "".join(f"X: {4000 * 'a'}\r\n" for _ in range(5))))
    inner = SMUGGLED.decode()
    for name, body in {
        "a size in upper case": "A\r\nhellohello\r\n0\r\n\r\n",
        "a size in lower case": "a\r\nhellohello\r\n0\r\n\r\n",
        "a size of 15 digits": "000000000000005\r\nhello\r\n0\r\n\r\n",
        "a last size of 15 digits": f"5\r\nhello\r\n{15 * '0'}\r\n\r\n",
        "no chunk": "0\r\n\r\n",
        "a request in a chunk": f"{len(inner):x}\r\n{inner}\r\n0\r\n\r\n",
        "an end and a request in a chunk": f"{len(inner) + 9:x}\r\n\r\n0\r\n\r\n{inner}\r\n\r\n0\r\n\r\n",
        "chunks and a request in a chunk": f"{len(inner) + 10:x}\r\n5\r\nhello\r\n{inner}\r\n0\r\n\r\n",
        "an extension": "5;a=b\r\nhello\r\n0;c\r\n\r\n",
        "an extension in quotes": '5;a="b;c=\\"d"\r\nhello\r\n0\r\n\r\n',
        "an extension that looks like a size": "5;5\r\nhello\r\n0;5\r\n\r\n",
        "a request in an extension": '5;a="GET /smuggled HTTP/1.1"\r\nhello\r\n0\r\n\r\n',
        "an extension with blanks": "5; a = b \r\nhello\r\n0\r\n\r\n",
        "several extensions": '5;a;b=c; d;e=""\r\nhello\r\n0;f\r\n\r\n',
        "a trailer": "5\r\nhello\r\n0\r\nX-Checksum: 5\r\n\r\n",
        "two trailers": "5\r\nhello\r\n0\r\nX-Checksum: 5\r\nX-Smuggled: GET /smuggled HTTP/1.1\r\n\r\n",
    }.items():
        yield f"chunks with {name}", yes(sent(body))
    yield "chunks of a byte each", yes(sent("".join(f"1\r\n{octet}\r\n" for octet in inner) + "0\r\n\r\n"))
    said = sent("100000005\r\nhello\r\n") + SMUGGLED
    yield "a size of 2^32 and 5", attrs.evolve(yes(said, said + NEXT, closes=True), whole=False)
    yield "chunks in a GET", yes(_sized(CHUNKED, body=b"5\r\nhello\r\n" + ENDS, start=GET))
    yield "chunks, and an octet behind them", Question(sent("0\r\n\r\n") + b"\x00", (sent("0\r\n\r\n"),), 400)
    yield "chunks, and half a chunk behind them", Question(sent("0\r\n\r\n") + b"0\r\n\r\n", (sent("0\r\n\r\n"),), 400)


# ---- header lines

_BAD_LINES = (
    *(" X: y", "\tX: y", "X : y", "X\t: y", ": y", ":", "X", "X y", "", "X\x00: y", "X\x0b: y", "X\r: y", "\rX: y", "\x00X: y"),
    *(
        "X: a\rb",
        "X: a\r",
        "X: \r",
        "X: \ra",
        "X: a\nb",
        "X: a\r\rb",
        "X: \x00",
        "X: a\x00b",
        "X: \x01",
        "X: \x08",
        "X: \x0b",
        "X: \x0c",
    ),
    *(
        "X: \x1f",
        "X: \x7f",
        "X: \x1b[0m",
        "X(: y",
        "X): y",
        "X<: y",
        "X>: y",
        "X@: y",
        "X,: y",
        "X;: y",
        "X\\: y",
        'X": y',
        "X/: y",
    ),
    *("X[: y", "X]: y", "X?: y", "X=: y", "X{: y", "X}: y", "X Y: y", "\xa0X: y", "X\xa0: y", "X\xe9: y", "\x7fX: y", "X\x1f: y"),
    *(
        "\xef\xbb\xbfX: y",
        "X: y\r\n\tz",
        "X: y\r\n z",
        "X: y\n z",
        "X: y\r\n ",
        "X: y\r\n\r",
        "(X): y",
        "X\n: y",
        "GET /smuggled HTTP/1.1",
    ),
)


def _lines() -> Iterable[tuple[str, Question]]:
    for line in _BAD_LINES:
        if line:
            yield f"the line {line!r}", no(head(line, start=GET) + SMUGGLED)
            yield f"the first line {line!r}", no(head(line, HOST, start=GET, host=None) + SMUGGLED)
    yield "a head that ends in bare LF", no(b"GET /outer HTTP/1.1\nHost: a\n\n" + SMUGGLED)
    yield "an empty line that ends in a bare LF", no(b"GET /outer HTTP/1.1\r\nHost: a\r\n\n" + SMUGGLED)
    yield "a last line that ends in a bare LF", no(b"GET /outer HTTP/1.1\r\nHost: a\n\r\n" + SMUGGLED)
    yield "lines that end in LF CR", no(b"GET /outer HTTP/1.1\n\rHost: a\n\r\n\r" + SMUGGLED)
    yield "lines that end in a bare CR", no(b"GET /outer HTTP/1.1\rHost: a\r\r" + SMUGGLED)
    yield "an empty line that ends in CR CR LF", no(b"GET /outer HTTP/1.1\r\nHost: a\r\n\r\r\n" + SMUGGLED)
    yield "a blank in the empty line", no(b"GET /outer HTTP/1.1\r\nHost: a\r\n \r\n" + SMUGGLED)
    yield "a NUL in the empty line", no(b"GET /outer HTTP/1.1\r\nHost: a\r\n\x00\r\n" + SMUGGLED)
    yield "a CR before a whole request", no(b"GET /outer HTTP/1.1\r\nHost: a\r\n\r" + SMUGGLED)
    yield "two header lines too many", no(head(*["X: y"] * 129, start=GET) + SMUGGLED, 431)
    yield "a line of 70,000 octets", no(head("X: " + 70_000 * "y", start=GET) + SMUGGLED, 431)
    for line in (
        *(
            "X:",
            "X:y",
            "X: \t y \t",
            "X: \xff\x80\xa0",
            "X: a\tb",
            "!#$%&'*+-.^_`|~09azAZ: y",
            "X: a: b",
            'X: "GET /smuggled HTTP/1.1"',
        ),
        *("X_Y: z", "Location: /smuggled", "Sec-WebSocket-Version: 13", "Range: bytes=0-1", "If-None-Match: x", "Trailer: X"),
    ):
        yield f"the good line {line!r}", yes(head(line, start=GET))
    yield "a line of 8,000 octets", yes(head("X: " + 8000 * "y", start=GET))


# ---- hosts and targets

_NO_HOSTS = (
    *(
        "",
        "a, b",
        "a,b",
        "a b",
        "a\tb",
        "a;b c",
        "u@a",
        "u:p@a",
        "a/b",
        "a/",
        "/a",
        "a?b",
        "a#b",
        "a\\b",
        "http://a",
        "//a",
        "a:80:80",
    ),
    *(
        "a:x",
        "a:-1",
        "a:+80",
        "a: 80",
        "a :80",
        "a:80 b",
        "a:123456",
        "a:99999",
        "a:65536",
        ":80",
        ":",
        "[::1",
        "::1",
        "[::1]x",
        "[zz]",
    ),
    *(
        "[::1%25lo]",
        "[]",
        "%61",
        "a%00",
        "a%2fb",
        "\xe4",
        "a\x00",
        "\x00a",
        "a\x0b",
        "a\x7f",
        "a\xa0",
        "a\x85",
        "<a>",
        '"a"',
        "{a}",
        "a|b",
    ),
    *(
        "a^b",
        "a`b",
        "[a]:80",
        "a]",
        "a[",
        "@a",
        "a@",
        "a\r",
        "a:80,b:80",
        "a:80#",
        "a:80/",
        "a:8o",
        "a:\xb2",
        "a:0x50",
        "[::1]:x",
        "a..b",
    ),
    *(".", "..", ".a", "a.."),
)
_NO_TARGETS = (
    *("http://b/outer", "http://a:80/outer", "http://a:8080/outer", "http://u@a/outer", "http://u:p@a/outer", "http://a@b/outer"),
    *(
        "http://a\\outer",
        "http://a#/outer",
        "http:/outer",
        "http:///outer",
        "http://",
        "http:outer",
        "http//a/outer",
        "://a/outer",
    ),
    *(
        "ftp://a/outer",
        "ws://a/outer",
        "file:///outer",
        "gopher://a/",
        "a:80",
        "a",
        "a/outer",
        "outer",
        "?x",
        "*",
        "*/outer",
        "\\outer",
    ),
    *(
        "@b/outer",
        "/outer#x",
        "#",
        "http://a/outer#x",
        "http://%61/outer",
        "http://a,b/outer",
        "http://a b/outer",
        "/\x00",
        "/\x7f",
    ),
    *(
        "/%00",
        "/%0d%0aHost:%20b",
        "/outer%",
        "/%zz",
        "/..",
        "/../smuggled",
        "/outer%2f..%2fsmuggled",
        "/\xff",
        "/%ff",
        "http://a./outer",
    ),
    *("http://[::1/outer", "http://[a]/outer", "/outer\tx", "/outer\rx", "/outer\x0bx", "http://a:/outer", "/outer\x1f"),
)


def _hosts() -> Iterable[tuple[str, Question]]:
    for host in _NO_HOSTS:
        yield f"the host {host!r}", no(head(start=GET, host=f"Host: {host}") + SMUGGLED)
    for target in _NO_TARGETS:
        yield f"the target {target!r}", no(head(start=f"GET {target} HTTP/1.1") + SMUGGLED)
    for name, lines in {
        "no host": (),
        "two hosts": (HOST, "Host: b"),
        "two hosts, the other way": ("Host: b", HOST),
        "two equal hosts": (HOST, HOST),
        "two hosts with a line between": (HOST, "X: y", "host: b"),
        "a host, and an empty one": (HOST, "Host:"),
        "an empty host, and one": ("Host:", HOST),
        "a host with a blank before the colon": ("Host : a",),
        "a host, and one with a blank before the colon": (HOST, "Host : b"),
        "a host, and one in a folded line": (HOST, " Host: b"),
        "a host, and one in a folded line before": (" Host: b", HOST),
        "a host that goes on in the next line": (HOST, " b"),
        "a host, and one behind a bare CR": (HOST + "\rHost: b",),
        "a host, and one behind a bare LF": (HOST + "\nHost: b",),
        "a host, and one behind a NUL": (HOST, "\x00Host: b"),
        "a host, and one before a NUL": (HOST, "Host\x00: b"),
        "a host without a colon": ("Host a",),
        "an underscore for a host": ("Ho_st: a",),
        "a host in X-Forwarded-Host only": ("X-Forwarded-Host: a",),
    }.items():
        yield name, no(head(*lines, start=GET, host=None) + SMUGGLED)
    yield "an absolute target, and no host", no(head(start="GET http://a/outer HTTP/1.1", host=None) + SMUGGLED)
    yield "two hosts in HTTP/1.0", no(head(HOST, start="GET /outer HTTP/1.0", host="Host: b") + SMUGGLED)
    yield "an absolute target with a host in its path", no(head(start="GET http://b/http://a/outer HTTP/1.1") + SMUGGLED)
    yield "CONNECT", no(head(start="CONNECT a:80 HTTP/1.1") + SMUGGLED, 501)
    yield "CONNECT with a body", no(_sized("Content-Length: 36", body=SMUGGLED, start="CONNECT a:80 HTTP/1.1"), 501)
    yield "CONNECT to a path", no(head(start="CONNECT /outer HTTP/1.1") + SMUGGLED, 501)
    yield "a target without end", no(head(start=f"GET /{20_000 * 'x'} HTTP/1.1") + SMUGGLED, 414)
    for host in ("a.", "A", "a:80", "a:", "a_b", "[::1]", "[::1]:80", "1.2.3.4:80", "a-b.c", "localhost"):
        yield f"the good host {host!r}", yes(head(start=GET, host=f"Host: {host}"))
    yield "a host among tabs", yes(head(start=GET, host="Host:\t a \t"), head(start=GET))
    yield "an absolute target", yes(head(start="GET http://a/outer HTTP/1.1"))
    yield "an absolute target in another case", yes(head(start="GET HTTP://A/outer HTTP/1.1"))
    yield "an absolute target of https", yes(head(start="GET https://a/outer HTTP/1.1"))
    yield "an absolute target with an address in its query", yes(head(start="GET http://a/outer?http://b/other HTTP/1.1"))
    yield "a star for OPTIONS", yes(head(start="OPTIONS * HTTP/1.1"))
    yield "a target that begins with two slashes", yes(head(start="GET //b/outer HTTP/1.1"))
    said = head(start="GET /outer HTTP/1.0", host=None)
    yield "no host in HTTP/1.0", yes(said, closes=True)
    said = head(start="GET http://a/outer HTTP/1.0", host=None)
    yield "an absolute target, and no host, in HTTP/1.0", yes(said, closes=True)


# ---- first lines

_NO_STARTS = (
    *("GET /outer", "GET /outer HTTP/0.9", "GET", "GET ", "/outer HTTP/1.1", " /outer HTTP/1.1", "GET HTTP/1.1", "GET  HTTP/1.1"),
    *("GET  /outer HTTP/1.1", "GET /outer  HTTP/1.1", "GET\t/outer HTTP/1.1", "GET /outer\tHTTP/1.1", "GET\x0b/outer HTTP/1.1"),
    *(
        "GET\x0c/outer HTTP/1.1",
        "GET\r/outer HTTP/1.1",
        "GET\x00/outer HTTP/1.1",
        "GET\xa0/outer HTTP/1.1",
        " GET /outer HTTP/1.1",
    ),
    *(
        "\tGET /outer HTTP/1.1",
        "GET /outer HTTP/1.1 ",
        "GET /outer HTTP/1.1\t",
        "GET /outer HTTP/1.1 x",
        "GET /outer HTTP/1.1\x00",
    ),
    *(
        "GET /outer HTTP/1.1 HTTP/1.1",
        "GET /outer HTTP/1.0 HTTP/1.1",
        "GET /outer x HTTP/1.1",
        "GET /outer http/1.1",
        "GET /outer Http/1.1",
    ),
    *("GET /outer HTTP/ 1.1", "GET /outer HTTP /1.1", "GET /outer HTTP/1 .1", "GET /outer HTTP/1. 1", "GET /outer HTTP/+1.1"),
    *("GET /outer HTTP/1.x", "GET /outer HTTP/1,1", "GET /outer HTTP/1:1", "GET /outer HTTP\\1.1", "GET /outer HTTP-1.1"),
    *(
        "GET /outer HTTP/",
        "GET /outer HTTP/.1",
        "GET /outer HTTP/1.",
        "GET /outer HTTP",
        "GET /outer HTP/1.1",
        "GET /outer XHTTP/1.1",
    ),
    *(
        "GET /outer HTTPS/1.1",
        "GET /outer RTSP/1.0",
        "GET /outer ICY",
        "GET /outer HTTP/1.1.1",
        "GET /outer HTTP/1.1;x",
        "GET /outer HTTP/1.-1",
    ),
    *(
        "GET /outer HTTP/\xb9.1",
        "GET /outer HTTP/1.\xb9",
        "GE(T /outer HTTP/1.1",
        "GE T /outer HTTP/1.1",
        "G\x00ET /outer HTTP/1.1",
    ),
    *(
        "GET: /outer HTTP/1.1",
        "[GET] /outer HTTP/1.1",
        '"GET" /outer HTTP/1.1',
        "G\xe9T /outer HTTP/1.1",
        "\x00GET /outer HTTP/1.1",
    ),
    *("\xef\xbb\xbfGET /outer HTTP/1.1", 33 * "M" + " /outer HTTP/1.1", "GET, /outer HTTP/1.1", "GET/ /outer HTTP/1.1"),
    *(
        "GET /outer HTTP/1.1\r",
        "\rGET /outer HTTP/1.1",
        "\nGET /outer HTTP/1.1",
        "GET /outer\r HTTP/1.1",
        "GET /outer HTTP/1.1\n",
    ),
    *(
        "GET /outer HTTP/1.1\n\rX: y",
        "GET /outer\nHTTP/1.1",
        "\x0bGET /outer HTTP/1.1",
        "HTTP/1.1 200 OK",
        "GET /outer HTTP/1.1\rX: y",
    ),
    *(
        "\r\r\nGET /outer HTTP/1.1",
        "\r\n GET /outer HTTP/1.1",
        "\r\n\nGET /outer HTTP/1.1",
        "\n\r\nGET /outer HTTP/1.1",
        "\x7fGET / HTTP/1.1",
    ),
)
_OTHER_VERSIONS = ("1.2", "1.9", "1.10", "1.01", "01.1", "2.0", "2", "3.0", "0.9", "1.00", "11.1", "1", "10.0", "1.11")


def _starts() -> Iterable[tuple[str, Question]]:
    for start in _NO_STARTS:
        yield f"the start {start[:40]!r}", no(head(start=start) + SMUGGLED, 505 if start.endswith(" HTTP/0.9") else 400)
    for version in _OTHER_VERSIONS:
        yield f"HTTP/{version}", no(_sized(CHUNKED, body=ENDS + SMUGGLED, start=f"GET /outer HTTP/{version}"), 505)
    yield "no version at all", no(b"GET /smuggled\r\n")
    yield "no version, and a bare LF", no(b"GET /smuggled\n")
    yield "no version, and lines behind", no(b"GET /smuggled\r\nHost: a\r\n\r\n")
    yield "HTTP/2's preface", no(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000") + SMUGGLED)
    yield "HTTP/2's preface without its end", no(b"PRI * HTTP/2.0\r\n\r\n" + SMUGGLED)
    yield "PRI in HTTP/1.1 for a star", no(head(start="PRI * HTTP/1.1") + SMUGGLED)
    yield "TLS", no(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + SMUGGLED)
    yield "a PROXY header that nobody waits for", no(b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n" + head(start=GET) + SMUGGLED)
    yield "an SMTP client", no(b"EHLO a\r\nMAIL FROM:<a@b>\r\n" + SMUGGLED)
    for count in (1, 2, 30):
        yield f"{count} empty lines before", yes(count * b"\r\n" + head(start=GET), head(start=GET))
    yield "an empty line behind a body", yes(_sized("Content-Length: 5") + b"\r\n", _sized("Content-Length: 5"))
    for method in (
        "get",
        "Get",
        "post",
        "RPC_OUT_DATA",
        "M-SEARCH",
        "X!#$%&'*+-.^_`|~",
        32 * "M",
        "TRACE",
        "DEBUG",
        "TRACK",
        "PRI",
    ):
        yield f"the method {method}", yes(head(start=f"{method} /outer HTTP/1.1"))
    for target in (
        "/outer?\xff",
        '/outer?"<>^`{|}',
        "/outer?a b".replace(" ", "%20"),
        "/outer?%00%0d%0a",
        "/outer;x=y",
        "/o%75ter",
        "/outer/./",
    ):
        yield f"the good target {target!r}", yes(head(start=f"GET {target} HTTP/1.1"))


# ---- what is for one connection

_NOMINATED = (
    *("Content-Length", "content-length, X", "Host", "host, content-length", "Transfer-Encoding", "Authorization", "Cookie"),
    *(
        "X-Forwarded-For",
        "X_Forwarded_For",
        "Content-Type",
        "Forwarded",
        "Front-End-Https",
        "Expect",
        "Origin",
        "Sec-X",
        "If-Match",
    ),
)
_WEBSOCKET = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")


def _hops() -> Iterable[tuple[str, Question]]:
    inner = f"Content-Length: {len(SMUGGLED)}"
    whole = _sized(inner, body=SMUGGLED)
    for option in _NOMINATED:
        yield f"Connection: {option}", yes(_sized(inner, f"Connection: {option}", body=SMUGGLED), whole)
    for option in ("Transfer-Encoding", "close-not", "keep-alive, Transfer-Encoding", "Trailer", "TE"):
        yield (
            f"chunked, and Connection: {option}",
            yes(_sized(CHUNKED, f"Connection: {option}", body=ENDS), _sized(CHUNKED, body=ENDS)),
        )
    yield "Connection names a line", yes(_sized(inner, "X-Y: z", "Connection: x-y", body=SMUGGLED), whole)
    yield "Connection: close, and a request behind it", yes(_sized(inner, "Connection: close", body=SMUGGLED), whole, closes=True)
    yield "Connection: close among others", yes(_sized(inner, "Connection: x, CLOSE ,y", body=SMUGGLED), whole, closes=True)
    yield "Connection: close and keep-alive", yes(head("Connection: close, keep-alive"), head(), closes=True)
    yield "Connection: close in a second line", yes(head("Connection: keep-alive", "Connection: close"), head(), closes=True)
    yield "Proxy-Connection and Keep-Alive", yes(head("Proxy-Connection: close", "Keep-Alive: timeout=1, max=1"), head())
    h2c = ("Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABkAAQAAP__")
    yield "h2c", yes(head(*h2c, start=GET), head(start=GET))
    yield "h2c with a body", yes(_sized(*h2c, inner, body=SMUGGLED), whole)
    yield "h2c beside websocket", yes(head("Upgrade: websocket, h2c", "Connection: Upgrade", start=GET), head(start=GET))
    yield (
        "TLS by Upgrade",
        yes(head("Upgrade: TLS/1.0", "Connection: Upgrade", start="OPTIONS * HTTP/1.1"), head(start="OPTIONS * HTTP/1.1")),
    )
    key = _WEBSOCKET[2]
    last = ("Upgrade: websocket", "Connection: Upgrade")
    yield "a websocket that is not taken", yes(head(*_WEBSOCKET, start=GET), head(key, *last, start=GET))
    bad = "Sec-WebSocket-Version: 1777"
    yield "a websocket of a bad version", yes(head(*_WEBSOCKET, bad, start=GET), head(key, bad, *last, start=GET))
    yield (
        "a websocket with a body",
        yes(_sized(*_WEBSOCKET, inner, body=SMUGGLED, start=GET), _sized(key, inner, body=SMUGGLED, start=GET)),
    )
    chunks = _sized(*_WEBSOCKET, CHUNKED, body=ENDS, start=GET)
    yield "a websocket with chunks", yes(chunks, _sized(key, CHUNKED, body=ENDS, start=GET))
    yield "a websocket by POST", yes(head(*_WEBSOCKET), head(key))
    yield "a websocket without Connection", yes(head("Upgrade: websocket", start=GET), head(start=GET))
    old = head("Connection: keep-alive", start="GET /outer HTTP/1.0")
    yield "keep-alive in HTTP/1.0", yes(old)
    old = _sized(inner, "Connection: keep-alive", body=SMUGGLED, start="POST /outer HTTP/1.0")
    yield "keep-alive and a body in HTTP/1.0", yes(old)
    old = _sized(inner, body=SMUGGLED, start="POST /outer HTTP/1.0")
    yield "a body in HTTP/1.0", yes(old, closes=True)
    yield (
        "a body without a length in HTTP/1.0",
        yes(head(start="POST /outer HTTP/1.0") + SMUGGLED, head(start="POST /outer HTTP/1.0"), closes=True),
    )
    old = head("Connection: keep-alive", *_WEBSOCKET[:2], start="GET /outer HTTP/1.0")
    yield "a websocket in HTTP/1.0", yes(old, head("Connection: keep-alive", start="GET /outer HTTP/1.0"))
    for said in ("100-continue", "100-Continue"):
        yield f"Expect: {said}", yes(_sized(inner, f"Expect: {said}", body=SMUGGLED))
    yield "Expect without a body", yes(head("Expect: 100-continue", start=GET))
    yield "Expect with chunks", yes(_sized(CHUNKED, "Expect: 100-continue", body=b"5\r\nhello\r\n" + ENDS))
    yield (
        "Expect in HTTP/1.0",
        yes(
            _sized(inner, "Expect: 100-continue", body=SMUGGLED, start="POST /outer HTTP/1.0"),
            _sized(inner, body=SMUGGLED, start="POST /outer HTTP/1.0"),
            closes=True,
        ),
    )
    trace = "TRACE /outer HTTP/1.1"
    yield "Max-Forwards", yes(head("Max-Forwards: 5", start=trace), head("Max-Forwards: 4", start=trace))
    yield "Max-Forwards that ends here, with a body", no(_sized("Max-Forwards: 0", inner, body=SMUGGLED, start=trace), 501)
    chunks = _sized("Max-Forwards: 0", CHUNKED, body=ENDS + SMUGGLED, start=trace)
    yield "Max-Forwards that ends here, with chunks", no(chunks, 501)
    for said in ("200-ok", "100-continue, x", "100-continue;x", "", "100", "x"):
        yield f"Expect: {said!r}", no(_sized(inner, f"Expect: {said}", body=SMUGGLED), 417)
    yield "Expect twice", no(_sized(inner, "Expect: 100-continue", "Expect: 100-continue", body=SMUGGLED), 417)
    yield (
        "TE: trailers",
        yes(head("TE: trailers", "Connection: TE"), head("Connection: TE").replace(b"Connection", b"TE: trailers\r\nConnection")),
    )
    yield "claims", yes(head("X-Forwarded-For: 1", "X_Forwarded_For: 1", "x-real_ip: 1", "Forwarded: for=1"), head())
    yield "two requests at once", yes(head(start=GET) + whole, head(start=GET), whole)
    yield "a body, and a request that is none", Question(whole + b"GET /smuggled HTTP/1.1\nHost: a\n\n", (whole,), 400)


QUESTIONS: dict[str, Question] = _names((*_lengths(), *_codings(), *_chunks(), *_lines(), *_hosts(), *_starts(), *_hops()))
"""Name -> what is said, and what becomes of it."""
