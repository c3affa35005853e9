"""What a configuration says, after includes, defaults, templates and names have been resolved.

Durations are seconds as ``float``, sizes are bytes as ``int``, paths are absolute.  Nothing here is partial: whoever
reads a :class:`Frontend` or :class:`Backend` finds its own value or the default, never ``None`` for "look elsewhere".
"""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal

from attrs import Factory, field, frozen

from exproxy.config.addresses import PortRange
from exproxy.config.problems import Place, Problem

Network = IPv4Network | IPv6Network
Mode = Literal["tcp", "http", "smtp", "imap", "pop3", "epm"]
Forwarded = Literal["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded", "front-end-https"]
Early = Literal["reject", "tarpit"]
TLSMode = Literal["starttls", "implicit"]
Others = Literal["hide", "pass", "dynamic"]
Protected = Literal["refuse", "pass"]
TableKind = Literal["source", "cookie", "app-cookie", "header", "user", "super-http", "tls-session-id"]
SameSite = Literal["none", "lax", "strict", "off"]
AccessAction = Literal["allow", "deny", "tarpit"]
LimitAction = Literal["deny", "tarpit"]
Balance = Literal["roundrobin", "leastconn", "source", "first", "random"]
ProxyVersion = Literal["v1", "v2"]
Role = Literal["viewer", "operator"]
NotifyOn = Literal["server", "backend", "admin", "warning"]
ClientFact = Literal[
    "verify", "subject", "name", "issuer", "serial", "not_before", "not_after", "sha1", "sha256", "pem", "der", "client-cert"
]
TLSVersion = Literal["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"]
Verify = bool | Literal["same"]
"""Whether a server's certificate has to be right; ``same``: it is one that a front end shows too, or right for its name."""


@frozen
class Rate:
    """So many within so many seconds."""

    count: int
    seconds: float


@frozen
class Timeouts:
    """``client`` and ``server``: no byte in either direction; the rest as HAProxy names them."""

    connect: float = 5.0
    client: float = 1800.0
    server: float = 1800.0
    queue: float = 30.0
    handshake: float = 10.0
    preface: float = 5.0
    greeting: float = 60.0
    http_request: float = 15.0
    http_keep_alive: float = 300.0
    tunnel: float = 86400.0
    client_fin: float = 30.0
    tarpit: float = 60.0
    drain: float = 600.0


@frozen
class CheckTiming:
    interval: float = 3.0
    fast_interval: float = 3.0
    """While in transition; by default ``interval``."""
    down_interval: float = 3.0
    """While down; by default ``interval``."""
    timeout: float = 5.0
    rise: int = 2
    fall: int = 3


@frozen
class CheckTLS:
    """TLS of a check, as client."""

    mode: Literal["starttls", "implicit"]
    verify: Verify = False
    ca: Path | None = None
    name: str | None = None
    """The name asked for (SNI) and, with ``verify``, looked for in the certificate; by default the server's, if it has one."""
    warn_days: int = 14
    legacy: bool = False
    """Also TLS 1.0 and 1.1, for Exchange 2010 as it was delivered."""
    pin: tuple[str, ...] = ()
    """``sha256/`` and the hash of the server's key, in Base64; one of them has to be right, also without ``verify``."""
    fronts: "tuple[FrontTLS, ...]" = ()
    """TLS of the front ends before the server, where sessions speak TLS to it too: certificates are compared with theirs."""
    bound: bool | None = None
    """Whether they have to be the same (:attr:`Backend.extended_protection`)."""


@frozen
class TLSProfile:
    """Versions and ciphers, beside those that are built in."""

    name: str
    min_version: TLSVersion = "TLSv1.2"
    max_version: TLSVersion = "TLSv1.3"
    ciphers: str | None = None
    """Of TLS 1.2 and older, as OpenSSL names them; ``None``: those of intermediate, or of legacy below TLS 1.2."""
    ciphersuites: str | None = None
    """Of TLS 1.3."""


@frozen
class Certificate:
    """A file with certificate, chain and key."""

    file: Path
    key: Path | None = None
    """The key, where it is in a file of its own."""
    password: str | None = field(default=None, repr=False)
    ocsp: Path | None = None
    """An OCSP answer; ``None``: the file's name with ``.ocsp``, if there is one."""


