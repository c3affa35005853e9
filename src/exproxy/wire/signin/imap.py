"""A client's login at an IMAP server: its reception, then AUTHENTICATE PLAIN (RFC 9051 6.2.2) or LOGIN, with literals.

Once the login is said, nothing of what the server says is quoted to anybody but the client: it might have the password in it.
"""

import enum
import re
from binascii import b2a_base64
from collections import deque

import attrs

from exproxy.wire.desk.login import Login
from exproxy.wire.errors import WireError
from exproxy.wire.imaprelay.offers import rewritten
from exproxy.wire.imaprelay.responses import RESPONSE, Response, Responses
from exproxy.wire.mailsettings import Settings
from exproxy.wire.reception.base import Now, Reception, Turn

_TAG = b"exproxy"
_CODE = re.compile(rb"\S+ OK \[CAPABILITY ([^\]\r\n]*)\]", re.IGNORECASE)
_UNTAGGED = re.compile(rb"\* CAPABILITY ([^\r\n]*)", re.IGNORECASE)
_QUOTABLE = re.compile(rb"[\x20-\x7e]*")
_LOGOUT = b"exproxy LOGOUT\r\n"


class _Awaiting(enum.Enum):
    GREETING = "the greeting"
    CAPABILITY = "the answer to CAPABILITY"
    LOGIN = "the answer to the login"


@attrs.define(repr=False)
class ImapSignIn:
    """:param reception: the server's, up to where a client would be put through."""

    _reception: Reception
    _login: Login | None
    _settings: Settings
    _responses: Responses = attrs.field(factory=Responses, init=False)
    _awaiting: _Awaiting = attrs.field(default=_Awaiting.GREETING, init=False)
    _capabilities: frozenset[bytes] = attrs.field(default=frozenset(), init=False)
    _pieces: deque[bytes] = attrs.field(factory=deque, init=False)
    """Of the login, each to be said when the server asks for it."""
    _told: bytearray = attrs.field(factory=bytearray, init=False)
    """What it tells besides, for the client."""

    def receive(self, data: bytes) -> Turn:
        """Take what the server said."""
        if self._awaiting is _Awaiting.GREETING:
            return self._received(self._reception.receive(data))
        self._responses.receive(data)
        said = b""
        try:
            while (response := self._responses.next()) is not None:
                turn = self._take(response)
                said += turn.say
                if turn.now is not Now.WAIT:
                    return attrs.evolve(turn, say=said)
        except WireError:
            return self._away(f"did not speak IMAP in {self._awaiting.value}")
        return Turn(said)

    def secured(self) -> Turn:
        return self._received(self._reception.secured())

    def awaited(self) -> str:
        return self._reception.awaited() if self._awaiting is _Awaiting.GREETING else self._awaiting.value

    @property
    def replaying(self) -> bool:
        return self._awaiting is _Awaiting.LOGIN

    def _received(self, turn: Turn) -> Turn:
        if turn.now is not Now.PUT_THROUGH:
            return turn
        found = _CODE.match(turn.greeting)
        if found is not None:
            self._learn(found[1])
            return self._say_login()
        self._awaiting = _Awaiting.CAPABILITY
        return Turn(b"exproxy CAPABILITY\r\n")

    def _learn(self, words: bytes) -> None:
        self._capabilities = frozenset(words.upper().split())

    def _take(self, response: Response) -> Turn:
        if response.tag == b"*":
            return self._untagged(response)
        if response.tag == b"+":
            return self._go_on()
        if response.tag != _TAG or response.word not in (b"OK", b"NO", b"BAD"):
            return self._away(f"said something else than {self._awaiting.value}")
        if self._awaiting is _Awaiting.CAPABILITY:
            return self._say_login() if response.word == b"OK" else self._away("did not tell its capabilities")
        return self._judged(response)

    def _untagged(self, response: Response) -> Turn:
        if response.word == b"BYE":
            return self._away(f"said BYE instead of {self._awaiting.value}")
        if self._awaiting is _Awaiting.CAPABILITY:
            found = _UNTAGGED.match(response.octets)
            if found is not None:
                self._learn(found[1])
            return Turn()
        if len(self._told) + len(response.octets) > RESPONSE:
            return self._away(f"said more than {RESPONSE} octets instead of {self._awaiting.value}")
        self._told += rewritten(response.octets, self._settings, secure=True, authenticated=True)
        return Turn()

    def _say_login(self) -> Turn:
        login = self._login
        assert login is not None
        capabilities = self._capabilities
        if b"AUTH=PLAIN" in capabilities:
            response = b2a_base64(b"\0".join((login.acting_as, login.user, login.password)))[:-1] + b"\r\n"
            if b"SASL-IR" in capabilities:
                pieces = [b"exproxy AUTHENTICATE PLAIN " + response]
            else:
                pieces = [b"exproxy AUTHENTICATE PLAIN\r\n", response]
        elif b"LOGINDISABLED" in capabilities:
            return self._away('takes no password from us like this: tls = { mode = "starttls" } is what it waits for')
        elif login.acting_as:
            self._forget()
            return Turn(_LOGOUT, Now.REFUSED, b"%b NO [CANNOT] Nobody logs in here in another's name\r\n" % login.tag)
        else:
            pieces = _login_command(login)
        self._awaiting = _Awaiting.LOGIN
        self._pieces.extend(pieces)
        return Turn(self._pieces.popleft())

    def _go_on(self) -> Turn:
        """The server asks for more; when there is none, it hears that this is all (RFC 9051 6.2.2)."""
        if self._awaiting is not _Awaiting.LOGIN:
            return self._away(f"asked to go on instead of {self._awaiting.value}")
        return Turn(self._pieces.popleft() if self._pieces else b"*\r\n")

    def _judged(self, response: Response) -> Turn:
        login = self._login
        assert login is not None
        words = login.tag + response.octets[len(_TAG) :]
        if response.word != b"OK":
            self._forget()
            return Turn(_LOGOUT, Now.REFUSED, words)
        if self._pieces:
            return self._away("took a login before it had all of it")
        words = bytes(self._told) + rewritten(words, self._settings, secure=True, authenticated=True)
        self._forget()
        return Turn(now=Now.PUT_THROUGH, greeting=words + self._responses.take_all())

    def _away(self, why: str) -> Turn:
        self._forget()
        return Turn(_LOGOUT, Now.TURN_AWAY, why=why)

    def _forget(self) -> None:
        self._login = None
        self._pieces.clear()


def _login_command(login: Login) -> list[bytes]:
    """LOGIN, cut behind each literal's announcement."""
    pieces = [b"exproxy LOGIN "]
    for word, end in ((login.user, b" "), (login.password, b"\r\n")):
        if _QUOTABLE.fullmatch(word):
            pieces[-1] += b'"' + re.sub(rb'(["\\])', rb"\\\1", word) + b'"' + end
        else:
            pieces[-1] += b"{%d}\r\n" % len(word)
            pieces.append(word + end)
    return pieces
