"""Mode ``http`` of a configuration: who serves a front end's clients."""

from collections.abc import Mapping

from exproxy.config import model
from exproxy.proxy.backend import Backend
from exproxy.proxy.frontend import Frontend
from exproxy.proxy.web.guard import Guard
from exproxy.proxy.web.routes import Redirect, Route, Routes
from exproxy.proxy.web.website import Website
from exproxy.wire.web.claims import certificate_claims
from exproxy.wire.web.forwarding import Forwarding
from exproxy.wire.web.limits import Limits
from exproxy.wire.web.origin import Tell
from exproxy.wire.web.pages import Page, Pages
from exproxy.wire.web.rules import HeaderRules, header_rules


def install(
    frontend: Frontend,
    said: model.Frontend,
    web: model.Web,
    backends: Mapping[str, Backend],
    claims: frozenset[bytes],
    guard: Guard | None = None,
) -> Website:
    """Make ``frontend`` one of mode ``http``.

    :param claims: of :func:`claims`.
    """
    timeouts = said.timeouts
    request, response = rules(web.request_headers), rules(web.response_headers)
    forwarding = Forwarding(frozenset(Tell(name.encode("ascii")) for name in web.forwarded), request, response, claims)
    website = Website(
        frontend=frontend,
        routes=Routes(frontend.backend, tuple(_route(route, backends) for route in web.routes)),
        request_timeout=timeouts.http_request,
        keep_alive_timeout=timeouts.http_keep_alive,
        tunnel_timeout=timeouts.tunnel,
        forwarding=forwarding,
        pages=Pages({page.status: Page(page.body, page.kind) for page in web.pages}, response),
        trusted=web.trusted,
        max_body=web.max_body,
        forwardings={
            name: forwarding.through(backend.request_rules, backend.response_rules)
            for name, backend in backends.items()
            if backend.request_rules.some or backend.response_rules.some
        },
        identity={name: fact for clients in model.clients_of(said.binds) for name, fact in clients.headers},
        limits=Limits(web.max_head, web.max_headers, web.max_target),
        guard=guard,
        body_rate=web.body_rate,
        body_grace=web.body_grace,
    )
    frontend.serve = website.serve
    frontend.website = website
    return website


def rules(said: model.Headers) -> HeaderRules:
    """What is done to header lines."""
    return header_rules(dict(said.set), said.add, said.remove)


def claims(configured: Mapping[str, model.Frontend]) -> frozenset[bytes]:
    """Lines about certificates that clients of any front end must not send: a server cannot tell who has written them."""
    clients = [clients for frontend in configured.values() for clients in model.clients_of(frontend.binds)]
    return certificate_claims(name for one in clients for name, _ in one.headers)


def _route(route: model.WebRoute, backends: Mapping[str, Backend]) -> Route:
    target: Backend | Redirect
    if route.backend is not None:
        target = backends[route.backend]
    else:
        assert route.redirect is not None
        to = route.redirect.to
        target = Redirect(None if to == "https" else to, route.redirect.status, route.redirect.port)
    headers = tuple((name.encode("ascii"), None if value == "*" else value.encode("ascii")) for name, value in route.headers)
    return Route(target, route.hosts, route.paths, frozenset(route.methods), headers)
