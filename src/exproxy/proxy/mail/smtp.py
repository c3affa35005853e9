"""Mode ``smtp``."""

from collections.abc import Collection

import attrs

from exproxy.pool import Server
from exproxy.proxy.backend import Backend
from exproxy.proxy.mail.manner import Admitted, Desks, Manner, Relay
from exproxy.wire.desk.base import Desk
from exproxy.wire.desk.login import Login
from exproxy.wire.desk.smtp import SmtpDesk
from exproxy.wire.reception.base import ClientFacts, Reception
from exproxy.wire.reception.smtp import SmtpReception
from exproxy.wire.signin.base import SignIn
from exproxy.wire.signin.smtp import SmtpSignIn
from exproxy.wire.smtprelay import Rewriter, Settings, SmtpRelay, StartTls

NONE_LEFT = b"421 4.3.2 No mail server is available, try again later\r\n"
EARLY = b"554 5.5.0 Error: SMTP protocol synchronization: you spoke before the greeting\r\n"
ABUSED = b"421 4.7.0 Too many errors from your address, try again later\r\n"


@attrs.frozen(eq=False)
class Smtp:
    """:param helo: what we call ourselves to servers.

    :param settings: of sessions; whether STARTTLS is offered depends on the client's way in.
    """

    helo: str
    settings: Settings
    backend: Backend
    _rewriter: Rewriter = attrs.field(init=False)
    _offering: Rewriter = attrs.field(init=False)
    """For clients that STARTTLS is offered to."""

    @_rewriter.default
    def _rewrite(self) -> Rewriter:
        return Rewriter(self.settings)

    @_offering.default
    def _rewrite_offering(self) -> Rewriter:
        return Rewriter(attrs.evolve(self.settings, starttls=StartTls.OFFER))

    def manner(self) -> Manner:
        """What it does its own way."""
        return Manner(self._reception, self._relay, NONE_LEFT, EARLY, ABUSED)

    def desks(self) -> Desks:
        """What it does where the user chooses the server."""
        return Desks(self._desk, self._sign_in, self._admit)

    def _desk(self, offered: Collection[str], secure: bool, tls: bool) -> SmtpDesk:
        return SmtpDesk(self.helo, self._settings(tls), offered, secure=secure)

    def _sign_in(self, server: Server, client: ClientFacts, login: Login, helo: str) -> SmtpSignIn:
        return SmtpSignIn(self._reception(server, client), login, helo)

    def _admit(self, desk: Desk, sign_in: SignIn, words: bytes) -> Admitted:
        """Mails are followed as ever."""
        assert isinstance(desk, SmtpDesk)
        assert isinstance(sign_in, SmtpSignIn)
        relay = SmtpRelay.logged_in(self.settings, desk.facts, chunking=desk.chunking and sign_in.chunking)
        step = relay.from_client(desk.leftover())
        return Admitted(relay, attrs.evolve(step, to_client=words + step.to_client))

    def _reception(self, server: Server, client: ClientFacts) -> Reception:
        backend = self.backend
        return SmtpReception(self.helo, server.name in backend.starttls, client if server.name in backend.xclient else None)

    def _relay(self, secure: bool, offered: bool) -> Relay:
        return SmtpRelay(self._settings(offered), self._rewriter_of(offered), secure=secure)

    def _settings(self, offered: bool) -> Settings:
        return self._rewriter_of(offered).settings

    def _rewriter_of(self, offered: bool) -> Rewriter:
        return self._offering if offered else self._rewriter
