"""The HTTP check: one request, and what its answer has to be.  Redirects are answers like others, and not followed."""

import re
from collections.abc import Mapping, Sequence

import attrs

from exproxy.wire.dialogue.base import Action, Finish, Outcome, Send, Status
from exproxy.wire.errors import WireError
from exproxy.wire.http import MAX_BODY, Response, ResponseReader, request
from exproxy.wire.lines import printable

HEALTHCHECK = r"\A200 OK(?:(?:\s|<br ?/?>)+(?P<server>[\w.-]+))?"
"""The body of Exchange's ``healthcheck.htm``: ``200 OK``, then the server's name behind a newline or ``<br/>``."""

_STATUS = re.compile(r"(?:([1-9][0-9]{2})(?:-([1-9][0-9]{2}))?)|([1-9])xx", re.ASCII | re.IGNORECASE)


def statuses(expect: Sequence[str]) -> tuple[range, ...]:
    """Read ``"200"``, ``"2xx"`` and ``"300-399"``.

    :raises ValueError: one of them is nothing of that, or there is none.
    """
    if not expect:
        raise ValueError("no status is expected: write 200, 2xx or 300-399")
    ranges = []
    for word in expect:
        found = _STATUS.fullmatch(word.strip())
        if found is None:
            raise ValueError(f"{word!r} is not a status: write 200, 2xx or 300-399")
        first, last, hundreds = found.groups()
        if hundreds:
            ranges.append(range(int(hundreds) * 100, int(hundreds) * 100 + 100))
        elif int(last or first) < int(first):
            raise ValueError(f"{word!r} ends before it begins")
        else:
            ranges.append(range(int(first), int(last or first) + 1))
    return tuple(ranges)


def pattern(body: str) -> re.Pattern[str]:
    """Read a regular expression.

    :raises ValueError: it is none.
    """
    try:
        return re.compile(body)
    except re.error as error:
        raise ValueError(f"{body!r} is not a regular expression: {error}") from None


@attrs.define
class HttpCheck:
    """Well if status, header and body are as expected.

    :param method: any token.
    :param path: with its query.
    :param host: for ``Host``.
    :param headers: more of them.
    :param expect: the statuses that are well: ``"200"``, ``"2xx"``, ``"300-399"``.
    :param body: a regular expression (``re.search``) for the first 64 KB of the body, read as UTF-8; what its group
        named ``server`` found goes into the outcome's text.
    :param header: the name of a header that the answer has to have (the RPC proxy's 401 has ``WWW-Authenticate``).
    :raises ValueError: one of them cannot be; the text is for the administrator who wrote it.
    """

    method: str = "GET"
    path: str = "/"
    host: str = ""
    headers: Mapping[str, str] = attrs.field(factory=dict)
    expect: Sequence[str] = ("200",)
    body: str = ""
    header: str = ""
    _request: bytes = attrs.field(init=False)
    _statuses: tuple[range, ...] = attrs.field(init=False)
    _pattern: re.Pattern[str] = attrs.field(init=False)
    _reader: ResponseReader = attrs.field(init=False)
    _over: bool = attrs.field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self._request = request(self.method, self.path, self.host, self.headers)
        self._statuses = statuses(self.expect)
        self._pattern = pattern(self.body)
        self._reader = ResponseReader(self.method)

    def start(self) -> Sequence[Action]:
        """Ask."""
        return (Send(self._request),)

    def receive(self, data: bytes) -> Sequence[Action]:
        """Judge the answer, once it is complete."""
        if self._over:
            return ()
        try:
            return self._judge(self._reader.feed(data))
        except WireError as error:
            return self._garbled(error)

    def secured(self) -> Sequence[Action]:
        """Never asked for."""
        return ()

    def closed(self) -> Sequence[Action]:
        """For many answers that is their end."""
        if self._over:
            return ()
        try:
            return self._judge(self._reader.closed())
        except WireError as error:
            return self._garbled(error)

    def last_line(self) -> str:
        """The status line, or what came of it."""
        return printable(self._reader.status_line or self._reader.lines.rest)

    def _judge(self, responses: Sequence[Response]) -> Sequence[Action]:
        if not responses:
            return ()
        response = responses[0]
        said = f"{self.method} {self.path} said {response}"
        if not any(response.status in wanted for wanted in self._statuses):
            return self._finish(Status.L7STS, f"{said}, expected {_alternatives(self.expect)}", response.status)
        if self.header and response.header(self.header) is None:
            return self._finish(Status.L7STS, f"{said} without the header {self.header}", response.status)
        found = self._pattern.search(response.body.decode("utf-8", "replace"))
        if found is None:
            looked = "" if response.whole else f" in its first {MAX_BODY} octets"
            text = f"{said}, but its body has nothing that matches {self.body}{looked}"
            return self._finish(Status.L7STS, text, response.status)
        server = found.groupdict().get("server")
        return self._finish(Status.L7OKD, f"{said} from {printable(server, 80)}" if server else said, response.status)

    def _garbled(self, error: WireError) -> Sequence[Action]:
        return self._finish(Status.L7RSP, f"{self.method} {self.path} got no HTTP answer ({error})", None)

    def _finish(self, status: Status, text: str, code: int | None) -> Sequence[Action]:
        self._over = True
        return (Finish(Outcome(status, text, code, self.last_line())),)


def _alternatives(words: Sequence[str]) -> str:
    """``200, 301, 302 or 401``."""
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
