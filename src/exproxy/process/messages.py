"""What the master, the fork server and the workers say to each other: AMP commands on pairs of unix sockets.

A command that needs an answer costs about 250 µs on each side, so none is sent for a session but for a key of a table that was
never seen before.  Both ends are the same program, started by one another: what is pickled was pickled by ourselves.
"""

import pickle
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar, TypeVar

from attrs import Factory, evolve, field, frozen
from twisted.protocols import amp

from exproxy import pool

T = TypeVar("T")
Field = tuple[bytes, amp.Argument]

A_MESSAGE = 100
"""So many entries or sessions fit into a message, whose values have 65,535 bytes at most."""
STATES_A_MESSAGE = 20
"""So many states: a mail server's has what it offers in it."""


class Pickled(amp.Argument):
    """Any object of ours."""

    def toString(self, inObject: object) -> bytes:
        return pickle.dumps(inObject, pickle.HIGHEST_PROTOCOL)

    def fromString(self, inString: bytes) -> Any:
        return pickle.loads(inString)  # noqa: S301 - from our own parent or child, on a pair that nobody else has


@frozen
class ServerCounts:
    """One worker's sessions with one server; all but ``sessions`` and ``queued`` only grow, or go back to 0 for ``in_a_row``."""

    sessions: int = 0
    total: int = 0
    failed: int = 0
    in_a_row: int = 0
    """Connects that failed since the last one that did not."""
    bytes_in: int = 0
    bytes_out: int = 0
    queued: int = 0
    """Sessions that wait for this server and no other."""

    @classmethod
    def of(cls, server: pool.Server) -> "ServerCounts":
        """Those of one process."""
        return cls(
            server.sessions,
            server.total,
            server.failed_connects,
            server.failed_in_a_row,
            server.bytes_in,
            server.bytes_out,
            server.queued,
        )

    def __add__(self, other: "ServerCounts") -> "ServerCounts":
        return ServerCounts(
            self.sessions + other.sessions,
            self.total + other.total,
            self.failed + other.failed,
            self.in_a_row + other.in_a_row,
            self.bytes_in + other.bytes_in,
            self.bytes_out + other.bytes_out,
            self.queued + other.queued,
        )

    @property
    def past(self) -> "ServerCounts":
        """What stays when the worker has ended."""
        return evolve(self, sessions=0, in_a_row=0, queued=0)


@frozen
class FrontendCounts:
    """One worker's sessions of one front end; all but ``sessions`` only grow.

    :param left_early: clients that left before their preface or handshake was complete.
    :param fault: whose preface, handshake or request was the last one that failed, and why; ``fault_at``: when, in the reactor's
        seconds, which all processes have of the same day.
    :param denied: clients and requests that access rules refused  :param limited: those beyond what one source may have;
        ``limit`` and ``limited_at``: the last one of these.
    :param early_talkers: clients of mail that spoke before they were greeted  :param passed_over: servers that were reached for
        them and did not greet well  :param refused_logins: those that servers refused, where users have their servers.
    """

    sessions: int = 0
    total: int = 0
    refused: int = 0
    bad_prefaces: int = 0
    bad_handshakes: int = 0
    left_early: int = 0
    broken: int = 0
    mapped: int = 0
    hidden: int = 0
    refused_calls: int = 0
    bad_requests: int = 0
    denied: int = 0
    limited: int = 0
    fault_at: float = 0.0
    fault: str = ""
    limited_at: float = 0.0
    limit: str = ""
    bytes_in: int = 0
    bytes_out: int = 0
    early_talkers: int = 0
    passed_over: int = 0
    refused_logins: int = 0

    @property
    def faults(self) -> int:
        """Prefaces, handshakes and requests that failed."""
        return self.bad_prefaces + self.bad_handshakes + self.bad_requests

    def __add__(self, other: "FrontendCounts") -> "FrontendCounts":
        return FrontendCounts(
            self.sessions + other.sessions,
            self.total + other.total,
            self.refused + other.refused,
            self.bad_prefaces + other.bad_prefaces,
            self.bad_handshakes + other.bad_handshakes,
            self.left_early + other.left_early,
            self.broken + other.broken,
            self.mapped + other.mapped,
            self.hidden + other.hidden,
            self.refused_calls + other.refused_calls,
            self.bad_requests + other.bad_requests,
            self.denied + other.denied,
            self.limited + other.limited,
            *max((self.fault_at, self.fault), (other.fault_at, other.fault)),
            *max((self.limited_at, self.limit), (other.limited_at, other.limit)),
            self.bytes_in + other.bytes_in,
            self.bytes_out + other.bytes_out,
            self.early_talkers + other.early_talkers,
            self.passed_over + other.passed_over,
            self.refused_logins + other.refused_logins,
        )

    @property
    def past(self) -> "FrontendCounts":
        """What stays when the worker has ended."""
        return evolve(self, sessions=0)


