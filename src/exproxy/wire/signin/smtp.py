"""A client's login at an SMTP server: its reception, EHLO with the client's own name, then AUTH PLAIN or LOGIN (RFC 4954).

Once the login is said, nothing of what the server says is quoted to anybody but the client: it might have the password in it.
"""

import enum
from binascii import b2a_base64
from collections import deque

import attrs

from exproxy.wire.desk.login import Login
from exproxy.wire.errors import WireError
from exproxy.wire.reception.base import Now, Reception, Turn
from exproxy.wire.smtp import ReplyParser, extensions
from exproxy.wire.smtprelay.replies import Replies

_QUIT = b"QUIT\r\n"


class _Awaiting(enum.Enum):
    GREETING = "the greeting"
    EHLO = "the answer to the client's EHLO"
    LOGIN = "the answer to the login"


@attrs.define(repr=False)
class SmtpSignIn:
    """:param reception: the server's, up to where a client would be put through.

    :param helo: what the client calls itself.
    """

    _reception: Reception
    _login: Login | None
    _helo: str
    chunking: bool = attrs.field(default=False, init=False)
    """The server takes BDAT."""
    _replies: Replies = attrs.field(factory=Replies, init=False)
    _awaiting: _Awaiting = attrs.field(default=_Awaiting.GREETING, init=False)
    _pieces: deque[bytes] = attrs.field(factory=deque, init=False)
    """Of the login, each to be said when the server asks for it."""

    def receive(self, data: bytes) -> Turn:
        """Take what the server said."""
        if self._awaiting is _Awaiting.GREETING:
            return self._received(self._reception.receive(data))
        self._replies.receive(data)
        try:
            found = self._replies.next()
            if found is None:
                return Turn()
            if self._replies.buffered:
                return self._away(f"said more behind {self._awaiting.value}, and was not asked")
            return self._greeted(*found) if self._awaiting is _Awaiting.EHLO else self._judged(*found)
        except WireError:
            return self._away(f"did not speak SMTP in {self._awaiting.value}")

    def secured(self) -> Turn:
        return self._received(self._reception.secured())

    def awaited(self) -> str:
        return self._reception.awaited() if self._awaiting is _Awaiting.GREETING else self._awaiting.value

    @property
    def replaying(self) -> bool:
        return self._awaiting is not _Awaiting.GREETING

    def _received(self, turn: Turn) -> Turn:
        if turn.now is not Now.PUT_THROUGH:
            return turn
        self._awaiting = _Awaiting.EHLO
        return Turn(f"EHLO {self._helo}\r\n".encode("utf-8", "replace"))

    def _greeted(self, code: int, octets: bytes) -> Turn:
        if code == 421:
            return self._away("said 421 to EHLO")
        if code >= 300:  # the name is the client's, so it hears what is wrong with it
            return self._refused(octets)
        offers = extensions(ReplyParser().feed(octets)[0])
        self.chunking = offers.offers("CHUNKING")
        mechanisms = {word.upper() for word in offers.keywords.get("AUTH", ())}
        login = self._login
        assert login is not None, "it is not over"
        if "PLAIN" in mechanisms:
            pieces = [b"AUTH PLAIN " + _line(b"\0".join((login.acting_as, login.user, login.password)))]
        elif login.acting_as:
            return self._refused(b"504 5.5.4 Error: nobody logs in here in another's name\r\n")
        elif "LOGIN" in mechanisms:
            pieces = [b"AUTH LOGIN\r\n", _line(login.user), _line(login.password)]
        else:
            return self._away("offers us neither AUTH PLAIN nor LOGIN")
        self._awaiting = _Awaiting.LOGIN
        self._pieces.extend(pieces)
        return Turn(self._pieces.popleft())

    def _judged(self, code: int, octets: bytes) -> Turn:
        if code == 334:
            return Turn(self._pieces.popleft() if self._pieces else b"*\r\n")
        if code == 421:
            return self._away("said 421 to AUTH")
        if code >= 400:
            return self._refused(octets)
        if code != 235 or self._pieces:
            return self._away(f"said {code} to AUTH")
        self._forget()
        return Turn(now=Now.PUT_THROUGH, greeting=octets)

    def _refused(self, octets: bytes) -> Turn:
        self._forget()
        return Turn(_QUIT, Now.REFUSED, octets)

    def _away(self, why: str) -> Turn:
        self._forget()
        return Turn(_QUIT, Now.TURN_AWAY, why=why)

    def _forget(self) -> None:
        self._login = None
        self._pieces.clear()


def _line(said: bytes) -> bytes:
    return b2a_base64(said)[:-1] + b"\r\n"
