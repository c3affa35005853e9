"""What a configuration may say, but probably does not mean."""

from exproxy.config.model import Backend, Configuration, Frontend, Mail, Mapper, Web
from exproxy.config.persistence import table_of
from exproxy.config.problems import KeyPath
from exproxy.config.report import Report
from exproxy.config.servers import shared


def advise(configuration: Configuration, report: Report) -> None:
    """Add warnings to the report."""
    _unused(configuration, report)
    _limits(configuration, report)
    _groups(configuration, report)
    _session_ids(configuration, report)
    for frontend in configuration.frontends.values():
        if frontend.mail is not None:
            _mail(frontend, frontend.mail, report)
            _unlearned(configuration, frontend, report)
            _trusted(configuration, frontend, report)
        if frontend.mapper is not None:
            _mapped(configuration, frontend, frontend.mapper, report)
        if frontend.web is not None:
            _secured(frontend, frontend.web, report)
    for name, backend in configuration.backends.items():
        if all(server.backup for server in backend.servers):
            report.warning(("backends", name, "servers"), "all servers are backups, so they are used as if none was")
        for server in backend.servers:
            if server.tls is not None and not server.tls.verify and not server.tls.pin:
                _unverified(name, server.name, report)
            if server.checks and not any(check.required for check in server.checks):
                message = "no check is required, so no check ever takes it out"
                report.warning(("backends", name, "servers", server.name), message)


def _unverified(backend: str, server: str, report: Report) -> None:
    """At the one place where it is said, be that for one server or for all."""
    paths: list[KeyPath] = [("backends", backend, "servers", server, "tls"), ("backends", backend, "tls")]
    path = next((path for path in paths if (*path, "verify") in report.tree.places), paths[-1])
    message = "whoever answers in the server's place is believed, and gets what clients send, passwords too"
    hint = 'write ca = "…" or pin = "sha256/…" ("exproxy probe tls HOST:PORT" tells it)'
    report.warning((*path, "verify"), message, hint)


def _unused(configuration: Configuration, report: Report) -> None:
    if not configuration.frontends:
        report.warning(
            (), "there are no front ends, so nothing is listened on", "see [frontends] or [exchange] in the documentation"
        )
    used = {frontend.backend for frontend in configuration.frontends.values()}
    used |= {route.backend for frontend in configuration.frontends.values() for route in frontend.routes}
    used |= {route.backend for frontend in configuration.frontends.values() if frontend.web for route in frontend.web.routes}
    for name in configuration.backends:
        if name not in used:
            report.warning(("backends", name), "no front end sends anybody here")
    tables = {backend.persistence.table for backend in configuration.backends.values() if backend.persistence}
    for name in configuration.tables:
        if name not in tables:
            report.warning(("tables", name), "no back end uses this table")


def _limits(configuration: Configuration, report: Report) -> None:
    most = configuration.service.maxconn
    for name, frontend in configuration.frontends.items():
        if frontend.maxconn is not None and frontend.maxconn > most:
            message = f"maxconn is {frontend.maxconn}, but service.maxconn allows {most} for all front ends together"
            report.warning(("frontends", name, "maxconn"), message)


def _groups(configuration: Configuration, report: Report) -> None:
    """A host is only chosen while every required back end of its table is up there, so it has to be in all of them."""
    for table, members in shared(configuration.backends).items():
        required = [backend for backend in members if backend.persistence and backend.persistence.required]
        everywhere = {server.host for backend in members for server in backend.servers}
        for backend in required:
            missing = sorted(everywhere - {server.host for server in backend.servers})
            if missing:
                message = (
                    f"hosts {', '.join(missing)} are in other back ends of table {table} but not here, so they are never chosen"
                )
                report.warning(("backends", backend.name, "servers"), message, "add them, or write persistence.required = false")


def _session_ids(configuration: Configuration, report: Report) -> None:
    for name, table in configuration.tables.items():
        if table.kind == "tls-session-id":
            own = ("tables", name) not in report.tree.places
            path: KeyPath = ("backends", name, "persistence", "kind") if own else ("tables", name, "kind")
            message = "clients of TLS 1.3, and those that resume by tickets, have no session id that could be remembered"
            report.warning(path, message, "they go by their source address")


