"""The configuration file as it is written, one class a table; ``None`` is a key that was left out.

Unknown keys are errors, so what is not here does not exist.  What is here as :func:`~exproxy.config.kinds.later` exists and is
refused until it is built.  :mod:`exproxy.config.model` is what becomes of it.
"""

from collections.abc import Mapping
from typing import Any, Literal

from attrs import Factory, field, frozen

from exproxy.config.addresses import BindAddress, InterfacePort, PortRange, ServerAddress
from exproxy.config.kinds import (
    ByteRate,
    Duration,
    Name,
    Off,
    Port,
    Several,
    Size,
    SyslogAddress,
    at_least,
    between,
    later,
    positive,
)
from exproxy.config.model import (
    AccessAction,
    Balance,
    ClientFact,
    Early,
    Forwarded,
    LimitAction,
    Mode,
    Network,
    NotifyOn,
    Others,
    Protected,
    ProxyVersion,
    Rate,
    Role,
    SameSite,
    TableKind,
    TLSVersion,
    Verify,
)

ExchangeVersion = Literal["2010", "2013", "2016", "2019", "SE"]
ExchangeService = Literal["https", "smtp", "imap", "pop3", "rpc"]
ExchangeHTTPS = Literal["passthrough", "bridging", "offload"]
PortOrNot = Port | Literal[False]
TLSMode = Literal["off", "starttls", "implicit"]

_CURVES = "OpenSSL's own choice of groups is used: X25519MLKEM768, X25519, then the NIST curves"


@frozen
class TimeoutsSection:
    connect: Duration | None = field(default=None, validator=positive)
    client: Duration | None = field(default=None, validator=positive)
    server: Duration | None = field(default=None, validator=positive)
    queue: Duration | None = field(default=None, validator=positive)
    handshake: Duration | None = field(default=None, validator=positive)
    preface: Duration | None = field(default=None, validator=positive)
    greeting: Duration | None = field(default=None, validator=positive)
    http_request: Duration | None = field(default=None, validator=positive)
    http_keep_alive: Duration | None = field(default=None, validator=positive)
    tunnel: Duration | None = field(default=None, validator=positive)
    client_fin: Duration | None = field(default=None, validator=positive)
    tarpit: Duration | None = field(default=None, validator=positive)
    drain: Duration | None = field(default=None, validator=positive)


@frozen
class TimingSection:
    interval: Duration | None = field(default=None, validator=positive)
    fast_interval: Duration | None = field(default=None, validator=positive)
    down_interval: Duration | None = field(default=None, validator=positive)
    timeout: Duration | None = field(default=None, validator=positive)
    rise: int | None = field(default=None, validator=at_least(1))
    fall: int | None = field(default=None, validator=at_least(1))


@frozen
class CheckTLSSection:
    mode: Literal["off", "starttls", "implicit"] | None = None
    verify: Verify = False
    ca: str | None = None
    name: str | None = None
    warn_days: int = field(default=14, validator=at_least(0))
    legacy: bool = False
    pin: Several[str] = field(default=Several())


@frozen
class CertificateSection:
    """As a string it is ``file``."""

    file: str
    key: str | None = None
    password: str | None = None
    ocsp: str | None = None


@frozen
class ClientCertificatesSection:
    """As a string it is ``ca``."""

    ca: str | None = None
    verify: Literal["none", "optional", "required"] = "required"
    crl: str | None = None
    headers: Mapping[str, ClientFact] | None = None


@frozen
class FrontTLSSection:
    """TLS towards clients; as a string it is ``mode``."""

    mode: TLSMode | None = None
    certificates: Several[CertificateSection] = field(default=Several())
    profile: Name | None = None
    alpn: Several[str] | None = None
    client_certificates: ClientCertificatesSection | None = None
    warn_days: int | None = field(default=None, validator=at_least(0))


@frozen
class ServerTLSSection:
    """TLS towards servers; as a string it is ``mode``."""

    mode: TLSMode | None = None
    verify: Verify | None = None
    ca: str | None = None
    name: str | None = None
    profile: Name | None = None
    pin: Several[str] = field(default=Several())


