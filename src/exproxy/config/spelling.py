"""How values of the model are written in a file: short, and so that loading them gives them again."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from exproxy.config import model
from exproxy.config.addresses import InterfacePort, joined
from exproxy.config.checks import MAPPER_PORT
from exproxy.config.clientcertificates import usual_headers
from exproxy.config.model import (
    Access,
    Backend,
    Bind,
    Certificate,
    Check,
    CheckTiming,
    CheckTLS,
    ClientCertificates,
    FrontTLS,
    Headers,
    Mail,
    Mapped,
    Mapper,
    Mode,
    Notify,
    PerSource,
    Rate,
    Server,
    ServerTLS,
    Web,
    WebRoute,
)
from exproxy.config.structuring import TLS_TYPES, shown
from exproxy.config.tls import usual_alpn
from exproxy.config.units import duration_text, rate_text

_DURATIONS = (
    "interval",
    "fast_interval",
    "down_interval",
    "timeout",
    "expire",
    "slow_start",
    "resolve",
    "dynamic_idle",
    "greet_delay",
    "body_grace",
)
_ALIASES = {checker: alias for alias, checker in TLS_TYPES.items()}
"""Checkers, and the types that mean them with TLS from the first byte."""

Table = Mapping[str, Any]


def checks(server: Server, most: CheckTiming) -> str | Table | list[str | Table]:
    """A server's checks.

    :param most: the timing of ``[defaults]``.
    """
    unnamed: Counter[str] = Counter()
    return one_or_list(_check(check, server, most, unnamed) for check in server.checks) if server.checks else "off"


def port(server: Server) -> int | str | None:
    """A server's port: its number, or whose it is."""
    return server.port if server.mapping is None else str(InterfacePort(server.mapping.interface))


def own_mapper(server: Server, most: CheckTiming) -> int | Table | None:
    """A server's endpoint mapper, where it is otherwise than others.

    :param most: the timing of ``[defaults]``.
    """
    mapping = server.mapping
    if mapping is None:
        return None
    as_often = server.checks[0].timing if server.checks else most
    said = {} if mapping.mapper == MAPPER_PORT else {"port": mapping.mapper}
    own = {name: getattr(mapping, name) for name in ("interval", "timeout", "fall")}
    said |= {name: setting(name, value) for name, value in own.items() if value != getattr(as_often, name)}
    return said.get("port") if said.keys() == {"port"} else said or None


def _check(check: Check, server: Server, most: CheckTiming, unnamed: Counter[str]) -> str | Table:
    """:param unnamed: how many of each type have their name from it so far."""
    kind = _ALIASES.get(check.type, check.type) if check.tls and check.tls.mode == "implicit" else check.type
    name = kind if not unnamed[kind] else f"{kind}-{unnamed[kind] + 1}"
    unnamed[kind] += check.name == name
    said = {
        **given(name=None if check.name == name else check.name, port=check.port, address=check.address),
        **{name: one_or_list(value) if isinstance(value, tuple) else value for name, value in _own(check.options).items()},
        **given(tls=_check_tls(check.tls, kind), send_proxy=_check_proxy(check, server)),
        **timing(check.timing, most),
        **given(required=None if check.required else False),
    }
    return {"type": kind, **said} if said else kind


def given(**values: Any) -> dict[str, Any]:
    """Without what is ``None``: TOML has no word for it, and leaving a key out means the same."""
    return {name: value for name, value in values.items() if value is not None}


def setting(name: str, value: Any) -> Any:
    """The value of the key ``name``: durations with a unit, ``"off"`` for no PROXY header."""
    if name == "send_proxy":
        return value or "off"
    if name == "body_rate":
        return f"{value}B/s"
    if isinstance(value, Rate):
        return rate_text(value.count, value.seconds)
    return duration_text(value) if name in _DURATIONS else value


def fields(thing: Any, *left_out: str) -> dict[str, Any]:
    """What an object has otherwise than by default."""
    values = {name: value for name, value in _own(thing).items() if name not in left_out}
    return {name: setting(name, value) for name, value in values.items()}


