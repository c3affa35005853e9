"""Mode ``smtp``."""

import attrs

from exproxy.pool import Server
from exproxy.proxy.backend import Backend
from exproxy.proxy.mail.manner import Manner, Relay
from exproxy.wire.reception.base import ClientFacts, Reception
from exproxy.wire.reception.smtp import SmtpReception
from exproxy.wire.smtprelay import Settings, SmtpRelay, StartTls

NONE_LEFT = b"421 4.3.2 No mail server is available, try again later\r\n"
EARLY = b"554 5.5.0 Error: SMTP protocol synchronization: you spoke before the greeting\r\n"


@attrs.frozen(eq=False)
class Smtp:
    """:param helo: what we call ourselves to servers.

    :param settings: of sessions; whether STARTTLS is offered depends on the client's way in.
    """

    helo: str
    settings: Settings
    backend: Backend

    def manner(self) -> Manner:
        """What it does its own way."""
        return Manner(self._reception, self._relay, NONE_LEFT, EARLY)

    def _reception(self, server: Server, client: ClientFacts) -> Reception:
        backend = self.backend
        return SmtpReception(self.helo, server.name in backend.starttls, client if server.name in backend.xclient else None)

    def _relay(self, secure: bool, offered: bool) -> Relay:
        settings = attrs.evolve(self.settings, starttls=StartTls.OFFER) if offered else self.settings
        return SmtpRelay(settings, secure=secure)
