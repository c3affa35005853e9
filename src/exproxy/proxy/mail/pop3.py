"""Mode ``pop3``."""

import attrs

from exproxy.pool import Server
from exproxy.proxy.backend import Backend
from exproxy.proxy.mail.manner import Manner, Relay
from exproxy.wire.mailsettings import Settings, StartTls
from exproxy.wire.poprelay import PopRelay
from exproxy.wire.reception.base import ClientFacts, Reception
from exproxy.wire.reception.pop3 import Pop3Reception

NONE_LEFT = b"-ERR [SYS/TEMP] No mail server is available, try again later\r\n"
EARLY = b"-ERR You spoke before the greeting\r\n"


@attrs.frozen(eq=False)
class Pop3:
    """:param settings: of sessions; whether STLS is offered depends on the client's way in."""

    settings: Settings
    backend: Backend

    def manner(self) -> Manner:
        """What it does its own way."""
        return Manner(self._reception, self._relay, NONE_LEFT, EARLY)

    def _reception(self, server: Server, client: ClientFacts) -> Reception:
        backend = self.backend
        return Pop3Reception(server.name in backend.starttls, client if server.name in backend.xclient else None)

    def _relay(self, secure: bool, offered: bool) -> Relay:
        settings = attrs.evolve(self.settings, starttls=StartTls.OFFER) if offered else self.settings
        return PopRelay(settings, secure=secure)