@frozen
class BackendCounts:
    """One worker's sessions that no server counts: those that wait, and those that got none, which only grow."""

    queued: int = 0
    refused: int = 0

    def __add__(self, other: "BackendCounts") -> "BackendCounts":
        return BackendCounts(self.queued + other.queued, self.refused + other.refused)

    @property
    def past(self) -> "BackendCounts":
        """What stays when the worker has ended."""
        return evolve(self, queued=0)


@frozen
class LiveSession:
    """One session of a worker, for who looks.

    :param client: address and port.
    :param servers: ``backend/server`` of each that it has a slot of; in mode ``http`` there may be several.
    :param seconds: since it began.
    :param id: by which it can be ended; no other session ever has it.
    :param number: its front end's.
    """

    client: str
    frontend: str
    servers: tuple[str, ...]
    seconds: float
    bytes_in: int
    bytes_out: int
    id: str = ""
    number: int = 0


@frozen
class Wanted:
    """Which sessions somebody wants to see; what is empty does not matter.

    :param server: ``backend/server``.
    :param client: the address, without its port.
    :param after: a front end and the number of a session there: those behind it, in this order.
    """

    server: str = ""
    frontend: str = ""
    client: str = ""
    after: tuple[str, int] | None = None


@frozen
class Usage:
    """What a worker uses of a quota, and how many of its sessions wait for more."""

    used: int = 0
    wanted: int = 0


@frozen
class Counts:
    """What has changed in a worker; by full names of servers, names of front ends, of back ends, and of limits."""

    servers: dict[str, ServerCounts] = field(default=Factory(dict))
    frontends: dict[str, FrontendCounts] = field(default=Factory(dict))
    usage: dict[str, Usage] = field(default=Factory(dict))
    backends: dict[str, BackendCounts] = field(default=Factory(dict))


def pieces(items: Iterable[T], most: int = A_MESSAGE) -> Iterator[Sequence[T]]:
    """As many messages as they need, with ``most`` in each."""
    rest = list(items)
    return (rest[start : start + most] for start in range(0, len(rest), most))


class CannotChangeError(Exception):
    """Another configuration cannot be had here; a sentence for each reason, in lines."""


class Configure(amp.Command):
    """master -> fork server, first, and for each other configuration: a file that holds it pickled, exactly as the master has
    checked it.  Workers that are asked for afterwards have it."""

    arguments: ClassVar[list[Field]] = [(b"file", amp.Descriptor())]
    errors: ClassVar[dict[type[Exception], bytes]] = {CannotChangeError: b"CANNOT_CHANGE"}


class CannotForkError(Exception):
    """The system allows no more processes, or has no memory for them."""


class Fork(amp.Command):
    """master -> fork server: a worker, with the end of its pair, and another for its standard error.  The answer: its process."""

    arguments: ClassVar[list[Field]] = [(b"link", amp.Descriptor()), (b"errors", amp.Descriptor())]
    response: ClassVar[list[Field]] = [(b"pid", amp.Integer())]
    errors: ClassVar[dict[type[Exception], bytes]] = {CannotForkError: b"CANNOT_FORK"}


class Kill(amp.Command):
    """master -> fork server: end a worker.  Only its parent knows for certain that the number is still that worker's."""

    arguments: ClassVar[list[Field]] = [(b"pid", amp.Integer())]


class Ended(amp.Command):
    """fork server -> master: a worker is no more; ``status`` is below 0 for a signal."""

    arguments: ClassVar[list[Field]] = [(b"pid", amp.Integer()), (b"status", amp.Integer())]
    requiresAnswer = False  # noqa: N815 - Twisted's name


class Listen(amp.Command):
    """master -> worker, one for each: a listening socket, with the address that the configuration says."""

    arguments: ClassVar[list[Field]] = [(b"host", amp.Unicode()), (b"port", amp.Integer()), (b"socket", amp.Descriptor())]


class States(amp.Command):
    """master -> worker: a sequence of (full name of a server, :class:`exproxy.pool.ServerState`)."""

    arguments: ClassVar[list[Field]] = [(b"states", Pickled())]


