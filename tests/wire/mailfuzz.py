"""Mail clients that say anything at all, cut anyhow, and servers that make of it what lax ones do."""

import re
from collections.abc import Callable
from typing import Protocol

from hypothesis import strategies as st

from exproxy.wire.crossing import Broken
from exproxy.wire.step import Step, Then


class Relay(Protocol):
    @property
    def buffered(self) -> int: ...
    @property
    def holding(self) -> bool: ...
    def from_client(self, data: bytes) -> Step: ...
    def from_server(self, data: bytes) -> Step: ...
    def secured(self) -> Step: ...


MOST = 65_536
CLEAR = b"intheclear"
"""Stands in all that is said before TLS; a server may hear it before TLS begins, and not after."""
_CLAIMS = [
    b"XCLIENT ADDR=192.0.2.66",
    b"xclient addr=192.0.2.66",
    b"XFORWARD ADDR=192.0.2.66",
    b" XCLIENT ADDR=192.0.2.66",
    b"\tXCLIENT ADDR=192.0.2.66",
    b"NOOP\rXCLIENT ADDR=192.0.2.66",
    b"NOOP\nXCLIENT ADDR=192.0.2.66",
    b"NOOP\0\nXCLIENT ADDR=192.0.2.66",
    b'x ID ("x-originating-ip" "192.0.2.66")',
    b'x id ("a" NIL "X-Originating-IP" "192.0.2.66")',
    b'x NOOP\ny ID ("x-originating-ip" "192.0.2.66")',
]
SMTP = [
    b"EHLO me",
    b"HELO me",
    b"MAIL FROM:<a@b>",
    b"RCPT TO:<c@d>",
    b"DATA",
    b"NOOP " + CLEAR,
    b"RSET",
    b"QUIT",
    b"STARTTLS",
    b"BDAT 5",
    b"BDAT 41 LAST",
    b"BDAT 0 LAST",
    b"BDAT x",
    b"AUTH PLAIN",
    b"AUTH PLAIN AGFubmEAc2VjcmV0",
    b"*",
    b"VRFY x",
    b"x",
    b".",
    b"line of a mail",
]
IMAP = [
    b"a CAPABILITY",
    b"a NOOP",
    b"a NOOP " + CLEAR,
    b'a ID ("name" "' + CLEAR + b'")',
    b"a LOGIN anna secret",
    b"a LOGIN {4+}",
    b"a LOGIN {4}",
    b"anna {6+}",
    b"secret",
    b'a LOGIN "anna {42+}',
    b"a LOGIN anna{42+}",
    b"a LOGIN {42-}",
    b"a LOGIN ~{42+}",
    b"a AUTHENTICATE PLAIN",
    b"a AUTHENTICATE PLAIN {42+}",
    b"AGFubmEAc2VjcmV0",
    b"a STARTTLS",
    b"a LOGOUT",
    b"a SELECT x {3+}",
    b"a SELECT {42}",
    b"",
]
POP = [
    b"CAPA",
    b"USER anna",
    b"PASS secret",
    b"APOP anna x",
    b"AUTH PLAIN",
    b"AUTH",
    b"AGFubmEAc2VjcmV0",
    b"STLS",
    b"QUIT",
    b"NOOP " + CLEAR,
    b"LIST",
    b"UTF8",
]
CHOICES = st.lists(st.booleans(), min_size=1, max_size=6)
ENDS = st.sampled_from([b"\r\n"] * 9 + [b"\n", b"\r", b"", b"\r\n.\r\n"])


class Server:
    """Reads as lax servers do, says yes or no as it is told, and knows whether it was lied to about who the client is."""

    def __init__(self, choices: list[bool]) -> None:
        self.choices = choices
        self.turn = 0
        self.buffer = b""
        self.fooled = False
        self.open = False
        """It has begun TLS, or somebody has logged in: it is nobody's business what is said now."""

    def yes(self) -> bool:
        self.turn += 1
        return self.choices[self.turn % len(self.choices)]

    def feed(self, data: bytes) -> bytes:
        self.buffer += data
        said = b""
        while not self.open:
            end = self.step()
            if end is None:
                break
            said += end
        return said

    def line(self) -> bytes | None:
        line, found, rest = self.buffer.partition(b"\n")
        if not found:
            return None
        self.buffer = rest
        return line.rstrip(b"\r")

    def step(self) -> bytes | None:
        """The answer to what came next; ``None``: it has not all come."""
        raise NotImplementedError


_SAYS = {
    b"EHLO": b"250-one\r\n250 CHUNKING\r\n",
    b"DATA": b"354 go\r\n",
    b"AUTH": b"334 \r\n",
    b"STARTTLS": b"220 go\r\n",
}


class SmtpServer(Server):
    content = False
    exchange = False
    chunk: int | None = None

    def step(self) -> bytes | None:
        if self.content:
            end = (b"\r\n" + self.buffer).find(b"\r\n.\r\n")
            if end < 0:
                return None
            self.buffer = self.buffer[end + 3 :]
            self.content = False
            return b"250 taken\r\n" if self.yes() else b"550 no\r\n"
        if self.chunk is not None:
            if len(self.buffer) < self.chunk:
                return None
            self.buffer, self.chunk = self.buffer[self.chunk :], None
            return b"250 chunk\r\n" if self.yes() else b"503 no\r\n"
        line = self.line()
        return None if line is None else self.answer(line)

    def answer(self, line: bytes) -> bytes:
        if self.exchange:
            self.exchange = False
            return b"235 in\r\n" if self.yes() else b"535 no\r\n"
        words = line.replace(b"\0", b" ").replace(b"\r", b" ").split()
        verb = words[0].upper() if words else b""
        self.fooled = self.fooled or verb in (b"XCLIENT", b"XFORWARD")
        if verb == b"BDAT" and len(words) > 1 and words[1].isdigit():
            self.chunk = int(words[1])
            return b""
        if not self.yes():
            return b"500 no\r\n"
        self.content = verb == b"DATA"
        self.exchange = verb == b"AUTH"
        self.open = verb == b"STARTTLS"
        return _SAYS.get(verb, b"250 ok\r\n")


