"""A POP3 server's reception: its greeting, STLS (RFC 2595 4), and the XCLIENT of Dovecot.

Dovecot says ``[XCLIENT]`` in its greeting to those who may use it (its ``login_trusted_networks``); no client hears of that.
"""

import enum

import attrs

from exproxy.wire.errors import WireError
from exproxy.wire.lines import Lines, printable
from exproxy.wire.reception.base import ClientFacts, Now, Turn, plain_address

_TRUSTED = b"[XCLIENT] "


class _Awaiting(enum.Enum):
    GREETING = "the greeting"
    STLS = "the answer to STLS"
    XCLIENT = "the answer to XCLIENT"


@attrs.define
class Pop3Reception:
    """:param stls: begin TLS; a server that refuses it is not served by.

    :param client: tell this by XCLIENT, if the server takes it; ``None``: say nothing.
    """

    stls: bool = False
    client: ClientFacts | None = None
    _lines: Lines = attrs.field(factory=Lines, init=False)
    _awaiting: _Awaiting = attrs.field(default=_Awaiting.GREETING, init=False)
    _greeting: bytes = attrs.field(default=b"", init=False)
    _trusted: bool = attrs.field(default=False, init=False)

    def receive(self, data: bytes) -> Turn:
        """Take what the server said."""
        self._lines.receive(data)
        try:
            line = self._lines.take("POP3 reply")
        except WireError as error:
            return _away(f"did not speak POP3 ({error})")
        if line is None:
            return Turn()
        if line[:3].upper() != b"+OK":
            return _away(f"said {printable(line)} instead of {self._awaiting.value}", refusal=line[:4].upper() == b"-ERR")
        if self._lines.buffered:
            return _away(f"said more behind {self._awaiting.value}, and was not asked")
        return self._take(line)

    def secured(self) -> Turn:
        return self._tell()

    def awaited(self) -> str:
        return self._awaiting.value

    def _take(self, line: bytes) -> Turn:
        match self._awaiting:
            case _Awaiting.GREETING:
                self._trusted = _TRUSTED in line
                self._greeting = line.replace(_TRUSTED, b"", 1)
                return self._say("STLS", _Awaiting.STLS) if self.stls else self._tell()
            case _Awaiting.STLS:
                return Turn(now=Now.START_TLS)
            case _Awaiting.XCLIENT:
                return self._through()

    def _tell(self) -> Turn:
        if self.client is None or not self._trusted:
            return self._through()
        host, port = self.client.source
        return self._say(f"XCLIENT ADDR={plain_address(host)} PORT={port}", _Awaiting.XCLIENT)

    def _through(self) -> Turn:
        return Turn(now=Now.PUT_THROUGH, greeting=self._greeting)

    def _say(self, line: str, awaiting: _Awaiting) -> Turn:
        self._awaiting = awaiting
        return Turn(f"{line}\r\n".encode("ascii"))


def _away(why: str, refusal: bool = False) -> Turn:
    return Turn(b"QUIT\r\n", Now.TURN_AWAY, why=why, refusal=refusal)
