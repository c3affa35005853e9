"""What a run of a check leaves behind."""

import re
from collections.abc import Callable
from datetime import datetime

import attrs

from exproxy.check.meanings import meaning
from exproxy.net.certificate import PeerCertificate
from exproxy.pool import CheckResult, Operational
from exproxy.pool.states import consequence
from exproxy.wire.dialogue.base import Outcome, Status

MAX_LINES = 200
MAX_WIDTH = 200
KEPT = 4096
"""Characters of a dialogue that is kept for whoever looks later."""
_CREDENTIALS = re.compile(
    r"((?:proxy-)?authorization:\s*(?:\S+\s+(?=\S))?|[\w-]*(?:cookie|token|secret|password|api-?key)[\w-]*:\s*)\S.*",
    re.IGNORECASE,
)
"""Behind the scheme, if there is one: what stands alone may be a token."""


@attrs.frozen
class Report:
    """How a run ended.

    :param outcome: the dialogue's, or the layer's at which it got stuck; certificate warnings are among its warnings.
    :param duration: seconds from the first connection attempt to the verdict.
    :param certificate: the server's, if there was TLS.
    :param transcript: what was said, in lines (``>>> ours``, ``<<< theirs``, ``--- what happened``), if that was asked for.
    :param fault: where the checker itself broke, for the log; empty if it did not.
    :param at: when it ended, by the clock's seconds.
    """

    outcome: Outcome
    duration: float
    certificate: PeerCertificate | None = None
    transcript: tuple[str, ...] = ()
    fault: str = ""
    at: float = 0.0

    @property
    def said(self) -> str:
        """What was found, and what it means: a sentence part."""
        why = meaning(self.outcome)
        return f"{self.outcome.text}: {why}" if why else self.outcome.text

    @property
    def state(self) -> Operational:
        """What the server would be if all checks found this."""
        if self.stopping:
            return Operational.STOPPING
        return Operational.UP if self.passed else Operational.DOWN

    def sentence(self, server: str) -> str:
        """What was found, what it means, and what follows, as the log says it too."""
        return f"{server}: {self.said}; {consequence(self.state)}"

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
            text=self.said,
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

    def _add(self, mark: str, data: bytes, most: int = MAX_LINES * MAX_WIDTH) -> None:
        for line in _shown(data, most):
            self._put(f"{mark} {line}")

    def _put(self, line: str) -> None:
        if len(self.lines) > MAX_LINES:
            return
        if len(self.lines) == MAX_LINES:
            line = "--- and more, which is not shown"
        self.lines.append(line)
        self.tell(line)


@attrs.define
class Kept(Transcript):
    """For the runs that somebody may look at later: at most :data:`KEPT` characters, the first ones."""

    _left: int = attrs.field(default=KEPT, init=False)

    def _add(self, mark: str, data: bytes, most: int = KEPT) -> None:
        if self._left > 0:  # whoever sends a lot is not read for nothing
            Transcript._add(self, mark, data, most)

    def _put(self, line: str) -> None:
        if self._left <= 0:
            return
        self._left -= len(line)
        self.lines.append(line if self._left > 0 else "--- and more, which is not shown")


class Unwritten(Transcript):
    """For the runs that nobody looks at."""

    def _add(self, mark: str, data: bytes, most: int = 0) -> None:
        pass

    def _put(self, line: str) -> None:
        pass


def _shown(data: bytes, most: int) -> list[str]:
    """Lines of text as they are, anything else as its size and first bytes; what comes with a head of HTTP, apart from that.

    :param most: octets that are looked at.
    """
    head, blank, body = data.partition(b"\r\n\r\n")
    if head.startswith(b"HTTP/") and body:
        return [*_part(head + blank, most), *_part(body, most)]
    return _part(data, most)


def _part(data: bytes, most: int) -> list[str]:
    head = data[:most]
    text = head.decode("utf-8", "replace")
    if not "".join(text.split()).isprintable() and _strange(text):
        return [f"{len(data)} bytes: {data[:32].hex(' ')}{' …' if len(data) > 32 else ''}"]
    return [_line(line) for line in text.splitlines()]


def _strange(text: str) -> bool:
    """Whether that is no text, though some of it may look so."""
    strange = sum(not character.isprintable() and character not in "\r\n\t" for character in text)
    return strange * 10 > len(text) or "\0" in text


def _line(line: str) -> str:
    """Printable, without the credentials that a header of HTTP may have: transcripts end up in mails and tickets."""
    cut = line[:MAX_WIDTH]
    shown = cut if cut.isprintable() else "".join(c if c.isprintable() else "." for c in cut.replace("\t", " "))
    return _CREDENTIALS.sub(r"\1(not shown)", shown)[:MAX_WIDTH] if ":" in shown else shown


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
