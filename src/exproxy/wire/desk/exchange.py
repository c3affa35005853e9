"""The exchanges that can be replayed at a server: PLAIN (RFC 4616) and LOGIN, as it is in use."""

import binascii

import attrs

from exproxy.wire.desk.login import Login

MECHANISMS = (b"PLAIN", b"LOGIN")
_USERNAME, _PASSWORD = b"VXNlcm5hbWU6", b"UGFzc3dvcmQ6"


class NoLoginError(Exception):
    """The client has cancelled, or has said what is none; its text is for the client, and has nothing in it of what it said."""


@attrs.define(repr=False)
class Exchange:
    """One client's; ask for :attr:`challenge`, and give what it says to that.

    :param mechanism: one of :data:`MECHANISMS`.
    :param tag: of the command, in IMAP.
    """

    mechanism: bytes
    tag: bytes = b""
    _user: bytes | None = attrs.field(default=None, init=False)

    @property
    def challenge(self) -> bytes:
        """In base64."""
        if self.mechanism == b"PLAIN":
            return b""
        return _USERNAME if self._user is None else _PASSWORD

    def take(self, line: bytes) -> Login | None:
        """What ``line``, in base64, brings: the login, or that there is another challenge.

        :raises NoLoginError: nothing comes of this exchange.
        """
        word = line.strip()
        if word == b"*":
            raise NoLoginError("The exchange was cancelled")
        said = _decoded(word)
        if self.mechanism == b"PLAIN":
            return self._plain(said)
        if self._user is None:
            self._user = said
            return None
        return _sound(Login(self._user, said, sasl=True, tag=self.tag))

    def _plain(self, said: bytes) -> Login:
        parts = said.split(b"\0")
        if len(parts) != 3:
            raise NoLoginError("That is no response of PLAIN")
        acting_as, user, password = parts
        return _sound(Login(user, password, b"" if acting_as == user else acting_as, sasl=True, tag=self.tag))


def _decoded(word: bytes) -> bytes:
    if word == b"=":  # RFC 4954 4, 4959 3: a response that is empty
        return b""
    try:
        return binascii.a2b_base64(word, strict_mode=True)
    except binascii.Error:
        raise NoLoginError("That is not base64") from None


def _sound(login: Login) -> Login:
    if not login.sound:
        raise NoLoginError("That is no name and password that could be passed on")
    return login
