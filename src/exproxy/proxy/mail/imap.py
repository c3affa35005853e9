"""Mode ``imap``."""

from collections.abc import Collection

import attrs

from exproxy.pool import Server
from exproxy.proxy.backend import Backend
from exproxy.proxy.mail.manner import Admitted, Desks, Manner, Relay
from exproxy.wire.desk.base import Desk
from exproxy.wire.desk.imap import ImapDesk
from exproxy.wire.desk.login import Login
from exproxy.wire.imaprelay import ImapRelay
from exproxy.wire.mailsettings import Settings, StartTls
from exproxy.wire.reception.base import ClientFacts, Reception
from exproxy.wire.reception.imap import ImapReception
from exproxy.wire.signin.base import SignIn
from exproxy.wire.signin.imap import ImapSignIn
from exproxy.wire.step import Step, Then

NONE_LEFT = b"* BYE [UNAVAILABLE] No mail server is available, try again later\r\n"
EARLY = b"* BYE You spoke before the greeting\r\n"
ABUSED = b"* BYE [UNAVAILABLE] Too many errors from your address, try again later\r\n"
PARTING = b"* BYE [UNAVAILABLE] Service is going down for maintenance, try again later\r\n"


@attrs.frozen(eq=False)
class Imap:
    """:param settings: of sessions; whether STARTTLS is offered depends on the client's way in."""

    settings: Settings
    backend: Backend

    def manner(self) -> Manner:
        """What it does its own way."""
        return Manner(self._reception, self._relay, NONE_LEFT, EARLY, ABUSED, PARTING)

    def desks(self) -> Desks:
        """What it does where the user chooses the server."""
        return Desks(self._desk, self._sign_in, admit)

    def _desk(self, offered: Collection[str], secure: bool, tls: bool) -> ImapDesk:
        return ImapDesk(self._settings(tls), offered, secure=secure)

    def _sign_in(self, server: Server, client: ClientFacts, login: Login, _helo: str) -> ImapSignIn:
        return ImapSignIn(self._reception(server, client), login, self.settings)

    def _reception(self, server: Server, client: ClientFacts) -> Reception:
        backend = self.backend
        return ImapReception(server.name in backend.starttls, client if server.name in backend.imap_id else None)

    def _relay(self, secure: bool, offered: bool) -> Relay:
        return ImapRelay(self._settings(offered), secure=secure)

    def _settings(self, offered: bool) -> Settings:
        return attrs.evolve(self.settings, starttls=StartTls.OFFER) if offered else self.settings


def admit(desk: Desk, _sign_in: SignIn, words: bytes) -> Admitted:
    """Nothing has to be followed behind the login."""
    assert isinstance(desk, ImapDesk)
    return Admitted(ImapRelay.open(desk.facts), Step(desk.leftover(), words, Then.PIPE))