CLIENT_HEADERS: tuple[tuple[str, ClientFact], ...] = (
    ("X-SSL-Client-Verify", "verify"),
    ("X-SSL-Client-DN", "subject"),
    ("X-SSL-Client-Issuer", "issuer"),
    ("X-SSL-Client-Serial", "serial"),
    ("X-SSL-Client-SHA256", "sha256"),
    ("Client-Cert", "client-cert"),
)
"""What servers are told of a client's certificate: names like those in HAProxy's documentation, and RFC 9440's."""


@frozen
class ClientCertificates:
    """Clients are asked for certificates; who shows a bad one is refused."""

    ca: Path
    verify: Literal["optional", "required"] = "required"
    crl: Path | None = None
    """Lists of what is revoked, one of each authority; ``None``: nobody looks."""
    headers: tuple[tuple[str, ClientFact], ...] = ()
    """Of mode ``http``: lines for servers, and what stands in them."""


@frozen
class FrontTLS:
    """TLS towards clients; the first certificate is for those who ask for no name that another has.

    :param mode: from the first byte, or offered as the protocol's command for it.
    """

    certificates: tuple[Certificate, ...]
    profile: str = "intermediate"
    mode: TLSMode = "implicit"
    alpn: tuple[str, ...] = ()
    """What clients may ask to speak inside; empty: ALPN is not heard."""
    client_certificates: ClientCertificates | None = None
    warn_days: int = 14
    """Warn so long before a certificate expires."""
    place: Place | None = field(default=None, eq=False, metadata={"hidden": True})
    """Where it is said."""


@frozen
class ServerTLS:
    """TLS towards a server, from the first byte or by the protocol's command for it."""

    verify: Verify = True
    ca: Path | None = None
    """Whom to trust, in PEM; ``None``: the system's authorities."""
    name: str | None = None
    """Asked for (SNI) and looked for in the certificate; ``None``: its address, or with ``same`` the front end's name."""
    profile: str = "intermediate"
    mode: TLSMode = "implicit"
    pin: tuple[str, ...] = ()
    """As :attr:`CheckTLS.pin`."""
    place: Place | None = field(default=None, eq=False, metadata={"hidden": True})
    fronts: tuple[FrontTLS, ...] = ()
    """TLS of the front ends before the server, with whose certificates its own is compared."""


@frozen
class Check:
    """One check of one server; ``options`` is an instance of the checker's own attrs class (check/interfaces.py)."""

    name: str
    """Unique within its server: the type, or the type and a number."""
    type: str
    options: object
    timing: CheckTiming
    port: int | None = None
    address: str | None = None
    tls: CheckTLS | None = None
    send_proxy: ProxyVersion | None = None
    required: bool = True
    """``False``: a failure is shown as a warning and takes nobody out."""


@frozen
class Agent:
    """HAProxy's agent-check."""

    port: int
    interval: float = 5.0
    send: str = ""


@frozen
class Host:
    """One machine, behind several back ends."""

    name: str
    address: str


@frozen
class Cookie:
    """A cookie of ours, which names a client's host.

    :param secure: ``auto``: where the client speaks TLS.
    :param same_site: ``none`` is only said with ``secure``, since browsers refuse it without.
    :param expire: seconds after its last use from which on it is not believed; ``None``: never.
    :param secret: whoever has it makes cookies that are believed; ``None``: the process has one of its own.
    """

    name: str
    secure: bool | Literal["auto"] = "auto"
    http_only: bool = True
    same_site: SameSite = "none"
    domain: str | None = None
    path: str = "/"
    expire: float | None = None
    secret: str | None = field(default=None, repr=False)


@frozen
class Table:
    """One memory of choices; of kind ``cookie``, it is the clients who remember.

    :param cookie: of kinds ``cookie`` and ``super-http``.
    :param app_cookie: the name of the application's cookie, of kind ``app-cookie``.
    :param header: a header's name, of kind ``header``.
    :param secret: of kind ``user``: who has the same has the same users on the same servers; ``None``: the process has its own.
    """

    name: str
    kind: TableKind = "source"
    expire: float = 3600.0
    size: int = 100_000
    ipv4_prefix: int = 32
    ipv6_prefix: int = 128
    cookie: Cookie | None = None
    app_cookie: str | None = None
    header: str | None = None
    secret: str | None = field(default=None, repr=False)