def _own(thing: Any) -> dict[str, Any]:
    """The same as it is: what the options of a check mean is up to its type."""
    values = {field.name: (getattr(thing, field.name), _default(field)) for field in shown(type(thing))}
    return {name: value for name, (value, default) in values.items() if value is not None and value != default}


def _default(field: Any) -> Any:
    """``NOTHING`` where it has none, or one that nobody can know beforehand."""
    if isinstance(field.default, attrs.Factory):  # type: ignore[arg-type]  # a class, which attrs tells type checkers is a function
        return attrs.NOTHING if field.default.takes_self else field.default.factory()
    return field.default


def one_or_list(items: Iterable[Any]) -> Any:
    """As people write it: a list is for several."""
    several = list(items)
    return several[0] if len(several) == 1 else several


def bind(one: Bind, shared: FrontTLS | None, mode: Mode) -> str | Table:
    """:param shared: the TLS that its front end says for it.

    :param mode: the front end's.
    """
    ports = str(one.first_port) if one.first_port == one.last_port else f"{one.first_port}-{one.last_port}"
    address = joined(one.address, ports)
    said = given(
        accept_proxy=[str(network) for network in one.accept_proxy] or None,
        tls=None if one.tls is None or one.tls == shared else front_tls(one.tls, mode),
        advertise=one.advertise,
    )
    return {"address": address, **said} if said else address


def mapper(one: Mapper) -> Table:
    """What belongs to mode ``epm``."""
    ports = one.dynamic_ports
    dynamic = None if ports is None else {"dynamic_ports": f"{ports.first}-{ports.last}"}
    said = fields(one, "map", "dynamic_ports") | (dynamic or {})
    return {"map": {mapped.interface: _mapped(mapped) for mapped in one.map}, **said} if one.map else said


def _mapped(mapped: Mapped) -> str | Table:
    said = fields(mapped, "interface")
    return mapped.tcp if mapped.tcp is not None and mapped.http is None else said


def web(one: Web) -> Table:
    """What belongs to mode ``http``, but for its routes."""
    said = fields(one, "routes", "forwarded", "trusted", "request_headers", "response_headers", "pages")
    if one.forwarded != Web().forwarded:
        said["forwarded"] = list(one.forwarded)
    if one.trusted:
        said["trust"] = [str(network) for network in one.trusted]
    said |= header_rules(one)
    if one.pages:
        said["pages"] = {str(page.status): str(page.file) for page in one.pages}
    return said


def header_rules(end: Web | Backend) -> dict[str, Any]:
    """What a front end or a back end does to header lines."""
    return given(request_headers=_headers(end.request_headers), response_headers=_headers(end.response_headers))


def _headers(headers: Headers) -> Table | None:
    names = dict.fromkeys(name for name, _ in headers.add)
    added = {name: one_or_list(value for other, value in headers.add if other == name) for name in names}
    return given(set=dict(headers.set) or None, add=added or None, remove=one_or_list(headers.remove) or None) or None


def web_route(route: WebRoute) -> Table:
    """A route of mode ``http``."""
    redirect = route.redirect
    said = None if redirect is None else fields(redirect)
    return given(
        **_criteria(route),
        backend=route.backend,
        redirect=redirect.to if redirect is not None and said == {"to": redirect.to} else said,
    )


def mail(one: Mail) -> Table:
    """What belongs to the mail modes, but for TLS."""
    return fields(one, "end_to_end")


def table(one: model.Table) -> Table:
    """A memory of choices."""
    cookie = one.cookie
    said: dict[str, Any] = {"kind": one.kind, **given(name=one.app_cookie)}
    if cookie is not None:
        said |= {"name": cookie.name, **fields(cookie, "name")}
    if one.kind != "cookie":
        said["expire"] = duration_text(one.expire)
    return said | fields(one, "name", "kind", "expire", "cookie", "app_cookie")


