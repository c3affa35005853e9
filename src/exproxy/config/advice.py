"""What a configuration may say, but probably does not mean."""

from exproxy.config.model import Configuration
from exproxy.config.report import Report
from exproxy.config.servers import shared


def advise(configuration: Configuration, report: Report) -> None:
    """Add warnings to the report."""
    _unused(configuration, report)
    _limits(configuration, report)
    _groups(configuration, report)
    for name, backend in configuration.backends.items():
        if all(server.backup for server in backend.servers):
            report.warning(("backends", name, "servers"), "all servers are backups, so they are used as if none was")
        for server in backend.servers:
            if server.checks and not any(check.required for check in server.checks):
                message = "no check is required, so no check ever takes it out"
                report.warning(("backends", name, "servers", server.name), message)


def _unused(configuration: Configuration, report: Report) -> None:
    if not configuration.frontends:
        report.warning(
            (), "there are no front ends, so nothing is listened on", "see [frontends] or [exchange] in the documentation"
        )
    used = {frontend.backend for frontend in configuration.frontends.values()}
    used |= {route.backend for frontend in configuration.frontends.values() for route in frontend.routes}
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
