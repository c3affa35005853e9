"""Mode ``pop3``."""

from collections.abc import Collection

import attrs

from exproxy.pool import Server
from exproxy.proxy.backend import Backend
from exproxy.proxy.mail.manner import Admitted, Desks, Manner, Relay
from exproxy.wire.desk.base import Desk
from exproxy.wire.desk.login import Login
from exproxy.wire.desk.pop3 import PopDesk
from exproxy.wire.mailsettings import Settings, StartTls
from exproxy.wire.poprelay import PopRelay
from exproxy.wire.reception.base import ClientFacts, Reception
from exproxy.wire.reception.pop3 import Pop3Reception
from exproxy.wire.signin.base import SignIn
from exproxy.wire.signin.pop3 import PopSignIn
from exproxy.wire.step import Step, Then

NONE_LEFT = b"-ERR [SYS/TEMP] No mail server is available, try again later\r\n"
EARLY = b"-ERR You spoke before the greeting\r\n"
ABUSED = b"-ERR [SYS/TEMP] Too many errors from your address, try again later\r\n"


@attrs.frozen(eq=False)
class Pop3:
    """:param settings: of sessions; whether STLS is offered depends on the client's way in."""

    settings: Settings
    backend: Backend

    def manner(self) -> Manner:
        """What it does its own way."""
        return Manner(self._reception, self._relay, NONE_LEFT, EARLY, ABUSED)

    def desks(self) -> Desks:
        """What it does where the user chooses the server."""
        return Desks(self._desk, self._sign_in, admit)

    def _desk(self, offered: Collection[str], secure: bool, tls: bool) -> PopDesk:
        return PopDesk(self._settings(tls), offered, secure=secure)

    def _sign_in(self, server: Server, client: ClientFacts, login: Login, _helo: str) -> PopSignIn:
        return PopSignIn(self._reception(server, client), login)

    def _reception(self, server: Server, client: ClientFacts) -> Reception:
        backend = self.backend
        return Pop3Reception(server.name in backend.starttls, client if server.name in backend.xclient else None)

    def _relay(self, secure: bool, offered: bool) -> Relay:
        return PopRelay(self._settings(offered), secure=secure)

    def _settings(self, offered: bool) -> Settings:
        return attrs.evolve(self.settings, starttls=StartTls.OFFER) if offered else self.settings


def admit(desk: Desk, _sign_in: SignIn, words: bytes) -> Admitted:
    """Nothing has to be followed behind the login."""
    assert isinstance(desk, PopDesk)
    return Admitted(PopRelay.open(desk.facts), Step(desk.leftover(), words, Then.PIPE))