_ARGUMENT = re.compile(rb' (?:"(?:[^"\\]|\\.)*"|\{(\d+)(\+?)\}$|[^ (){%*"\\]+)')


class ImapServer(Server):
    """Of a line that it does not understand it knows nothing of a literal either, as Dovecot."""

    exchange = b""
    tag = b""
    left: int | None = None

    def step(self) -> bytes | None:
        if self.left is not None:
            if len(self.buffer) < self.left:
                return None
            self.buffer, self.left = self.buffer[self.left :], None
            line = self.line_or_wait()
            return None if line is None else self.arguments(line)
        line = self.line()
        if line is None:
            return None
        if self.exchange:
            tag, self.exchange = self.exchange, b""
            return self.judge(tag)
        self.tag, _, rest = line.partition(b" ")
        verb, _, words = rest.partition(b" ")
        self.count = 0
        match verb.upper():
            case b"LOGIN":
                return self.arguments(b" " + words)
            case b"ID":
                self.fooled = self.fooled or b"x-originating" in words.lower()
            case b"AUTHENTICATE":
                if b"{" in words:
                    return self.tag + b" BAD no\r\n"
                self.exchange = self.tag
                return b"+ \r\n"
            case b"STARTTLS":
                self.open = self.yes()
                return self.tag + (b" OK\r\n" if self.open else b" NO\r\n")
        return b"* OK still here\r\n" + self.tag + b" OK\r\n"

    def line_or_wait(self) -> bytes | None:
        line = self.line()
        if line is None:
            self.left = 0
        return line

    def arguments(self, line: bytes) -> bytes:
        at = 0
        while at < len(line):
            found = _ARGUMENT.match(line, at)
            if found is None or self.count == 2:
                return self.tag + b" BAD no\r\n"
            self.count += 1
            at = found.end()
            if found[1]:
                self.left = int(found[1])
                return b"" if found[2] else b"+ go\r\n"
        return self.judge(self.tag) if self.count == 2 else self.tag + b" BAD no\r\n"

    def judge(self, tag: bytes) -> bytes:
        self.open = self.yes()
        return tag + (b" OK in\r\n" if self.open else b" NO no\r\n")


class PopServer(Server):
    exchange = False

    def step(self) -> bytes | None:
        line = self.line()
        if line is None:
            return None
        if self.exchange:
            self.exchange = False
            self.open = self.yes()
            return b"+OK in\r\n" if self.open else b"-ERR no\r\n"
        verb = (line.split() or [b""])[0].upper()
        self.fooled = self.fooled or verb == b"XCLIENT"
        if not self.yes():
            return b"-ERR no\r\n"
        self.exchange = verb == b"AUTH"
        self.open = verb in (b"PASS", b"APOP", b"STLS")
        return {b"CAPA": b"+OK\r\nUSER\r\nSTLS\r\n.\r\n", b"AUTH": b"+ \r\n"}.get(verb, b"+OK\r\n")


def said(words: list[bytes]) -> st.SearchStrategy[bytes]:
    line = st.builds(bytes.__add__, st.sampled_from(words), ENDS)
    return st.lists(line | st.binary(max_size=12), min_size=1, max_size=5).map(b"".join)


def talks(words: list[bytes]) -> st.SearchStrategy[list[tuple[bytes, int, bool]]]:
    """What the client says, in pieces of how many octets, and whether the server is heard then."""
    piece = st.tuples(said(words + _CLAIMS), st.sampled_from([1, 7, 1000]), st.booleans())
    return st.lists(piece, max_size=12)


class Run:
    """One session, as who has the sockets would lead it."""

    def __init__(self, relay: Relay, server: Server) -> None:
        self.relay = relay
        self.server = server
        self.asked = b""
        self.heard = b""
        self.late = b""
        """What the server heard since TLS began."""
        self.waiting = b""
        """What the server has said, and we have not read."""
        self.secure = self.over = self.open = False

    def ask(self, data: bytes) -> None:
        self.asked += data
        self.act(self.relay.from_client, data)

    def answer(self) -> None:
        while self.waiting and not (self.over or self.open):
            said, self.waiting = self.waiting, b""
            self.act(self.relay.from_server, said)

    def act(self, call: Callable[[bytes], Step], data: bytes) -> None:
        if self.over or self.open:
            return
        try:
            self.take(call(data))
        except Broken as broken:
            self.over = True
            self.hear(broken.last.to_server)
        assert self.relay.buffered <= MOST

    def take(self, step: Step) -> None:
        self.over = step.then is Then.FINISH
        self.open = step.then is Then.PIPE
        if not self.open or not self.server.open:  # what waited for the login is the client's, and of no concern
            self.hear(step.to_server)
        if step.then is Then.START_TLS:
            self.relay.from_client(b"QUIT " + CLEAR + b"\r\n")
            self.secure = True
            self.take(self.relay.secured())

    def hear(self, data: bytes) -> None:
        if self.secure:
            self.late += data
        self.heard += data
        self.waiting += self.server.feed(data)
