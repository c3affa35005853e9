"""A client's login at a POP3 server: its reception, then USER and PASS (RFC 1939 7) or AUTH PLAIN (RFC 5034), as it came.

Once the login is said, nothing of what the server says is quoted to anybody but the client: it might have the password in it.
"""

import enum
from binascii import b2a_base64

import attrs

from exproxy.wire.desk.login import Login
from exproxy.wire.errors import WireError
from exproxy.wire.lines import Lines
from exproxy.wire.reception.base import Now, Reception, Turn

_QUIT = b"QUIT\r\n"
_LONGEST = 255
"""Octets of a line that every server takes (RFC 2449 4)."""


class _Awaiting(enum.Enum):
    GREETING = "the greeting"
    USER = "the answer to USER"
    CHALLENGE = "the answer to AUTH"
    LOGIN = "the answer to the login"


@attrs.define(repr=False)
class PopSignIn:
    """:param reception: the server's, up to where a client would be put through."""

    _reception: Reception
    _login: Login | None
    _lines: Lines = attrs.field(factory=Lines, init=False)
    _awaiting: _Awaiting = attrs.field(default=_Awaiting.GREETING, init=False)

    def receive(self, data: bytes) -> Turn:
        """Take what the server said."""
        if self._awaiting is _Awaiting.GREETING:
            return self._received(self._reception.receive(data))
        self._lines.receive(data)
        try:
            line = self._lines.take("POP3 reply")
        except WireError:
            return self._away(f"did not speak POP3 in {self._awaiting.value}")
        return Turn() if line is None else self._take(line)

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
        login = self._said()
        if login.sasl or not _by_name(login):
            self._awaiting = _Awaiting.CHALLENGE
            return Turn(b"AUTH PLAIN\r\n")
        return self._say_user(login)

    def _say_user(self, login: Login) -> Turn:
        self._awaiting = _Awaiting.USER
        return Turn(b"USER %b\r\n" % login.user)

    def _take(self, line: bytes) -> Turn:
        status = line[:4].upper()
        login = self._said()
        if status == b"-ERR":
            if self._awaiting is _Awaiting.CHALLENGE and _by_name(login):
                return self._say_user(login)  # it has no AUTH, or no PLAIN
            self._forget()
            return Turn(_QUIT, Now.REFUSED, line)
        match self._awaiting:
            case _Awaiting.USER if status[:3] == b"+OK":
                self._awaiting = _Awaiting.LOGIN
                return Turn(b"PASS %b\r\n" % login.password)
            case _Awaiting.CHALLENGE if line[:2] == b"+ " or line.strip() == b"+":
                self._awaiting = _Awaiting.LOGIN
                return Turn(b2a_base64(b"\0".join((login.acting_as, login.user, login.password)))[:-1] + b"\r\n")
            case _Awaiting.LOGIN if status[:3] == b"+OK":
                self._forget()
                return Turn(now=Now.PUT_THROUGH, greeting=line + self._lines.take_octets(self._lines.buffered))
        return self._away(f"said something else than {self._awaiting.value}")

    def _said(self) -> Login:
        assert self._login is not None, "it is not over"
        return self._login

    def _away(self, why: str) -> Turn:
        self._forget()
        return Turn(_QUIT, Now.TURN_AWAY, why=why)

    def _forget(self) -> None:
        self._login = None
        self._lines.last = b""


def _by_name(login: Login) -> bool:
    """Whether USER and PASS can say it."""
    return not login.acting_as and len(login.user) + 7 <= _LONGEST and len(login.password) + 7 <= _LONGEST
