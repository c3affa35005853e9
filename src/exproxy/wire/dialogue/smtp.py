"""The SMTP check: banner, EHLO, optional STARTTLS and EHLO again, QUIT."""

import enum
import re
from collections.abc import Sequence
from typing import ClassVar

import attrs

from exproxy.wire.dialogue.base import Action, Status
from exproxy.wire.dialogue.conversation import Conversation
from exproxy.wire.lines import Lines
from exproxy.wire.offers import learned
from exproxy.wire.smtp import Reply, ReplyParser, extensions

_HELO = re.compile(r"[!-~]{1,255}", re.ASCII)


class _Awaiting(enum.Enum):
    BANNER = "the greeting"
    EHLO = "the answer to EHLO"
    STARTTLS = "the answer to STARTTLS"


def _is_a_name(_check: object, _attribute: object, helo: str) -> None:
    if not _HELO.fullmatch(helo):
        raise ValueError(f"{helo!r} is no name to say EHLO with")


@attrs.define
class SmtpCheck(Conversation):
    """``421 4.3.2`` means that the server is stopping (Exchange in maintenance); any other 421 is a failure (overload).

    :param helo: the name that EHLO says.
    :param starttls: ask for STARTTLS; a server that does not offer it fails.
    :raises ValueError: ``helo`` has blanks or control characters.
    """

    protocol: ClassVar[str] = "SMTP"

    helo: str = attrs.field(validator=_is_a_name)
    starttls: bool = False
    _parser: ReplyParser = attrs.field(factory=ReplyParser, init=False)
    _awaiting: enum.Enum = attrs.field(default=_Awaiting.BANNER, init=False)
    _banner: str = attrs.field(default="", init=False)
    _encrypted: bool = attrs.field(default=False, init=False)

    @property
    def _lines(self) -> Lines:
        return self._parser.lines

    @property
    def _goodbye(self) -> bytes:
        return b"QUIT\r\n"

    def secured(self) -> Sequence[Action]:
        """EHLO again (RFC 3207 4.2)."""
        self._encrypted = True
        return super().secured()

    def _greet(self) -> Sequence[Action]:
        return self._say(f"EHLO {self.helo}\r\n".encode("ascii"), _Awaiting.EHLO)

    def _read(self) -> Sequence[Action] | None:
        reply = self._parser.next()
        if reply is None:
            return None
        if reply.code == 421 and reply.enhanced == "4.3.2":
            return self._judge(Status.L7OKC, f"SMTP said {reply}: {_why(reply)}", reply.code)
        match self._awaiting:
            case _Awaiting.BANNER:
                self._banner = str(reply)
                return self._greet() if reply.code == 220 else self._refuse(reply, 220)
            case _Awaiting.EHLO:
                return self._take_extensions(reply) if reply.code == 250 else self._refuse(reply, 250)
            case _:
                return self._start_tls() if reply.code == 220 else self._refuse(reply, 220)

    def _take_extensions(self, reply: Reply) -> Sequence[Action]:
        self._offers = learned(reply.lines[1:])
        if self._encrypted:
            return self._judge(Status.L7OKD, f"SMTP said {self._banner}, and answered again over TLS", reply.code)
        if not self.starttls:
            return self._judge(Status.L7OKD, f"SMTP said {self._banner}", reply.code)
        if not extensions(reply).offers("STARTTLS"):
            return self._judge(Status.L7STS, "SMTP does not offer STARTTLS in its answer to EHLO", reply.code)
        return self._say(b"STARTTLS\r\n", _Awaiting.STARTTLS)

    def _refuse(self, reply: Reply, expected: int) -> Sequence[Action]:
        return self._judge(Status.L7STS, f"SMTP said {reply}, expected {expected} as {self._awaiting.value}", reply.code)

    def _part(self) -> bool | None:
        # Late answers to what was said before QUIT are passed over; 221, or a refusal, is the end.
        reply = self._parser.next()
        return None if reply is None else reply.code == 221 or reply.code >= 400


def _why(reply: Reply) -> str:
    """Exchange's own words are known; others use the code too (postscreen, when all its ports are busy)."""
    in_maintenance = any("service not active" in line.lower() for line in reply.lines)
    return "Exchange is in maintenance" if in_maintenance else "it takes no new sessions"