def _criteria(one: WebRoute | Access) -> dict[str, Any]:
    return given(
        host=one_or_list(one.hosts) or None,
        path=one_or_list(one.paths) or None,
        method=one_or_list(one.methods) or None,
        header=dict(one.headers) or None,
    )


def access(rule: Access) -> Table:
    """A rule about who is let in."""
    networks = one_or_list(str(network) for network in rule.sources)
    status = rule.status if rule.status != Access(rule.action).status else None
    return {"action": rule.action, **given(src=networks or None), **_criteria(rule), **given(status=status)}


def per_source(one: PerSource) -> Table:
    """What one source may have."""
    return {**fields(one, "exempt"), **given(exempt=one_or_list(str(network) for network in one.exempt) or None)}


def notify(one: Notify) -> Table:
    """Who is told of transitions."""
    webhook, smtp, command = one.webhook, one.smtp, one.command
    return given(
        on=list(one.on),
        window=duration_text(one.window),
        limit=rate_text(one.limit.count, one.limit.seconds),
        webhook=None if webhook is None else {**fields(webhook, "headers"), **given(headers=dict(webhook.headers) or None)},
        smtp=None
        if smtp is None
        else {"server": joined(smtp.host, smtp.port), **fields(smtp, "host", "port", "to"), "to": list(smtp.to)},
        command=None if command is None else list(command.arguments),
        command_timeout=None if command is None else duration_text(command.timeout),
    )


def front_tls(tls: FrontTLS, mode: Mode) -> Table:
    """TLS towards clients.

    :param mode: the front end's.
    """
    certificates = one_or_list(_certificate(certificate) for certificate in tls.certificates)
    said = fields(tls, "certificates", "mode", "alpn", "client_certificates")
    if tls.alpn != usual_alpn(mode):
        said["alpn"] = list(tls.alpn)
    if tls.client_certificates is not None:
        said["client_certificates"] = _client_certificates(tls.client_certificates, mode)
    return {"mode": tls.mode, "certificates": certificates, **said}


def _client_certificates(clients: ClientCertificates, mode: Mode) -> str | Table:
    said = fields(clients, "headers")
    if clients.headers != usual_headers(mode):
        said["headers"] = dict(clients.headers)
    return str(clients.ca) if said.keys() == {"ca"} else said


def _certificate(certificate: Certificate) -> str | Table:
    said = fields(certificate)
    return str(certificate.file) if said.keys() == {"file"} else said


def server_tls(tls: ServerTLS) -> str | Table:
    """TLS towards a server."""
    return _with_mode(tls.mode, _pinned(fields(tls, "mode", "fronts")))


def _pinned(said: Table) -> Table:
    return {name: one_or_list(value) if name == "pin" else value for name, value in said.items()}


def _with_mode(mode: str, said: Table) -> str | Table:
    return {"mode": mode, **said} if said else mode


def _check_tls(tls: CheckTLS | None, kind: str) -> str | Table | None:
    """Types that mean TLS have it without a word."""
    if tls is None:
        return "off" if kind in TLS_TYPES else None
    said = _pinned(fields(tls, "mode", "fronts", "bound"))
    return (said or None) if kind in TLS_TYPES else _with_mode(tls.mode, said)


def _check_proxy(check: Check, server: Server) -> str | None:
    """What a check has by itself is in ``checks.py``."""
    elsewhere = check.address is not None or check.port not in (None, server.port)
    by_itself = None if elsewhere else server.send_proxy
    return None if check.send_proxy == by_itself else check.send_proxy or "off"


def timing(one: CheckTiming, most: CheckTiming | None) -> dict[str, Any]:
    """When a check is run.

    :param most: what stands in ``[defaults]``; without it, this is to stand there.
    """
    said = {}
    for name, value in attrs.asdict(one).items():
        expected = None if most is None else getattr(most, name)
        if name in ("fast_interval", "down_interval") and (most is None or expected == most.interval):
            expected = one.interval  # it follows, as long as nobody says it
        if value != expected:
            said[name] = setting(name, value)
    return said
