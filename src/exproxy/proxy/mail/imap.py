"""Mode ``imap``."""

import attrs

from exproxy.pool import Server
from exproxy.proxy.backend import Backend
from exproxy.proxy.mail.manner import Manner, Relay
from exproxy.wire.imaprelay import ImapRelay
from exproxy.wire.mailsettings import Settings, StartTls
from exproxy.wire.reception.base import ClientFacts, Reception
from exproxy.wire.reception.imap import ImapReception

NONE_LEFT = b"* BYE [UNAVAILABLE] No mail server is available, try again later\r\n"
EARLY = b"* BYE You spoke before the greeting\r\n"
PARTING = b"* BYE [UNAVAILABLE] Service is going down for maintenance, try again later\r\n"


@attrs.frozen(eq=False)
class Imap:
    """:param settings: of sessions; whether STARTTLS is offered depends on the client's way in."""

    settings: Settings
    backend: Backend

    def manner(self) -> Manner:
        """What it does its own way."""
        return Manner(self._reception, self._relay, NONE_LEFT, EARLY, PARTING)

    def _reception(self, server: Server, client: ClientFacts) -> Reception:
        backend = self.backend
        return ImapReception(server.name in backend.starttls, client if server.name in backend.imap_id else None)

    def _relay(self, secure: bool, offered: bool) -> Relay:
        settings = attrs.evolve(self.settings, starttls=StartTls.OFFER) if offered else self.settings
        return ImapRelay(settings, secure=secure)