@frozen
class Persistence:
    """``table`` names an entry of :attr:`Configuration.tables`; a back end's own table is there under the back end's name."""

    table: str
    required: bool = True
    """In a shared table: this back end must be up on a host for the host to be chosen for anybody of the group."""


@frozen
class Mapping:
    """A server's port that its endpoint mapper tells.

    :param interface: a name or a UUID, also with its version.
    :param mapper: the mapper's port, on the server's address.
    :param fall: so many answers in a row without a port take a known one away.
    """

    interface: str
    mapper: int = 135
    interval: float = 3.0
    timeout: float = 5.0
    fall: int = 3


@frozen
class Server:
    name: str
    host: str
    """A name in :attr:`Configuration.hosts`; a server without a named host has one of its own, named by its address."""
    address: str
    """An IP address without brackets, or a DNS name."""
    port: int | None
    """``None``: the port that the client reached, or the one of :attr:`mapping`."""
    weight: int = 1
    maxconn: int | None = None
    backup: bool = False
    checks: tuple[Check, ...] = ()
    slow_start: float = 0.0
    send_proxy: ProxyVersion | None = None
    resolve: float = 30.0
    """How often a DNS name is looked up again."""
    agent: Agent | None = None
    tls: ServerTLS | None = None
    mapping: Mapping | None = None
    send_xclient: bool = False
    """Tell the server who the client is by XCLIENT, in modes ``smtp`` and ``pop3``."""
    send_id: bool = False
    """The same by ID, in mode ``imap``."""


@frozen
class Headers:
    """What is done to header lines: removed first, then set, then added; names in the case in which they are written."""

    set: tuple[tuple[str, str], ...] = ()
    add: tuple[tuple[str, str], ...] = ()
    remove: tuple[str, ...] = ()


@frozen
class Page:
    """What is shown for a status; it was read with the configuration, so that all workers have the same."""

    status: int
    file: Path
    kind: str
    """``Content-Type``."""
    body: bytes = field(repr=False)


@frozen
class Backend:
    name: str
    servers: tuple[Server, ...]
    balance: Balance = "roundrobin"
    persistence: Persistence | None = None
    timeouts: Timeouts = Timeouts()
    retries: int = 3
    redispatch: bool = True
    maxconn: int | None = None
    queue_size: int = 10_000
    """Sessions that may wait for a slot; one more is refused."""
    on_marked_down: Literal["none", "shutdown-sessions"] = "none"
    on_marked_up: Literal["none", "shutdown-backup-sessions"] = "none"
    abortonclose: bool = False
    observe: bool = True
    """Passive observation: sessions that fail to connect count."""
    error_limit: int = 10
    """So many failures in a row count as one failed check."""
    source: str | None = None
    """An address to connect from."""
    request_headers: Headers = Headers()
    """Of mode ``http``, as the next."""
    response_headers: Headers = Headers()
    extended_protection: bool | None = None
    """Whether the servers bind authentication to the certificate that clients see; ``None``: nobody has said."""


@frozen
class Bind:
    address: str
    """An IP address without brackets; ``0.0.0.0`` and ``::`` for all."""
    first_port: int
    last_port: int
    accept_proxy: tuple[Network, ...] = ()
    """Networks whose PROXY header is demanded and believed; a peer from elsewhere is taken as it is."""
    tls: FrontTLS | None = None
    advertise: str | None = None
    """The IPv4 address that an endpoint mapper's clients are told; ``None``: the one that they reached."""


def clients_of(binds: Iterable[Bind]) -> list[ClientCertificates]:
    """What is asked of clients' certificates, where they are asked for any."""
    return [bind.tls.client_certificates for bind in binds if bind.tls is not None and bind.tls.client_certificates is not None]