@frozen
class CheckSection(TimingSection):
    """A check's common keys; ``options`` are those of its type, already as the type's own class."""

    type: str | None = None
    name: Name | None = None
    port: Port | None = None
    address: str | None = None
    tls: CheckTLSSection | None = None
    send_proxy: ProxyVersion | Off | None = None
    required: bool | None = None
    options: object = field(default=None, init=True, metadata={"hidden": True})


@frozen
class AgentSection:
    port: Port
    interval: Duration = field(default=Duration(5.0), validator=positive)
    send: str = ""


@frozen
class MapperSection:
    """A server's endpoint mapper, where that is asked for the port; as a number it is ``port``."""

    port: Port | None = None
    interval: Duration | None = field(default=None, validator=positive)
    timeout: Duration | None = field(default=None, validator=positive)
    fall: int | None = field(default=None, validator=at_least(1))


@frozen
class LogSection:
    format: Literal["text", "json"] = "text"
    access: str | None = None
    syslog: SyslogAddress | None = None


@frozen
class ServiceSection:
    maxconn: int = field(default=8_000, validator=at_least(1))
    workers: int | Literal["auto"] = 1
    state: str | None = None
    log: LogSection = LogSection()


@frozen
class UserSection:
    password: str
    role: Role = "viewer"


@frozen
class AdminSection:
    listen: BindAddress | None = None
    socket: str | None = None
    tls: FrontTLSSection | None = None
    hsts: Duration | None = None
    users: Mapping[Name, UserSection] = field(default=Factory(dict))


@frozen
class WebhookSection:
    """As a string it is ``url``."""

    url: str
    headers: Mapping[str, str] = field(default=Factory(dict))
    ca: str | None = None


@frozen
class MailSection:
    server: ServerAddress
    sender: str
    to: Several[str]
    tls: TLSMode = "off"
    ca: str | None = None
    user: str | None = None
    password: str | None = None


@frozen
class NotifySection:
    on: Several[NotifyOn] = field(default=Several())
    window: Duration = field(default=Duration(60.0), validator=positive)
    limit: Rate = field(default=Rate(20, 600.0))
    webhook: WebhookSection | None = None
    smtp: MailSection | None = None
    command: Several[str] = field(default=Several())
    command_timeout: Duration = field(default=Duration(30.0), validator=positive)


@frozen
class HeadersSection:
    """What is done to header lines: removed first, then set, then added."""

    set: Mapping[str, str] = field(default=Factory(dict))
    add: Mapping[str, Several[str]] = field(default=Factory(dict))
    remove: Several[str] = field(default=Several())


@frozen
class BalancingSection:
    """What a back end may say, and ``[defaults]`` for all of them."""

    timeouts: TimeoutsSection = TimeoutsSection()
    retries: int | None = field(default=None, validator=at_least(0))
    redispatch: bool | None = None
    balance: Balance | None = None
    queue_size: int | None = field(default=None, validator=at_least(0))
    on_marked_down: Literal["none", "shutdown-sessions"] | None = None
    on_marked_up: Literal["none", "shutdown-backup-sessions"] | None = None
    abortonclose: bool | None = None
    observe: bool | None = None
    error_limit: int | None = field(default=None, validator=at_least(1))
    slow_start: Duration | None = None
    send_proxy: ProxyVersion | Off | None = None
    send_xclient: bool | None = None
    send_id: bool | None = None
    resolve: Duration | None = field(default=None, validator=positive)


@frozen
class DefaultsSection(BalancingSection):
    check: TimingSection = TimingSection()
    dontlognull: bool | None = None
    backlog: int | None = field(default=None, validator=at_least(1))
    pages: Mapping[str, str] | None = None


