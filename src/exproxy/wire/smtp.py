"""SMTP replies (RFC 5321 4.2), enhanced status codes (RFC 2034, RFC 3463) and what EHLO offers (RFC 5321 4.1.1.1)."""

import re
from collections.abc import Mapping

import attrs

from exproxy.wire.errors import WireError
from exproxy.wire.lines import MAX_LINE, Lines, printable, quoted, text

MAX_LINES = 100
MAX_REPLY = 65_536

# RFC 5321 bounds the second digit to 5, but 4.2.1 lets a client go by the first alone, and 571 and 591 are about.
# A code without a text is allowed ("clients SHOULD accept").
_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)
_ENHANCED = re.compile(r"([245])\.[0-9]{1,3}\.[0-9]{1,3}(?= |$)")


@attrs.frozen
class Reply:
    """One reply.

    :param code: 200 to 599.
    :param lines: the text of each line, at least one, without code and end of line; decoded as UTF-8 (RFC 6531).
    """

    code: int
    lines: tuple[str, ...]

    @property
    def enhanced(self) -> str | None:
        """The enhanced status code ("4.3.2"); it has to be of the reply's own class (RFC 2034 4)."""
        found = _ENHANCED.match(self.lines[0])
        return found.group() if found and int(found.group(1)) == self.code // 100 else None

    def __str__(self) -> str:
        """As people quote it in a sentence: the code and all of the text, printable, at most 200 characters, no full stop."""
        return printable(f"{self.code} {' '.join(line for line in self.lines if line)}").removesuffix(".")


@attrs.define
class ReplyParser:
    """Bytes in, replies out.  A bare LF ends a line too: a check does not judge how a server ends its lines."""

    limit: int = attrs.field(default=MAX_LINE + MAX_REPLY, init=False)
    lines: Lines = attrs.field(factory=Lines, init=False)
    _code: bytes = attrs.field(default=b"", init=False)
    _texts: list[str] = attrs.field(factory=list, init=False)
    _size: int = attrs.field(default=0, init=False)

    @property
    def buffered(self) -> int:
        """Octets held."""
        return self.lines.buffered + self._size

    def feed(self, data: bytes) -> list[Reply]:
        """All replies that ``data`` completes.

        :raises WireError: this is no SMTP.
        """
        self.receive(data)
        replies = []
        while (reply := self.next()) is not None:
            replies.append(reply)
        return replies

    def receive(self, data: bytes) -> None:
        """Hold ``data`` for :meth:`next`."""
        self.lines.receive(data)

    def next(self) -> Reply | None:
        """The next reply, or None when it has not all come.

        :raises WireError: this is no SMTP.
        """
        while True:
            where = f"SMTP reply, line {len(self._texts) + 1}"
            line = self.lines.take(where)
            if line is None:
                return None
            last = self._add(line, where)
            if last:
                reply = Reply(int(self._code), tuple(self._texts))
                self._code, self._texts, self._size = b"", [], 0
                return reply

    def _add(self, line: bytes, where: str) -> bool:
        """Take one line into the present reply; tells whether it is the last."""
        found = _LINE.fullmatch(text(line))
        if found is None:
            raise WireError(f"it does not begin with a three-digit code: {quoted(line)}", where)
        code, mark, words = found.groups()
        if self._texts and code != self._code:
            raise WireError(f"the code changes from {self._code.decode()} to {code.decode()} within one reply", where)
        self._code = code
        self._texts.append((words or b"").decode("utf-8", "backslashreplace"))
        self._size += len(line)
        if len(self._texts) > MAX_LINES or self._size > MAX_REPLY:
            raise WireError(f"the reply is longer than {MAX_LINES} lines or {MAX_REPLY} octets", where)
        return bool(mark != b"-")


@attrs.frozen
class Extensions:
    """What a server offers.

    :param domain: what it calls itself.
    :param keywords: upper-case keyword to its parameters, as they came.
    """

    domain: str
    keywords: Mapping[str, tuple[str, ...]]

    def offers(self, keyword: str) -> bool:
        """Whether the keyword stood there, in whatever case (RFC 5321 2.4)."""
        return keyword.upper() in self.keywords


def extensions(reply: Reply) -> Extensions:
    """Read the reply to EHLO.  ``AUTH=LOGIN``, as old servers write for old clients, is ``AUTH`` too."""
    keywords: dict[str, tuple[str, ...]] = {}
    for line in reply.lines[1:]:
        words = line.replace("=", " ", 1).split() if line.upper().startswith("AUTH=") else line.split()
        if words:
            keyword = words[0].upper()
            keywords[keyword] = keywords.get(keyword, ()) + tuple(words[1:])
    domain = reply.lines[0].split()
    return Extensions(domain[0] if domain else "", keywords)