@frozen
class Mapped:
    """An RPC interface and the front ends on which it is reached.

    :param interface: a name or a UUID.
    :param tcp: over ncacn_ip_tcp.
    :param http: over ncacn_http, from the RPC proxy.
    """

    interface: str
    tcp: str | None = None
    http: str | None = None


@frozen
class Mapper:
    """What clients of an endpoint mapper's front end are told."""

    map: tuple[Mapped, ...] = ()
    others: Others = "hide"
    """Interfaces that are not in ``map``: no word of them, or the servers' own addresses and ports, or a port of ours."""
    dynamic_ports: PortRange | None = None
    """Those that are opened for ``others = "dynamic"``."""
    dynamic_idle: float = 600.0
    protected: Protected = "refuse"
    """Calls that may not be changed, for they are signed or sealed."""


@frozen
class SniRoute:
    """Connections whose ClientHello names one of ``sni`` (``*.example.com`` matches one label or more) go to ``backend``."""

    sni: tuple[str, ...]
    backend: str


@frozen
class Redirect:
    """:param to: an address, a path, or ``https``: what was asked for, by way of that and ``port``."""

    to: str
    status: int = 302
    port: int = 443


@frozen
class WebRoute:
    """Requests that match all that is said here; either ``backend`` or ``redirect`` is there.

    :param hosts: in lower case; ``*.example.com`` matches one label or more.
    :param paths: canonical prefixes; with ``=`` before it, that path and none beneath it.
    :param headers: names and values; ``*`` is any value.
    """

    backend: str | None = None
    redirect: Redirect | None = None
    hosts: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()


@frozen
class Access:
    """What becomes of clients from ``sources``, in mode ``http`` of requests that match all that is said as well.

    :param sources: networks; empty: everybody.
    :param status: of the answer, where requests are refused.
    """

    action: AccessAction
    sources: tuple[Network, ...] = ()
    hosts: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    status: int = 403


@frozen
class PerSource:
    """What one source may have of a front end; ``None``: as much as it wants.

    :param conn_cur: connections at a time.
    :param conn_rate: new connections.
    :param http_req_rate: requests.
    :param basic_failures: logins by HTTP Basic that fail, of one user.
    :param bad_commands: commands of mail that are none  :param auth_failures: logins of mail that fail.
    :param action: what becomes of requests, and of clients of mail, beyond that.
    :param exempt: networks for which none of this holds.
    :param ipv4_prefix: addresses that have so many bits in common are one source  :param ipv6_prefix: likewise.
    :param size: sources that are remembered.
    """

    conn_cur: int | None = None
    conn_rate: Rate | None = None
    http_req_rate: Rate | None = None
    basic_failures: Rate | None = None
    action: LimitAction = "deny"
    exempt: tuple[Network, ...] = ()
    ipv4_prefix: int = 32
    ipv6_prefix: int = 64
    size: int = 100_000
    bad_commands: Rate | None = None
    auth_failures: Rate | None = None


@frozen
class Web:
    """What mode ``http`` does with requests.

    :param forwarded: what servers are told about the client, by the names of header lines.
    :param trusted: proxies whose word about their own clients is believed.
    :param max_body: octets of a request's body.
    :param request_headers: for what goes to servers.
    :param response_headers: for what goes to clients, our own pages and redirects too.
    :param pages: instead of ours, by status.
    :param max_head: octets of a request's head  :param max_headers: its lines  :param max_target: octets of its target.
    :param body_rate: octets a second that a body has to come with at least, looked at over ``body_grace`` seconds.
    """

    routes: tuple[WebRoute, ...] = ()
    forwarded: tuple[Forwarded, ...] = ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "front-end-https")
    trusted: tuple[Network, ...] = ()
    max_body: int | None = None
    request_headers: Headers = Headers()
    response_headers: Headers = Headers()
    pages: tuple[Page, ...] = ()
    max_head: int = 65_536
    max_headers: int = 128
    max_target: int = 16_384
    body_rate: int | None = None
    body_grace: float = 20.0


