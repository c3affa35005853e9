"""An IMAP server's reception: its greeting, STARTTLS (RFC 9051 6.2.1), and the ID command with Dovecot's fields for proxies.

The client gets the server's own greeting; behind STARTTLS without its capabilities, for they were those of before.
"""

import enum

import attrs

from exproxy.wire.errors import WireError
from exproxy.wire.imaprelay.offers import without_capabilities
from exproxy.wire.imaprelay.responses import Response, Responses
from exproxy.wire.lines import printable
from exproxy.wire.reception.base import ClientFacts, Now, Turn, plain_address


class _Awaiting(enum.Enum):
    GREETING = "the greeting"
    STARTTLS = "the answer to STARTTLS"
    ID = "the answer to ID"


@attrs.define
class ImapReception:
    """:param starttls: begin TLS; a server that refuses it is not served by.

    :param client: tell this by ID; servers that do not trust us make nothing of it.  ``None``: say nothing.
    """

    starttls: bool = False
    client: ClientFacts | None = None
    _responses: Responses = attrs.field(factory=Responses, init=False)
    _awaiting: _Awaiting = attrs.field(default=_Awaiting.GREETING, init=False)
    _greeting: bytes = attrs.field(default=b"", init=False)

    def receive(self, data: bytes) -> Turn:
        """Take what the server said."""
        self._responses.receive(data)
        try:
            response = self._responses.next()
            while response is not None and self._passes_over(response):
                response = self._responses.next()
        except WireError as error:
            return _away(f"did not speak IMAP ({error})")
        if response is None:
            return Turn()
        if response.word != b"OK" or response.tag != (b"*" if self._awaiting is _Awaiting.GREETING else b"exproxy"):
            why = f"said {printable(response.octets)} instead of {self._awaiting.value}"
            return _away(why, refusal=response.word in (b"NO", b"BAD", b"BYE"))
        if self._responses.buffered:
            return _away(f"said more behind {self._awaiting.value}, and was not asked")
        return self._take(response)

    def secured(self) -> Turn:
        """What was said in the clear does not count."""
        self._greeting = without_capabilities(self._greeting)
        return self._tell()

    def awaited(self) -> str:
        return self._awaiting.value

    def _passes_over(self, response: Response) -> bool:
        """The untagged answer to ID, and whatever else is told while we wait for the tagged one."""
        return self._awaiting is not _Awaiting.GREETING and response.tag == b"*" and response.word != b"BYE"

    def _take(self, response: Response) -> Turn:
        match self._awaiting:
            case _Awaiting.GREETING:
                self._greeting = response.octets
                return self._say("STARTTLS", _Awaiting.STARTTLS) if self.starttls else self._tell()
            case _Awaiting.STARTTLS:
                return Turn(now=Now.START_TLS)
            case _Awaiting.ID:
                return self._through()

    def _tell(self) -> Turn:
        client = self.client
        if client is None:
            return self._through()
        (host, port), (here, here_port) = client.source, client.reached
        fields = {
            "x-originating-ip": plain_address(host),
            "x-originating-port": str(port),
            "x-connected-ip": plain_address(here),
            "x-connected-port": str(here_port),
        }
        said = " ".join(f'"{name}" "{value}"' for name, value in fields.items())
        return self._say(f"ID ({said})", _Awaiting.ID)

    def _through(self) -> Turn:
        return Turn(now=Now.PUT_THROUGH, greeting=self._greeting)

    def _say(self, command: str, awaiting: _Awaiting) -> Turn:
        self._awaiting = awaiting
        return Turn(f"exproxy {command}\r\n".encode("ascii"))


def _away(why: str, refusal: bool = False) -> Turn:
    return Turn(b"exproxy LOGOUT\r\n", Now.TURN_AWAY, why=why, refusal=refusal)