class Begin(amp.Command):
    """master -> worker: accept clients."""


class Prepare(amp.Command):
    """master -> worker: another configuration, as in :class:`Configure`: have what it needs, and change nothing."""

    arguments: ClassVar[list[Field]] = [(b"file", amp.Descriptor())]
    errors: ClassVar[dict[type[Exception], bytes]] = {CannotChangeError: b"CANNOT_CHANGE"}


class Commit(amp.Command):
    """master -> worker: be what was prepared."""


class Abandon(amp.Command):
    """master -> worker: stay what you are; what was prepared, and the sockets for it, come to nothing."""


class Quotas(amp.Command):
    """master -> worker: a dictionary of limits' names and new quotas.  The answer: what is used of them by those that go on."""

    arguments: ClassVar[list[Field]] = [(b"quotas", Pickled())]
    response: ClassVar[list[Field]] = [(b"used", Pickled())]


class Elsewhere(amp.Command):
    """master -> worker: a dictionary of servers and the sessions that other workers have there."""

    arguments: ClassVar[list[Field]] = [(b"sessions", Pickled())]
    requiresAnswer = False  # noqa: N815 - Twisted's name


class Entries(amp.Command):
    """master -> worker: a sequence of (table, key, host)."""

    arguments: ClassVar[list[Field]] = [(b"entries", Pickled())]


class Happened(amp.Command):
    """worker -> master -> the others: a sequence of (name of a table, key, how often)."""

    arguments: ClassVar[list[Field]] = [(b"counts", Pickled())]
    requiresAnswer = False  # noqa: N815 - Twisted's name


class Present(amp.Command):
    """The same of what is there now: how many more, or fewer."""

    arguments: ClassVar[list[Field]] = [(b"counts", Pickled())]
    requiresAnswer = False  # noqa: N815 - Twisted's name


class Clear(amp.Command):
    """master -> worker: forget what is in a table, or one key of it."""

    arguments: ClassVar[list[Field]] = [(b"table", amp.Unicode()), (b"key", amp.String(optional=True))]
    requiresAnswer = False  # noqa: N815 - Twisted's name


class EndSessions(amp.Command):
    """master -> worker: end a server's sessions.  The answer: how many were told."""

    arguments: ClassVar[list[Field]] = [(b"server", amp.Unicode())]
    response: ClassVar[list[Field]] = [(b"told", amp.Integer())]


class EndSession(amp.Command):
    """master -> worker: end the session of that id.  The answer: a sequence with it as it was, or an empty one."""

    arguments: ClassVar[list[Field]] = [(b"session", amp.Unicode())]
    response: ClassVar[list[Field]] = [(b"ended", Pickled())]


class Sessions(amp.Command):
    """master -> worker: which are there?  ``wanted`` is a :class:`Wanted`; as many as are asked for, and as a message has room
    for."""

    arguments: ClassVar[list[Field]] = [(b"wanted", Pickled()), (b"most", amp.Integer())]
    response: ClassVar[list[Field]] = [(b"sessions", Pickled())]


class Ping(amp.Command):
    """master -> worker: are you well?"""


class Reopen(amp.Command):
    """master -> worker: log files were renamed."""

    requiresAnswer = False  # noqa: N815 - Twisted's name


class Drain(amp.Command):
    """master -> worker: let nobody in any more, and end when the last session has ended."""

    requiresAnswer = False  # noqa: N815 - Twisted's name


class Hurry(amp.Command):
    """master -> worker: end what still lives."""

    requiresAnswer = False  # noqa: N815 - Twisted's name


class Claim(amp.Command):
    """worker -> master: may this host be the key's?  The answer is the one that is: the first claim wins.

    ``replaced`` is the host of an entry that is of no use any more, or empty.
    """

    arguments: ClassVar[list[Field]] = [
        (b"table", amp.Unicode()),
        (b"key", amp.String()),
        (b"host", amp.Unicode()),
        (b"replaced", amp.Unicode()),
    ]
    response: ClassVar[list[Field]] = [(b"host", amp.Unicode())]


class Report(amp.Command):
    """worker -> master: :class:`Counts`."""

    arguments: ClassVar[list[Field]] = [(b"counts", Pickled())]
    requiresAnswer = False  # noqa: N815 - Twisted's name


class Touched(amp.Command):
    """worker -> master: a sequence of (table, key) that were used."""

    arguments: ClassVar[list[Field]] = [(b"entries", Pickled())]
    requiresAnswer = False  # noqa: N815 - Twisted's name
