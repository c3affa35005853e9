"""An SMTP server's reception: its greeting, STARTTLS (RFC 3207), and XCLIENT (Postfix's XCLIENT_README).

The client gets the server's own greeting.  What it says as EHLO then goes to the server too, which forgets ours for it
(RFC 5321 4.1.4), so that XCLIENT need not tell HELO and PROTO.
"""

import enum
import re

import attrs

from exproxy.wire.errors import WireError
from exproxy.wire.reception.base import ClientFacts, Now, Turn, plain_address
from exproxy.wire.smtp import Reply, ReplyParser, extensions
from exproxy.wire.smtprelay.replies import Replies

_NAME = re.compile(r"[!-~]{1,255}", re.ASCII)
_UNKNOWN = "[UNAVAILABLE]"


class _Awaiting(enum.Enum):
    GREETING = "the greeting"
    EHLO = "the answer to EHLO"
    STARTTLS = "the answer to STARTTLS"
    XCLIENT = "the answer to XCLIENT"


def _is_a_name(_reception: object, _attribute: object, helo: str) -> None:
    if not _NAME.fullmatch(helo):
        raise ValueError(f"{helo!r} is no name to say EHLO with")


@attrs.define
class SmtpReception:
    """:param helo: what we call ourselves.

    :param starttls: begin TLS; a server that does not offer it is not served by.
    :param client: tell this by XCLIENT, as far as the server offers it; ``None``: say nothing.
    :raises ValueError: ``helo`` has blanks or control characters.
    """

    helo: str = attrs.field(validator=_is_a_name)
    starttls: bool = False
    client: ClientFacts | None = None
    _replies: Replies = attrs.field(factory=Replies, init=False)
    _awaiting: _Awaiting = attrs.field(default=_Awaiting.GREETING, init=False)
    _greeting: bytes = attrs.field(default=b"", init=False)
    _encrypted: bool = attrs.field(default=False, init=False)

    def receive(self, data: bytes) -> Turn:
        """Take what the server said."""
        self._replies.receive(data)
        try:
            found = self._replies.next()
            if found is None:
                return Turn()
            if self._replies.buffered:
                return _away(f"said more behind {self._awaiting.value}, and was not asked")
            if self._awaiting is _Awaiting.GREETING and found[0] == 220 and self.client is None and not self.starttls:
                self._greeting = found[1]
                return self._through()
            reply = _read(found[1])
        except WireError as error:
            return _away(f"did not speak SMTP ({error})")
        return self._take(found[1], reply)

    def secured(self) -> Turn:
        """What was said in the clear does not count (RFC 3207 4.2)."""
        self._encrypted = True
        return self._say(f"EHLO {self.helo}", _Awaiting.EHLO) if self.client is not None else self._through()

    def awaited(self) -> str:
        return self._awaiting.value

    def _take(self, octets: bytes, reply: Reply) -> Turn:
        expected = 250 if self._awaiting is _Awaiting.EHLO else 220
        if reply.code != expected:
            return _away(f"said {reply} instead of {self._awaiting.value}", refusal=reply.code >= 400)
        match self._awaiting:
            case _Awaiting.GREETING:
                self._greeting = octets
                return self._say(f"EHLO {self.helo}", _Awaiting.EHLO)
            case _Awaiting.EHLO:
                return self._take_offers(reply)
            case _Awaiting.STARTTLS:
                return Turn(now=Now.START_TLS)
            case _Awaiting.XCLIENT:
                return self._through()

    def _take_offers(self, reply: Reply) -> Turn:
        offered = extensions(reply)
        if self.starttls and not self._encrypted:
            if offered.offers("STARTTLS"):
                return self._say("STARTTLS", _Awaiting.STARTTLS)
            return _away("does not offer STARTTLS")
        told = self._xclient([name.upper() for name in offered.keywords.get("XCLIENT", ())])
        return self._say(f"XCLIENT {told}", _Awaiting.XCLIENT) if told else self._through()

    def _xclient(self, wanted: list[str]) -> str:
        """The attributes that the server takes: without ADDR there is nothing to tell.

        NAME is said to be unknown, for else the server would go on with the name of our own address.
        """
        client = self.client
        if client is None or "ADDR" not in wanted:
            return ""
        (host, port), (here, here_port) = client.source, client.reached
        values = {
            "ADDR": _address(host),
            "PORT": str(port),
            "NAME": _UNKNOWN,
            "DESTADDR": _address(here),
            "DESTPORT": str(here_port),
        }
        return " ".join(f"{name}={value}" for name, value in values.items() if name in wanted)

    def _through(self) -> Turn:
        return Turn(now=Now.PUT_THROUGH, greeting=self._greeting)

    def _say(self, line: str, awaiting: _Awaiting) -> Turn:
        self._awaiting = awaiting
        return Turn(f"{line}\r\n".encode("ascii"))


def _read(octets: bytes) -> Reply:
    """The reply that ``octets`` are.

    :raises WireError: it is longer than what people would read.
    """
    return ReplyParser().feed(octets)[0]


def _address(host: str) -> str:
    plain = plain_address(host)
    return f"IPV6:{plain}" if ":" in plain else plain


def _away(why: str, refusal: bool = False) -> Turn:
    return Turn(b"QUIT\r\n", Now.TURN_AWAY, why=why, refusal=refusal)