@frozen
class Mail:
    """What modes ``smtp``, ``imap`` and ``pop3`` do.

    :param helo: what we call ourselves to servers; ``None``: as this machine is called.
    :param require_tls: who has no TLS may begin it, and do nothing else.
    :param greet_delay: seconds for which an early talker is waited for; 0: nobody looks.
    :param early: what becomes of one.
    :param bad_commands: since the last mail; then the session ends.
    :param end_to_end: clients and servers begin TLS with one another, and nothing more is seen from then on.
    """

    helo: str | None = None
    require_tls: bool = False
    greet_delay: float = 0.0
    early: Early = "reject"
    bad_commands: int = 20
    end_to_end: bool = False


@frozen
class Frontend:
    name: str
    mode: Mode
    binds: tuple[Bind, ...]
    backend: str | None
    """For what no route takes; ``None``: such a session is closed, such a request refused."""
    routes: tuple[SniRoute, ...] = ()
    maxconn: int | None = None
    timeouts: Timeouts = Timeouts()
    dontlognull: bool = False
    backlog: int = 1024
    mapper: Mapper | None = None
    """Of mode ``epm``, and of no other."""
    web: Web | None = None
    """Of mode ``http``, and of no other."""
    mail: Mail | None = None
    """Of the mail modes, and of no other."""
    access: tuple[Access, ...] = ()
    """The first rule that matches decides; what none takes is let in."""
    per_source: PerSource | None = None


@frozen
class Log:
    format: Literal["text", "json"] = "text"
    access: Path | Literal["stdout"] | None = None
    syslog: str | None = None
    """``udp://host:port``, ``tcp://host:port`` or ``unix:///dev/log``; RFC 5424."""


@frozen
class Service:
    maxconn: int = 8_000
    workers: int = 1
    log: Log = Log()
    state: Path | None = None
    """Where what was set by hand, health and choices of clients are kept over a restart."""


@frozen
class User:
    """:param password: its scrypt hash, as :mod:`exproxy.config.passwords` reads it."""

    name: str
    password: str = field(repr=False)
    role: Role = "viewer"


@frozen
class Admin:
    """Where administrators come in; without users whoever comes by ``address`` may look, and do nothing."""

    address: tuple[str, int] | None = None
    socket: Path | None = None
    """Who may open it may do everything."""
    users: tuple[User, ...] = ()
    tls: FrontTLS | None = None
    """At ``address``."""
    hsts: float = 0.0
    """Seconds for which browsers shall use TLS alone for that name, at all of its ports (RFC 6797); 0: they are told nothing."""


@frozen
class WebhookNotice:
    """JSON is POSTed to ``url``.

    :param ca: whom to believe, in PEM; ``None``: the system's authorities.
    """

    url: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    ca: Path | None = None


@frozen
class MailNotice:
    """Mail by SMTP; ``ca`` as of a webhook."""

    host: str
    port: int
    sender: str
    to: tuple[str, ...]
    tls: Literal["off", "starttls", "implicit"] = "off"
    ca: Path | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)


@frozen
class CommandNotice:
    """A program and its arguments, which may run for so many seconds."""

    arguments: tuple[str, ...] = field(repr=False)
    timeout: float = 30.0


@frozen
class Notify:
    """Who is told of transitions.

    :param window: seconds after a message about something in which what it does besides is gathered.
    :param limit: messages at most.
    """

    on: tuple[NotifyOn, ...] = ("server", "backend", "admin", "warning")
    window: float = 60.0
    limit: Rate = Rate(20, 600.0)
    webhook: WebhookNotice | None = None
    smtp: MailNotice | None = None
    command: CommandNotice | None = None


@frozen
class Configuration:
    """Everything; ``files`` are those that were read, the first one the file that was asked for."""

    files: tuple[Path, ...]
    service: Service = Service()
    hosts: dict[str, Host] = field(default=Factory(dict))
    tables: dict[str, Table] = field(default=Factory(dict))
    frontends: dict[str, Frontend] = field(default=Factory(dict))
    backends: dict[str, Backend] = field(default=Factory(dict))
    profiles: dict[str, TLSProfile] = field(default=Factory(dict))
    admin: Admin | None = None
    notify: Notify | None = None
    warnings: tuple[Problem, ...] = field(default=(), eq=False)
    """What is allowed and probably not meant."""
