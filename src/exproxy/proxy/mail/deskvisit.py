"""A client's connection whose server is chosen by who the client is: we greet it, it says who it is, and a server judges that."""

from typing import TYPE_CHECKING

from exproxy.net.interfaces import PipedStream, SecureStream, Stream
from exproxy.pool import Server
from exproxy.proxy.joint import Joined
from exproxy.proxy.mail.admission import Admission
from exproxy.proxy.mail.talk import Talk
from exproxy.proxy.mail.visit import State, Visit
from exproxy.wire.crossing import Broken
from exproxy.wire.desk.base import Desk
from exproxy.wire.desk.login import Login
from exproxy.wire.facts import Facts
from exproxy.wire.reception.base import ClientFacts
from exproxy.wire.signin.base import SignIn
from exproxy.wire.step import Step, Then

if TYPE_CHECKING:
    from exproxy.proxy.mail.deskhouse import DeskHouse

_PATIENCE = 300.0
"""Seconds without a byte before the login, where ``timeouts.client`` is longer: who idles here has no mail to wait for."""


class DeskVisit(Visit):
    """As :class:`Visit`, from the login on."""

    __slots__ = ("_asked_at", "_desk", "_desks", "_full", "_known", "_sign_in", "_then", "_words")

    def __init__(self, house: "DeskHouse", session: Joined, client: PipedStream, secure: bool) -> None:
        self._desks = house
        self._desk: Desk | None = None
        self._known: Facts | None = None
        self._sign_in: SignIn | None = None
        self._asked_at = 0.0
        self._words = b""
        """A server's refusal; empty: there was no server."""
        self._full = False
        """What we said has not all been sent: the client is not read."""
        self._then = Then.GO_ON
        """What follows once it has."""
        super().__init__(house, session, client, secure)

    def drain(self) -> None:
        super().drain()
        if self._state is State.AT_DESK and self._desk is not None:
            self._act(self._desk.drain(), "K")

    # ---- what the streams tell

    def data_received(self, stream: Stream, data: bytes) -> None:
        if self._state is State.AT_DESK and self._desk is not None:
            self._hear(self._desk, data)
        else:
            super().data_received(stream, data)

    def eof_received(self, stream: Stream) -> None:
        if self._state is State.AT_DESK:
            self._leave_desk("C")
        else:
            super().eof_received(stream)

    def peer_left(self, stream: Stream) -> None:
        if self._state is State.REFUSED:
            self._leave_desk("C")
        else:
            super().peer_left(stream)

    def write_drained(self, stream: Stream) -> None:
        if self._full and self._state is State.AT_DESK:
            self._full = False
            self._go_on(self._then)

    def tls_secured(self, stream: SecureStream) -> None:
        desk = self._desk
        if desk is None or self._state is not State.SECURING:
            super().tls_secured(stream)
            return
        self._secure = True
        self._version = stream.version
        self._attend()
        self._act(desk.secured())
        if self._draining:
            self._act(desk.drain(), "K")

    def deadline_due(self, now: float) -> None:
        if self._state is State.REFUSED:
            self._tell_refusal()
        elif self._state is State.AT_DESK and self._desk is not None:
            silent, patience = now - self._client.last_active, self._patience_at_desk()
            if silent < patience:
                self._wait(patience - silent)
            else:
                self._act(self._desk.expire(), "c")
        else:
            super().deadline_due(now)

    # ---- what the way to a server tells

    def put_through(self, stream: PipedStream, server: Server, greeting: bytes) -> None:
        desk, sign_in = self._desk, self._sign_in
        assert desk is not None
        assert sign_in is not None
        admitted = self._desks.desks.admit(desk, sign_in, greeting)
        self._desk = self._sign_in = None
        self._upstream, self._server, self._relay = stream, server, admitted.relay
        self._talk = Talk(self, self._client, stream, admitted.relay)
        self._state = State.TALKING
        self._wait_for_words()
        self._talk.go_on(admitted.step)
        if self._draining:
            super().drain()

    def turned_away(self, termination: str) -> None:
        """There may be a server when the client asks again."""
        if self._desk is None:
            super().turned_away(termination)
        else:
            self._desks.frontend.refused += 1
            self._judged(b"")

    def refused(self, server: Server, words: bytes) -> None:
        """For :class:`~exproxy.proxy.mail.admission.Applicant`."""
        self._desks.frontend.refused_logins += 1
        self._judged(words)

    def evicted(self, reason: str) -> None:
        if self._state is State.APPROACHING and self._desk is not None:
            self._approach.give_up()
            self._judged(b"")
        else:
            super().evicted(reason)

    # ---- the steps

    def _set_out(self) -> None:
        """There is no server to go to yet: the client is greeted here, if there is one that it could be sent to."""
        house = self._desks
        if not house.expects():
            house.frontend.refused += 1
            self._turn_away(house.manner.none_left, "SC")
            return
        self._desk = desk = house.desks.desk(house.offered(), self._secure, self._session.starttls is not None)
        self._attend()
        self._act(Step(to_client=desk.greeting()))

    def _attend(self) -> None:
        self._state = State.AT_DESK
        self._wait(self._patience_at_desk())

    def _patience_at_desk(self) -> float:
        return min(_PATIENCE, self._desks.frontend.client_timeout)

    def _hear(self, desk: Desk, data: bytes) -> None:
        try:
            step = desk.from_client(data)
        except Broken as broken:
            self._client.write(broken.last.to_client)
            self._desks.broke("client", self._session.source[0], "no server yet", broken)
            self._leave_desk("P")
        else:
            self._act(step)
            self._keep_count()

    def _keep_count(self) -> None:
        """Let the client go if its source has done too much wrong."""
        if self._state is State.AT_DESK and self._too_much():
            self._client.write(self._desks.manner.abused)
            self._leave_desk("P")

    def _act(self, step: Step, letter: str = "") -> None:
        self._full = bool(step.to_client) and not self._client.write(step.to_client)
        if step.then is Then.FINISH:
            self._leave_desk(letter)
        elif self._full:
            self._client.pause()
            self._then = step.then
        else:
            self._go_on(step.then)

    def _go_on(self, then: Then) -> None:
        if then is Then.START_TLS:
            self._client.pause()
            self.begin_tls()
        elif then is Then.LOG_IN:
            self._ask_server()
        else:
            self._client.resume()

    def _ask_server(self) -> None:
        house, login = self._desks, self._login()
        key = house.key_of(login.mailbox)
        self._asked_at = house.frontend.seconds()
        self._approach = Admission(self, house.frontend, house.backend, self._session, self._begin_with, house.patience(), key)
        super()._set_out()

    def _begin_with(self, server: Server) -> SignIn:
        session, desk = self._session, self._desk
        assert desk is not None
        client = ClientFacts(session.source, session.reached())
        self._sign_in = self._desks.desks.sign_in(server, client, self._login(), desk.facts.helo)
        return self._sign_in

    def _login(self) -> Login:
        assert self._desk is not None
        login = self._desk.login
        assert login is not None
        return login

    def _judged(self, words: bytes) -> None:
        """Say so, but not at once."""
        self._words = words
        self._sign_in = None
        self._state = State.REFUSED
        rest = self._asked_at + self._desks.failure_delay - self._desks.frontend.seconds()
        if rest > 0:
            self._wait(rest)
        else:
            self._tell_refusal()

    def _tell_refusal(self) -> None:
        desk, words = self._desk, self._words
        assert desk is not None
        self._attend()
        self._act(desk.refused(words) if words else desk.unavailable())
        self._keep_count()
        if self._draining and self._state is State.AT_DESK:
            self._act(desk.drain(), "K")

    def _turn_away(self, words: bytes, termination: str) -> None:
        self._let_desk_go()
        super()._turn_away(words, termination)

    def _lost_client(self, error: Exception | None) -> None:
        if self._state in (State.AT_DESK, State.REFUSED):
            self._blame(self._session.blamed or "C")
        self._let_desk_go()
        super()._lost_client(error)

    def _let_desk_go(self) -> None:
        """Neither name nor password is kept longer than it is used."""
        desk, self._desk = self._desk, None
        self._sign_in = None
        self._words = b""
        if desk is not None:
            desk.leftover()
            self._known = desk.facts

    def _facts(self) -> Facts | None:
        if self._relay is not None:
            return self._relay.facts
        return self._known if self._desk is None else self._desk.facts

    def _leave_desk(self, letter: str) -> None:
        self._blame(letter)
        self._state = State.LEAVING
        self._let_desk_go()
        self._approach.give_up()
        self._leave()
