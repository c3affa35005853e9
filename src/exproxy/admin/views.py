"""What an administrator sees: one frozen object for each thing, with numbers and words, and nothing that can be called.

Times are seconds since the epoch, durations seconds, sizes octets.  ``None`` is what is not known, or not limited.
"""

from attrs import frozen

from exproxy.pool import Admin, Operational


@frozen
class CertificateView:
    """What a server showed to its check.

    :param days: whole ones that are left; below 0 it has expired.
    """

    subject: str
    not_after: float
    days: int


@frozen
class CheckView:
    """One check of a server and its last result.

    :param verdict: what all of its results so far make of the server.
    :param status: the layer, in HAProxy's words (``L7STS``); empty before the first result, as the next ones.
    :param text: what was found, as a sentence part.
    :param line: the last line of the dialogue.
    """

    name: str
    required: bool
    verdict: Operational
    status: str
    text: str
    line: str
    code: int | None
    duration: float | None
    at: float | None
    warnings: tuple[str, ...]
    certificate: CertificateView | None


@frozen
class OwnCertificateView:
    """What clients are shown.

    :param file: where it stands.
    :param names: that it is for.
    :param days: whole ones that are left; below 0 it has expired.
    """

    file: str
    subject: str
    names: tuple[str, ...]
    not_after: float
    days: int


@frozen
class DialogueView:
    """What was said in the last run of something that a server is asked again and again.

    :param kind: ``check``; ``agent``; ``port``: of its endpoint mapper, for the interface ``name``.
    :param status: the layer, in HAProxy's words  :param text: what was found, as a sentence part.
    :param lines: ``>>> ours``, ``<<< theirs``, ``--- what happened``; printable, without credentials, 4 KB at most.
    """

    kind: str
    name: str
    status: str
    text: str
    at: float
    duration: float
    lines: tuple[str, ...]


@frozen
class TransitionView:
    """A change on one of the two axes; ``old`` and ``new`` are words of :class:`Operational` or :class:`Admin`."""

    at: float
    old: str
    new: str
    reason: str


@frozen
class ServerView:
    """One server of a back end.

    :param usable: whether it takes new clients.
    :param condition: the same in words, and why.
    :param admin: what holds, the strictest of what people set on the server (``own_admin``), on its host, and of its agent.
    :param since: when ``operational`` began.
    :param port: ``None``: the one that the client reached.
    :param interface: whose port its endpoint mapper tells; then ``port`` is what it has told, and ``port_error`` why it has not.
    :param share: of the weight, at this moment, in percent: less while it starts slowly, or where its agent says so.
    :param queued: sessions that wait for this one and no other; the back end's have all.
    :param rate: sessions in the last second; ``rate_max``: in the busiest one.
    :param history: the oldest first.
    """

    backend: str
    name: str
    host: str
    address: str | None
    port: int | None
    interface: str | None
    port_error: str
    backup: bool
    usable: bool
    condition: str
    operational: Operational
    admin: Admin
    own_admin: Admin
    host_admin: Admin
    agent_admin: Admin
    agent_text: str
    since: float
    weight: int
    share: int
    maxconn: int | None
    sessions: int
    queued: int
    total: int
    rate: float
    rate_max: float
    failed_connects: int
    bytes_in: int
    bytes_out: int
    warnings: tuple[str, ...]
    checks: tuple[CheckView, ...]
    history: tuple[TransitionView, ...]


@frozen
class BackendView:
    """:param queued: sessions that wait for a slot.

    :param refused: those that got no server, at once or after a wait.
    :param table: the one that chooses first, if there is one.
    """

    name: str
    balance: str
    usable: int
    maxconn: int | None
    sessions: int
    queued: int
    total: int
    rate: float
    rate_max: float
    refused: int
    bytes_in: int
    bytes_out: int
    table: str | None
    servers: tuple[ServerView, ...]


@frozen
class RouteView:
    """Who goes elsewhere than to the default back end; the first that matches wins.

    :param condition: in words: ``host mail.example.com, path /ews``.
    :param backend: ``None``: there is a redirect instead.
    :param redirect: to where; empty: there is none.
    """

    condition: str
    backend: str | None
    redirect: str


