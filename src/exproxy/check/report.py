"""What a run of a check leaves behind."""

import re
from collections.abc import Callable
from datetime import datetime

import attrs

from exproxy.net.certificate import PeerCertificate
from exproxy.pool import CheckResult
from exproxy.wire.dialogue.base import Outcome, Status

MAX_LINES = 200
MAX_WIDTH = 200
_CREDENTIALS = re.compile(r"((?:proxy-)?authorization:\s*(?:\S+\s+(?=\S))?)\S.*", re.IGNORECASE)
"""Behind the scheme, if there is one: what stands alone may be a token."""


@attrs.frozen
class Report:
    """How a run ended.

    :param outcome: the dialogue's, or the layer's at which it got stuck; certificate warnings are among its warnings.
    :param duration: seconds from the first connection attempt to the verdict.
    :param certificate: the server's, if there was TLS.
    :param transcript: what was said, in lines (``>>> ours``, ``<<< theirs``, ``--- what happened``), if that was asked for.
    :param fault: where the checker itself broke, for the log; empty if it did not.
    """

    outcome: Outcome
    duration: float
    certificate: PeerCertificate | None = None
    transcript: tuple[str, ...] = ()
    fault: str = ""

    @property
    def stopping(self) -> bool:
        """The server is well, but asks for no new clients."""
        return self.outcome.status is Status.L7OKC

    @property
    def passed(self) -> bool:
        """New clients may be sent there."""
        return self.outcome.status.passed and not self.stopping

    def result(self) -> CheckResult:
        """As the pool wants it."""
        return CheckResult(
            passed=self.passed,
            stopping=self.stopping,
            status=self.outcome.status.value,
            text=self.outcome.text,
            line=self.outcome.line,
            code=self.outcome.code,
            duration=self.duration,
            warnings=self.outcome.warnings,
            offers=self.outcome.offers,
        )


def _nobody(line: str) -> None:
    pass


@attrs.define
class Transcript:
    """Writes a run down, at most ``MAX_LINES`` lines of ``MAX_WIDTH`` characters, whatever a server sends.

    :param tell: called with each line as it comes.
    """

    tell: Callable[[str], None] = _nobody
    lines: list[str] = attrs.field(factory=list)

    def ours(self, data: bytes) -> None:
        self._add(">>>", data)

    def theirs(self, data: bytes) -> None:
        self._add("<<<", data)

    def event(self, text: str) -> None:
        """Something that nobody said."""
        self._put(f"--- {text}")

    def _add(self, mark: str, data: bytes) -> None:
        for line in _shown(data):
            self._put(f"{mark} {line}")

    def _put(self, line: str) -> None:
        if len(self.lines) > MAX_LINES:
            return
        if len(self.lines) == MAX_LINES:
            line = "--- and more, which is not shown"
        self.lines.append(line)
        self.tell(line)


class Unwritten(Transcript):
    """For the runs that nobody looks at."""

    def _add(self, mark: str, data: bytes) -> None:
        pass

    def _put(self, line: str) -> None:
        pass


def _shown(data: bytes) -> list[str]:
    """Lines of text as they are, anything else as its size and first bytes; what comes with a head of HTTP, apart from that."""
    head, blank, body = data.partition(b"\r\n\r\n")
    if head.startswith(b"HTTP/") and body:
        return [*_part(head + blank), *_part(body)]
    return _part(data)


def _part(data: bytes) -> list[str]:
    head = data[: MAX_LINES * MAX_WIDTH]
    text = head.decode("utf-8", "replace")
    strange = sum(not character.isprintable() and character not in "\r\n\t" for character in text)
    if strange * 10 > len(text) or "\0" in text:
        return [f"{len(data)} bytes: {data[:32].hex(' ')}{' …' if len(data) > 32 else ''}"]
    return [_line(line) for line in text.splitlines()]


def _line(line: str) -> str:
    """Printable, without the credentials that a header of HTTP may have: transcripts end up in mails and tickets."""
    shown = "".join(c if c.isprintable() else "." for c in line.replace("\t", " "))
    return _CREDENTIALS.sub(r"\1(not shown)", shown)[:MAX_WIDTH]


def certificate_warnings(certificate: PeerCertificate, now: datetime, warn_days: int) -> tuple[str, ...]:
    """What of a certificate is not wrong yet, or was not to be verified.

    :param now: with its time zone.
    :param warn_days: so many days before it expires, a warning begins.
    """
    days = certificate.days_left(now)
    date = certificate.not_after.date().isoformat()
    if days < 0:
        return (f"the certificate expired {_days(-days)} ago, on {date}",)
    if days < warn_days:
        return (f"the certificate expires in {_days(days)}, on {date}",)
    return ()


def _days(number: float) -> str:
    whole = int(number)
    return "less than a day" if whole == 0 else "1 day" if whole == 1 else f"{whole} days"
