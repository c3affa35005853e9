"""The IMAP check: greeting, CAPABILITY, optional STARTTLS and CAPABILITY again, LOGOUT."""

import enum
from collections.abc import Sequence
from typing import ClassVar

import attrs

from exproxy.wire import imap
from exproxy.wire.dialogue.base import Action, Status
from exproxy.wire.dialogue.conversation import Conversation
from exproxy.wire.errors import WireError
from exproxy.wire.lines import Lines
from exproxy.wire.offers import learned

_VERSIONS = frozenset({"IMAP4REV1", "IMAP4REV2"})


class _Awaiting(enum.Enum):
    GREETING = "the greeting"
    CAPABILITY = "the answer to CAPABILITY"
    STARTTLS = "the answer to STARTTLS"


@attrs.define
class ImapCheck(Conversation):
    """A server that greets with OK or PREAUTH and tells its capabilities is well.

    :param starttls: ask for STARTTLS; a server that does not offer it fails.
    """

    protocol: ClassVar[str] = "IMAP"

    starttls: bool = False
    _parser: imap.ResponseParser = attrs.field(factory=imap.ResponseParser, init=False)
    _awaiting: enum.Enum = attrs.field(default=_Awaiting.GREETING, init=False)
    _greeting: str = attrs.field(default="", init=False)
    _preauth: bool = attrs.field(default=False, init=False)
    _capabilities: frozenset[str] | None = attrs.field(default=None, init=False)
    _encrypted: bool = attrs.field(default=False, init=False)
    _tag: int = attrs.field(default=0, init=False)

    @property
    def _lines(self) -> Lines:
        return self._parser.lines

    @property
    def _goodbye(self) -> bytes:
        return b"bye LOGOUT\r\n"

    def secured(self) -> Sequence[Action]:
        """CAPABILITY again: what was said in clear does not count (RFC 9051 6.2.1)."""
        self._encrypted = True
        return super().secured()

    def _greet(self) -> Sequence[Action]:
        self._capabilities = None
        return self._command("CAPABILITY", _Awaiting.CAPABILITY)

    def _command(self, command: str, awaiting: _Awaiting) -> Sequence[Action]:
        self._tag += 1
        return self._say(f"a{self._tag} {command}\r\n".encode("ascii"), awaiting)

    def _read(self) -> Sequence[Action] | None:
        response = self._parser.next()
        if response is None:
            return None
        if self._awaiting is _Awaiting.GREETING:
            return self._take_greeting(imap.greeting(response))
        self._capabilities = imap.capabilities(response) or self._capabilities
        match response:
            case imap.Status(tag=None, condition="BYE"):
                return self._refuse(response)
            case imap.Status(tag=None) | imap.Data():
                return ()
            case imap.Status(tag=tag) if tag == f"a{self._tag}":
                return self._take_answer(response) if response.condition == "OK" else self._refuse(response)
            case imap.Status(tag=tag):
                raise WireError(f"the tag is {tag}, expected a{self._tag}", "IMAP response")
            case imap.Continuation():
                raise WireError("it asks to go on with a command that was complete", "IMAP response")

    def _take_greeting(self, greeting: imap.Status) -> Sequence[Action]:
        self._greeting = str(greeting)
        self._preauth = greeting.condition == "PREAUTH"
        return self._refuse(greeting) if greeting.condition == "BYE" else self._greet()

    def _take_answer(self, answer: imap.Status) -> Sequence[Action]:
        if self._awaiting is _Awaiting.STARTTLS:
            return self._start_tls()
        if self._capabilities is None:
            return self._judge(Status.L7RSP, f"IMAP said {answer} to CAPABILITY, but told none")
        self._offers = learned(sorted(self._capabilities))
        if not self._capabilities & _VERSIONS:
            return self._judge(Status.L7RSP, "IMAP names neither IMAP4rev1 nor IMAP4rev2 among its capabilities")
        if self._encrypted:
            return self._judge(Status.L7OKD, f"IMAP said {self._greeting}, and its capabilities again over TLS")
        if not self.starttls:
            return self._judge(Status.L7OKD, f"IMAP said {self._greeting}")
        if self._preauth:  # RFC 9051 6.2.1: only before anybody is logged in
            return self._judge(Status.L7STS, "IMAP greets with PREAUTH, after which there is no STARTTLS")
        if "STARTTLS" not in self._capabilities:
            return self._judge(Status.L7STS, "IMAP does not offer STARTTLS among its capabilities")
        return self._command("STARTTLS", _Awaiting.STARTTLS)

    def _refuse(self, status: imap.Status) -> Sequence[Action]:
        return self._judge(Status.L7STS, f"IMAP said {status}, expected OK as {self._awaiting.value}")

    def _part(self) -> bool | None:
        response = self._parser.next()
        return None if response is None else isinstance(response, imap.Status) and response.tag == "bye"