@frozen
class RememberingSection:
    """The keys of all kinds of persistence; which of them a kind has stands in :mod:`exproxy.config.persistence`."""

    kind: TableKind | None = None
    expire: Duration | None = field(default=None, validator=positive)
    size: Size | None = field(default=None, validator=at_least(1))
    ipv4_prefix: int | None = field(default=None, validator=between(0, 32))
    ipv6_prefix: int | None = field(default=None, validator=between(0, 128))
    header: str | None = None
    name: str | None = None
    secure: bool | Literal["auto"] | None = None
    http_only: bool | None = None
    same_site: SameSite | None = None
    domain: str | None = None
    path: str | None = None
    secret: str | None = None


@frozen
class TableSection(RememberingSection):
    """One that several back ends may share."""


@frozen
class PersistenceSection(RememberingSection):
    """Either ``table``, or the keys of a table of its own."""

    table: Name | None = None
    required: bool | None = None


@frozen
class ServerSection:
    """As a number it is ``port``, as a string ``address``; ``"epm/emsmdb"`` is a port too."""

    host: Name | None = None
    address: ServerAddress | None = None
    port: Port | InterfacePort | None = None
    mapper: MapperSection | None = None
    weight: int = field(default=1, validator=between(0, 256))
    maxconn: int | None = field(default=None, validator=at_least(1))
    backup: bool = False
    check: Several[CheckSection] | None = None
    slow_start: Duration | None = None
    send_proxy: ProxyVersion | Off | None = None
    send_xclient: bool | None = None
    send_id: bool | None = None
    resolve: Duration | None = field(default=None, validator=positive)
    agent: AgentSection | None = None
    tls: ServerTLSSection | None = None


@frozen
class BackendSection(BalancingSection):
    servers: Mapping[Name, ServerSection] = field(default=Factory(dict))
    persistence: PersistenceSection | None = None
    check: Several[CheckSection] | None = None
    maxconn: int | None = field(default=None, validator=at_least(1))
    mapper: MapperSection | None = None
    source: str | None = None
    tls: ServerTLSSection | None = None
    request_headers: HeadersSection | None = None
    response_headers: HeadersSection | None = None
    extended_protection: bool | None = None


@frozen
class BindSection:
    """As a string it is ``address``."""

    address: BindAddress
    accept_proxy: Several[Network] = field(default=Several())
    tls: FrontTLSSection | None = None
    advertise: str | None = None


@frozen
class MappedSection:
    """As a string it is ``tcp``."""

    tcp: Name | None = None
    http: Name | None = None


@frozen
class RedirectSection:
    """As a string it is ``to``."""

    to: str
    status: int | None = None
    port: Port | None = None


@frozen
class RouteSection:
    """Of mode ``http``, but for ``sni``, which is of the others."""

    sni: Several[str] = field(default=Several())
    backend: Name | None = None
    path: Several[str] = field(default=Several())
    host: Several[str] = field(default=Several())
    method: Several[str] = field(default=Several())
    header: Mapping[str, str] | None = None
    redirect: RedirectSection | None = None


@frozen
class AccessSection:
    """Of mode ``http``, but for ``action`` and ``src``, which are of all."""

    action: AccessAction
    src: Several[Network] = field(default=Several())
    path: Several[str] = field(default=Several())
    host: Several[str] = field(default=Several())
    method: Several[str] = field(default=Several())
    header: Mapping[str, str] | None = None
    status: int | None = None


@frozen
class PerSourceSection:
    conn_cur: int | None = field(default=None, validator=at_least(1))
    conn_rate: Rate | None = None
    http_req_rate: Rate | None = None
    basic_failures: Rate | None = None
    bad_commands: Rate | None = None
    auth_failures: Rate | None = None
    action: LimitAction | None = None
    exempt: Several[Network] = field(default=Several())
    ipv4_prefix: int | None = field(default=None, validator=between(0, 32))
    ipv6_prefix: int | None = field(default=None, validator=between(0, 128))
    size: Size | None = field(default=None, validator=at_least(1))


