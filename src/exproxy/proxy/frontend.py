"""A front end: its limits, its counters and the sessions that it has."""

from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING

import attrs
from twisted.internet.interfaces import IReactorTime

from exproxy.net.deadlines import Deadlines
from exproxy.net.interfaces import Address, Network
from exproxy.proxy.accesslog.formats import Record
from exproxy.proxy.admission import Admission, Unwanted
from exproxy.proxy.backend import Backend
from exproxy.proxy.gate import Gate
from exproxy.proxy.joint import Join, Serve, pipe
from exproxy.proxy.sni import SniTable
from exproxy.wire.epmrelay import Counters

if TYPE_CHECKING:
    from exproxy.proxy.listener import Listener
    from exproxy.proxy.session import Session
    from exproxy.proxy.web.website import Website

_SETTINGS = (
    "backend",
    "routes",
    "maxconn",
    "client_timeout",
    "client_fin_timeout",
    "preface_timeout",
    "handshake_timeout",
    "log",
    "dontlognull",
    "reads_hello",
)
_ALSO_OF_ANNEXES = ("client_timeout", "client_fin_timeout", "preface_timeout", "handshake_timeout", "dontlognull", "admission")
_COUNTED = (
    "total",
    "bytes_in",
    "bytes_out",
    "bad_prefaces",
    "bad_handshakes",
    "bad_requests",
    "left_early",
    "denied",
    "limited",
    "refused",
    "broken",
)
_FAULT = 200
"""Characters that are kept of a fault."""