@frozen
class MapView:
    """What clients of an endpoint mapper are told of an interface.

    :param protocol: ``ncacn_ip_tcp`` or ``ncacn_http``.
    :param frontend: the one that has it, at these ``addresses``.
    """

    interface: str
    protocol: str
    frontend: str
    addresses: tuple[str, ...]


@frozen
class FrontendView:
    """:param backends: where clients may go, the default one first.

    :param ready: whether the first of them has a server that takes new clients; any of them, where there is no default.
    :param broken: sessions that ended because one side broke the protocol.
    :param denied: requests that an access rule refused; ``limited``: those that came too often.
    :param fault: whose preface or handshake was the last one that failed, and why; ``limit``: who came too often, and for what.
    :param early_talkers: clients of mail that spoke before they were greeted  :param passed_over: servers that were reached for
        them and did not greet well  :param refused_logins: those that servers refused, where users have their servers.
    :param mapped: answers of endpoint mappers that were changed  :param hidden: and those that were left out
    :param refused_calls: those that are protected, and so cannot be changed.
    :param map: what clients of mode ``epm`` are told.
    """

    name: str
    mode: str
    addresses: tuple[str, ...]
    backends: tuple[str, ...]
    ready: bool
    maxconn: int | None
    sessions: int
    total: int
    rate: float
    rate_max: float
    refused: int
    failed_prefaces: int
    failed_handshakes: int
    left_early: int
    broken: int
    bad_requests: int
    denied: int
    limited: int
    bytes_in: int
    bytes_out: int
    fault: str
    limit: str
    early_talkers: int
    passed_over: int
    refused_logins: int
    mapped: int
    hidden: int
    refused_calls: int
    routes: tuple[RouteView, ...]
    map: tuple[MapView, ...]
    certificates: tuple[OwnCertificateView, ...]


@frozen
class HostView:
    """:param servers: ``backend/server`` of each that is on it."""

    name: str
    address: str
    admin: Admin
    sessions: int
    servers: tuple[str, ...]


@frozen
class TableView:
    """:param evicted: entries that went because it was full."""

    name: str
    kind: str
    entries: int
    size: int
    expire: float
    evicted: int
    backends: tuple[str, ...]


@frozen
class SessionView:
    """One that lives.

    :param id: by which it can be ended; no other session ever has it.
    :param client: address and port, of a balancer before us if that told them.
    :param servers: ``backend/server`` of each that it has a slot of; in mode ``http`` there may be several.
    :param seconds: since it began.
    :param bytes_in: from the client.
    """

    id: str
    client: str
    frontend: str
    servers: tuple[str, ...]
    seconds: float
    bytes_in: int
    bytes_out: int


@frozen
class EntryView:
    """A client's choice.

    :param key: its address or network; where the table's keys are made of something else, the keyed hash of that.
    :param idle: since it was last used; with workers to the accuracy of their reports.
    """

    key: str
    host: str
    idle: float


@frozen
class ActionView:
    """What somebody did; the two texts make a sentence."""

    at: float
    by: str
    what: str


@frozen
class SeriesView:
    """The last minutes of a thing; the oldest first, the last one at ``at``, ``step`` seconds from one to the next.

    :param bytes_in: a second, as the next one.
    """

    at: float
    step: float
    sessions: tuple[float, ...]
    bytes_in: tuple[float, ...]
    bytes_out: tuple[float, ...]


@frozen
class WorkerView:
    """:param pid: ``None`` while there is no process."""

    name: str
    pid: int | None
    serving: bool


@frozen
class ProcessView:
    """:param workers: none where one process does everything."""

    version: str
    pid: int
    started: float
    draining: bool
    sessions: int
    maxconn: int
    workers: tuple[WorkerView, ...]


@frozen
class Snapshot:
    """Everything at one moment."""

    at: float
    process: ProcessView
    frontends: tuple[FrontendView, ...]
    backends: tuple[BackendView, ...]
    hosts: tuple[HostView, ...]
    tables: tuple[TableView, ...]