@frozen
class FrontendSection:
    bind: Several[BindSection]
    mode: Mode = "tcp"
    backend: Name | None = None
    routes: Several[RouteSection] = field(default=Several())
    maxconn: int | None = field(default=None, validator=at_least(1))
    timeouts: TimeoutsSection = TimeoutsSection()
    dontlognull: bool | None = None
    backlog: int | None = field(default=None, validator=at_least(1))
    tls: FrontTLSSection | None = None
    map: Mapping[str, MappedSection] | None = None
    others: Others | None = None
    dynamic_ports: PortRange | None = None
    dynamic_idle: Duration | None = field(default=None, validator=positive)
    protected: Protected | None = None
    forwarded: Several[Forwarded] | None = None
    trust: Several[Network] | None = None
    max_body: Size | None = field(default=None, validator=at_least(1))
    helo: str | None = None
    require_tls: bool | None = None
    greet_delay: Duration | None = field(default=None, validator=positive)
    early: Early | None = None
    bad_commands: int | None = field(default=None, validator=at_least(1))
    request_headers: HeadersSection | None = None
    response_headers: HeadersSection | None = None
    pages: Mapping[str, str] | None = None
    max_head: Size | None = field(default=None, validator=between(1_024, 1_048_576))
    max_headers: int | None = field(default=None, validator=between(8, 1_000))
    max_target: Size | None = field(default=None, validator=between(256, 1_048_576))
    body_rate: ByteRate | None = None
    body_grace: Duration | None = field(default=None, validator=positive)
    access: Several[AccessSection] = field(default=Several())
    per_source: PerSourceSection | None = None


@frozen
class ProfileSection:
    min_version: TLSVersion = "TLSv1.2"
    max_version: TLSVersion = "TLSv1.3"
    ciphers: str | None = None
    ciphersuites: str | None = None
    curves: Any = field(default=None, metadata=later(_CURVES))


@frozen
class TLSSection:
    profiles: Mapping[Name, ProfileSection] = field(default=Factory(dict))


@frozen
class EndpointPorts:
    """A port for each thing that Exchange listens on; ``false`` leaves it out."""

    http: PortOrNot | None = None
    https: PortOrNot | None = None
    smtp: PortOrNot | None = None
    submission: PortOrNot | None = None
    imap: PortOrNot | None = None
    imaps: PortOrNot | None = None
    pop3: PortOrNot | None = None
    pop3s: PortOrNot | None = None


@frozen
class RpcPorts:
    """The ports of Exchange 2010's RPC services, on the servers and here; those that are left out are the mappers' to tell."""

    endpoint_mapper: Port = field(default=Port(135))
    client_access: Port | None = None
    address_book: Port | None = None


@frozen
class ExchangeSection:
    """The template; see :mod:`exproxy.config.exchange`."""

    version: ExchangeVersion
    listen: Several[str]
    servers: Mapping[Name, ServerAddress]
    services: Several[ExchangeService] | None = None
    require: Several[str] | None = None
    helo: str | None = None
    ports: EndpointPorts = EndpointPorts()
    server_ports: EndpointPorts = EndpointPorts()
    rpc_ports: RpcPorts = RpcPorts()
    tls: FrontTLSSection | None = None
    https: ExchangeHTTPS | None = None
    server_tls: ServerTLSSection | None = None
    extended_protection: bool | None = None
    admin_from: Several[Network] | None = None


@frozen
class DocumentSection:
    """The whole file."""

    include: Several[str] = field(default=Several())
    service: ServiceSection = ServiceSection()
    admin: AdminSection | None = None
    notify: NotifySection | None = None
    defaults: DefaultsSection = DefaultsSection()
    hosts: Mapping[Name, ServerAddress] = field(default=Factory(dict))
    tables: Mapping[Name, TableSection] = field(default=Factory(dict))
    tls: TLSSection = TLSSection()
    exchange: ExchangeSection | None = None
    frontends: Mapping[Name, FrontendSection] = field(default=Factory(dict))
    backends: Mapping[Name, BackendSection] = field(default=Factory(dict))