@attrs.define(eq=False)
class Frontend:
    """Times are seconds.

    :param backend: for what no route takes; ``None``: such a session is closed.
    :param log: takes the access line of each session that is over, or of each request.
    :param dontlognull: leave out sessions in which the client sent nothing.
    :param join: joins the streams of each session, as the mode wants it.
    """

    name: str
    clock: IReactorTime
    network: Network
    gate: Gate
    backend: Backend | None
    routes: SniTable[Backend] | None
    maxconn: int | None
    client_timeout: float
    client_fin_timeout: float
    preface_timeout: float
    handshake_timeout: float
    log: Callable[[Record], None]
    dontlognull: bool
    join: Join = pipe
    serve: Serve | None = None
    """Takes clients over before a server is chosen, where the mode chooses for each request."""
    reads_hello: bool = False
    """A ClientHello is read before a server is chosen, for its name or for its session."""
    admission: Admission | None = None
    """Who may come in; ``None``: everybody."""
    website: "Website | None" = None
    """In mode ``http``: by what requests are served from now on, also those of clients that came before."""
    draining: bool = False
    """Clients are let go when what they have begun is over."""
    leaving: bool = False
    """It was taken out of the configuration, and goes with its last session."""
    elsewhere: int = 0
    """Sessions that other processes have, where somebody has to know."""
    listeners: list["Listener"] = attrs.field(factory=list)
    sessions: set["Session"] = attrs.field(factory=set)
    annexes: list["Frontend"] = attrs.field(factory=list)
    """Of ports that were opened for its clients: who looks sees their sessions, and what they count, as its own."""
    numbering: "count[int]" = attrs.field(factory=lambda: count(1))
    """Of its sessions, in the order in which they come; annexes have the same one."""
    total: int = 0
    bytes_in: int = 0
    """From clients, until some seconds ago where they are still there; ``bytes_out``: to them."""
    bytes_out: int = 0
    bad_prefaces: int = 0
    bad_handshakes: int = 0
    bad_requests: int = 0
    left_early: int = 0
    """Clients that left before their preface or handshake was complete."""
    denied: int = 0
    """Clients and requests that access rules refused."""
    limited: int = 0
    """Clients and requests beyond what one source may have."""
    limited_at: float = 0.0
    limit: str = ""
    """Who was the last one that was refused for that, and which limit it was."""
    fault_at: float = 0.0
    fault: str = ""
    """Whose preface, handshake or request was the last one that failed, and why."""
    refused: int = 0
    """Sessions for which no server was found."""
    broken: int = 0
    """Sessions that ended because one side broke the protocol."""
    mapping: Counters | None = None
    """What was done to an endpoint mapper's answers, in mode ``epm``."""
    early_talkers: int = 0
    """Clients of mail that spoke before they were greeted."""
    passed_over: int = 0
    """Servers that were reached for them and did not greet well."""
    refused_logins: int = 0
    """Those that servers have refused, where a login decides about the server."""
    deadlines: Deadlines = attrs.field(init=False)
    seconds: Callable[[], float] = attrs.field(init=False)
    """The clock's."""

    def __attrs_post_init__(self) -> None:
        self.deadlines = self.network.deadlines
        self.seconds = self.clock.seconds
        self.reads_hello = self.reads_hello or self.routes is not None

    def become(self, fresh: "Frontend") -> None:
        """Be configured as ``fresh``, which has no mode yet; sessions and what was counted stay.

        A session that lives keeps what its mode made of it, and has the new times from its next wait on.  Annexes follow: who
        may not come any more may not come there either.
        """
        for name in _SETTINGS:
            setattr(self, name, getattr(fresh, name))
        if fresh.admission is not None and self.admission is not None:
            fresh.admission.inherit(self.admission)
        self.admission = fresh.admission
        self.join, self.serve, self.website = fresh.join, fresh.serve, None
        self.leaving = False
        for annex in self.annexes:
            for name in _ALSO_OF_ANNEXES:
                setattr(annex, name, getattr(self, name))
        self._tell()

    def leave(self) -> None:
        """Nobody comes any more, and clients that ask again and again are let go after one more answer."""
        self.leaving = True
        self.website = None

    @property
    def held(self) -> bool:
        """Whether it or an annex has a session, here or in another process."""
        return bool(self.elsewhere or any(part.sessions for part in self.parts))

    @property
    def parts(self) -> tuple["Frontend", ...]:
        """Itself and its annexes."""
        return (self, *self.annexes)

    @property
    def open(self) -> bool:
        """Whether one more session is allowed here."""
        return self.maxconn is None or len(self.sessions) < self.maxconn

    def began(self, session: "Session", listener: "Listener") -> None:
        """Count a session."""
        self.sessions.add(session)
        self.total += 1
        session.number = next(self.numbering)
        self.gate.take(listener)
        if self.maxconn is not None and len(self.sessions) >= self.maxconn:
            self._tell()

    def ended(self, session: "Session") -> None:
        """A session is over."""
        self.sessions.remove(session)
        if self.admission is not None:
            self.admission.leave(session)
        if self.maxconn is not None and len(self.sessions) == self.maxconn - 1:
            self._tell()
        self.gate.free()

    def drain(self) -> None:
        """Let clients go when what they have begun is over, where the mode can tell."""
        self.draining = True
        for session in tuple(self.sessions):
            session.drain()

    def absorb(self, annex: "Frontend") -> None:
        """Have counted what an annex has that is no more: nothing that was told becomes less."""
        self.annexes.remove(annex)
        for name in _COUNTED:
            setattr(self, name, getattr(self, name) + getattr(annex, name))
        self.fault_at, self.fault = max((self.fault_at, self.fault), (annex.fault_at, annex.fault))
        self.limited_at, self.limit = max((self.limited_at, self.limit), (annex.limited_at, annex.limit))

    def preface_failed(self, client: Address, why: object) -> None:
        """Count a preface that was none, or that did not come."""
        self.bad_prefaces += 1
        self._note(client, why)

    def handshake_failed(self, client: Address, why: object) -> None:
        """Count a TLS handshake that failed, or that did not come."""
        self.bad_handshakes += 1
        self._note(client, why)

    def request_failed(self, client: Address, why: object) -> None:
        """Count what was no request, or did not come."""
        self.bad_requests += 1
        self._note(client, why)

    def turned_away(self, client: Address, why: Unwanted) -> None:
        """Count who was not let in."""
        if why.limited:
            self.limit_reached(client, str(why))
        else:
            self.denied += 1

    def limit_reached(self, client: Address, which: str) -> None:
        """Count who wants more than one source may have."""
        self.limited += 1
        self.limited_at = self.seconds()
        self.limit = f"{client[0]}: {which}"[:_FAULT]

    def set_maxconn(self, maxconn: int) -> None:
        """Sessions beyond a smaller limit stay; nobody new is accepted until they are fewer."""
        self.maxconn = maxconn
        self._tell()

    def room(self) -> int:
        """How many of its listeners' clients may be accepted in this turn."""
        room = self.gate.room()
        return room if self.maxconn is None else min(room, self.maxconn - len(self.sessions))

    def _note(self, client: Address, why: object) -> None:
        self.fault_at = self.seconds()
        self.fault = f"{client[0]}: {why}"[:_FAULT]

    def _tell(self) -> None:
        for listener in self.listeners:
            listener.follow()
