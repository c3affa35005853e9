"""The POP3 check: greeting, CAPA, optional STLS and CAPA again, QUIT."""

import enum
from collections.abc import Mapping, Sequence
from typing import ClassVar

import attrs

from exproxy.wire import pop3
from exproxy.wire.dialogue.base import Action, Status
from exproxy.wire.dialogue.conversation import Conversation
from exproxy.wire.lines import Lines
from exproxy.wire.offers import learned


class _Awaiting(enum.Enum):
    GREETING = "the greeting"
    CAPA = "the answer to CAPA"
    LISTING = "the list of capabilities"
    STLS = "the answer to STLS"


@attrs.define
class Pop3Check(Conversation):
    """A server that greets with +OK is well; one that does not know CAPA (RFC 2449) too.

    :param starttls: ask for STLS; a server whose CAPA does not offer it fails, one without CAPA is just asked.
    """

    protocol: ClassVar[str] = "POP3"

    starttls: bool = False
    _reader: pop3.ReplyReader = attrs.field(factory=pop3.ReplyReader, init=False)
    _awaiting: enum.Enum = attrs.field(default=_Awaiting.GREETING, init=False)
    _greeting: str = attrs.field(default="", init=False)
    _encrypted: bool = attrs.field(default=False, init=False)

    @property
    def _lines(self) -> Lines:
        return self._reader.lines

    @property
    def _goodbye(self) -> bytes:
        return b"QUIT\r\n"

    def secured(self) -> Sequence[Action]:
        """CAPA again: what was said in clear does not count (RFC 2595 4)."""
        self._encrypted = True
        return super().secured()

    def _greet(self) -> Sequence[Action]:
        return self._say(b"CAPA\r\n", _Awaiting.CAPA)

    def _read(self) -> Sequence[Action] | None:
        if self._awaiting is _Awaiting.LISTING:
            listing = self._reader.next_listing()
            return None if listing is None else self._take_capabilities(pop3.capabilities(listing))
        status = self._reader.next_status()
        if status is None:
            return None
        match self._awaiting:
            case _Awaiting.CAPA if status.ok:
                self._awaiting = _Awaiting.LISTING
                return ()
            case _Awaiting.CAPA:
                return self._take_capabilities(None)
            case _ if not status.ok:
                return self._judge(Status.L7STS, f"POP3 said {status}, expected +OK as {self._awaiting.value}")
            case _Awaiting.STLS:
                return self._start_tls()
            case _:
                self._greeting = str(status)
                return self._greet()

    def _take_capabilities(self, capabilities: Mapping[str, tuple[str, ...]] | None) -> Sequence[Action]:
        self._offers = learned(" ".join((name, *words)) for name, words in (capabilities or {}).items())
        if self._encrypted:
            return self._judge(Status.L7OKD, f"POP3 said {self._greeting}, and answered again over TLS")
        if not self.starttls:
            return self._judge(Status.L7OKD, f"POP3 said {self._greeting}")
        if capabilities is not None and "STLS" not in capabilities:
            return self._judge(Status.L7STS, "POP3 does not offer STLS among its capabilities")
        return self._say(b"STLS\r\n", _Awaiting.STLS)

    def _part(self) -> bool | None:
        return None if self._reader.next_status() is None else True
