"""What the certificates of servers have to do with those that clients see: ``verify = "same"``, and Extended Protection.

Extended Protection binds a login to the TLS connection on which it is made (RFC 5929 section 4, ``tls-server-end-point``): a
client signs the hash of the certificate that it sees, and the server compares with its own.  So nothing may stand between them
that shows another one.
"""

from collections.abc import Iterable, Mapping

import attrs

from exproxy.config.model import Backend, Check, Frontend, FrontTLS, Server
from exproxy.config.report import Report


def related(backends: Mapping[str, Backend], frontends: Mapping[str, Frontend], report: Report) -> dict[str, Backend]:
    """The back ends, each with the certificates that its clients see; what cannot be goes to the report."""
    return {name: _related(backend, _fronts(name, frontends.values()), report) for name, backend in backends.items()}


def _fronts(backend: str, frontends: Iterable[Frontend]) -> tuple[FrontTLS, ...]:
    """TLS of all front ends that send anybody there."""
    leading = (frontend for frontend in frontends if backend in _goals(frontend))
    return tuple(dict.fromkeys(bind.tls for frontend in leading for bind in frontend.binds if bind.tls is not None))


def _goals(frontend: Frontend) -> set[str | None]:
    routed = {route.backend for route in frontend.routes}
    return {frontend.backend, *routed, *(route.backend for route in (frontend.web.routes if frontend.web else ()))}


def _related(backend: Backend, fronts: tuple[FrontTLS, ...], report: Report) -> Backend:
    path = ("backends", backend.name)
    servers = tuple(_server(backend, server, fronts, report) for server in backend.servers)
    if backend.extended_protection and fronts:
        if any(server.tls is None for server in servers):
            message = "Extended Protection knows no offload: OWA would work while Outlook and phones fail"
            hint = 'write tls = { mode = "implicit", verify = "same" } with the certificate of the servers, or leave it out'
            report.problem((*path, "extended_protection"), message, hint)
        if any(len(front.certificates) > 1 for front in fronts):
            message = "with Extended Protection, clients who see another certificate than the servers show us cannot log in"
            report.warning((*path, "extended_protection"), message, "have one with all names, here and on the servers")
    return attrs.evolve(backend, servers=servers)


def _server(backend: Backend, server: Server, fronts: tuple[FrontTLS, ...], report: Report) -> Server:
    path = ("backends", backend.name)
    tls = server.tls
    wanted = [check.tls.verify for check in server.checks if check.tls is not None]
    if not fronts and "same" in (*wanted, None if tls is None else tls.verify):
        message = 'verify = "same": no front end that has certificates sends anybody here'
        report.problem((*path, "tls"), message, "write verify = true, and name and ca where they are needed")
    checks = tuple(_check(check, fronts, tls is not None, backend.extended_protection) for check in server.checks)
    return attrs.evolve(server, tls=None if tls is None else attrs.evolve(tls, fronts=fronts), checks=checks)


def _check(check: Check, fronts: tuple[FrontTLS, ...], bridged: bool, bound: bool | None) -> Check:
    """A check that goes elsewhere than the sessions sees another certificate."""
    tls = check.tls
    if tls is None:
        return check
    elsewhere = check.port is not None or check.address is not None
    if tls.verify == "same" or (bridged and not elsewhere):
        return attrs.evolve(check, tls=attrs.evolve(tls, fronts=fronts, bound=None if elsewhere else bound))
    return check