def _mapped(configuration: Configuration, frontend: Frontend, mapper: Mapper, report: Report) -> None:
    """A client has to reach one server on port 135 and on all ports that it is told there."""
    path: KeyPath = ("frontends", frontend.name)
    own = None if frontend.backend is None else configuration.backends[frontend.backend]
    for mapped in mapper.map:
        for name in dict.fromkeys((mapped.tcp, mapped.http)):
            service = None if name is None else configuration.frontends[name].backend
            backend = None if service is None else configuration.backends[service]
            if own is not None and backend is not None and not _together(own, backend):
                message = (
                    f"back ends {own.name} and {backend.name} share no table, so a client may be told of {mapped.interface} by"
                    " one server and be sent to another"
                )
                report.warning((*path, "map", mapped.interface), message, 'write persistence = { table = "…" } in both')
    for number, bind in enumerate(frontend.binds):
        if ":" in bind.address and bind.advertise is None:
            message = f"clients who reach {bind.address} are told of no interface: endpoint mappers can tell IPv4 addresses only"
            place: KeyPath = (*path, "bind", number)
            report.warning(place if place in report.tree.places else (*path, "bind"), message, "write advertise = …")


def _mail(frontend: Frontend, mail: Mail, report: Report) -> None:
    """What is not seen; the template's documentation says it of its own front ends."""
    if mail.end_to_end and _written(("frontends", frontend.name), report):
        message = (
            "clients and servers begin TLS with one another: from then on nothing is limited, refused or drained here, and the"
            " access line knows no mails"
        )
        hint = 'write tls = { mode = "starttls", certificates = [ … ] }, or tls = "off" to hide STARTTLS'
        report.warning(("frontends", frontend.name), message, hint)


def _unlearned(configuration: Configuration, frontend: Frontend, report: Report) -> None:
    """Who is greeted here is offered what checks have learned."""
    backend = configuration.backends.get(frontend.backend or "")
    table = None if backend is None else table_of(configuration, backend)
    if backend is None or table is None or table.kind != "user":
        return
    if not all(any(check.type == frontend.mode for check in server.checks) for server in backend.servers):
        message = f"clients are offered what checks of {frontend.mode} have learned of all servers, and some have none"
        report.warning(("backends", backend.name, "check"), message, f'write check = [{{ type = "{frontend.mode}" }}]')


def _trusted(configuration: Configuration, frontend: Frontend, report: Report) -> None:
    """A server that is told nothing takes each client for us; the template's front ends are spoken of once."""
    if frontend.mode != "smtp" or frontend.backend is None:
        return
    servers = configuration.backends[frontend.backend].servers
    if all(server.send_proxy or server.send_xclient for server in servers):
        return
    path: KeyPath = ("frontends", frontend.name)
    if _written(path, report):
        message = (
            "servers take each client of mail for this machine: one that trusts its address, as a receive connector of Exchange"
            " or mynetworks of Postfix may, relays for everybody"
        )
        hint = 'send_proxy = "v2" or send_xclient = true tells servers that take it; the others have to trust no address of ours'
        report.warning(path, message, hint)
        return
    warning = report.tree.problem(
        ("exchange",),
        "Exchange takes each client of mail for this machine: a receive connector that lets it relay, relays for everybody",
        "look with Get-ReceiveConnector before clients come this way (docs/exchange.md, who may relay)",
    )
    if warning not in report.warnings:
        report.warnings.append(warning)


def _written(path: KeyPath, report: Report) -> bool:
    """Whether the file itself says it, or says something of it, and not the template alone."""
    places = report.tree.places
    return path in places and places[path] != places.get(("exchange",))


def _secured(frontend: Frontend, web: Web, report: Report) -> None:
    """RFC 6797 7.2 and 8.1: in the clear it says nothing.  A trusted proxy before us may speak TLS."""
    names = [name.lower() for name, _ in (*web.response_headers.set, *web.response_headers.add)]
    if "strict-transport-security" in names and not web.trusted and not any(bind.tls for bind in frontend.binds):
        message = "browsers ignore Strict-Transport-Security from a front end without TLS"
        report.warning(("frontends", frontend.name, "response_headers"), message, "write it in the one that has tls")


def _together(one: Backend, other: Backend) -> bool:
    """Whether a client has one host behind both."""
    if one.persistence is not None and other.persistence is not None:
        return one.persistence.table == other.persistence.table
    hosts = {server.host for backend in (one, other) for server in backend.servers}
    return len(hosts) == 1
