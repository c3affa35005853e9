"""The template ``[exchange]``: a few lines that stand for hosts, tables, front ends and back ends.

The result is plain values as a file would have them.  They go under what the file itself says, so each key can be overridden.
Front ends and back ends are named by their service: ``https``, ``smtp``, ``submission``, ``imap``, ``imaps``, ``pop3``,
``pop3s``, ``rpc-epm``, ``rpc-ca`` and ``rpc-ab``; where TLS of HTTPS ends here, there is a front end ``http`` for redirects, and
a back end for each virtual directory.  Where the numbers come from: docs/configuration.md, "Exchange".
"""

from collections.abc import Mapping
from typing import Any

from exproxy.config import exchangemail, exchangeweb
from exproxy.config.addresses import is_ip
from exproxy.config.exchangeweb import bind, services
from exproxy.config.kinds import BadValueError
from exproxy.config.problems import KeyPath, did_you_mean
from exproxy.config.sections import ExchangeSection, RpcPorts

ENDPOINTS = {
    "https": {"https": 443},
    "smtp": {"smtp": 25, "submission": 587},
    "imap": {"imap": 143, "imaps": 993},
    "pop3": {"pop3": 110, "pop3s": 995},
}
"""What each service listens on.  POP and IMAP are off in Exchange until somebody turns them on, so they have to be asked for."""

REQUIRED = ("owa", "ews", "mapi", "autodiscover")
"""The directories without which a server of 2013 or newer is of no use to most clients."""
DIRECTORIES = (*REQUIRED, "ecp", "oab", "rpc", "Microsoft-Server-ActiveSync", "powershell")
SHOWN = ("ecp", "oab", "rpc", "Microsoft-Server-ActiveSync")
"""Directories that are looked at and only warned about."""
REQUIRED_2010 = ("owa",)
DIRECTORIES_2010 = ("owa", "rpc")
"""2010 has no health pages: /owa answers with a redirect or 401, and the RPC proxy with 401."""

RPC_TABLE = "rpc"
RPC_PORTS = {"rpc-ca": 6001, "rpc-ab": 6004}
"""What we listen on for services whose port is not fixed: clients are told it.  Below the ports that systems take for outgoing
connections, and known from Outlook Anywhere, where the servers have the same services there."""
RPC_MAP = {"emsmdb": "rpc-ca", "asyncemsmdb": "rpc-ca", "nspi": "rpc-ab", "rfri": "rpc-ab"}


def expand(section: ExchangeSection, values: Mapping[str, Any], defaults: Any) -> dict[str, Any]:
    """The hosts, tables, front ends and back ends that the template stands for.

    :param section: one in which :func:`problems` finds nothing.
    :param values: the same as it is written: what is said of TLS is passed on.
    :param defaults: what [defaults] says, as it is written.
    """
    result: dict[str, Any] = {
        "hosts": {name: address.host for name, address in section.servers.items()},
        "tables": {},
        "frontends": {},
        "backends": {},
    }
    for service in services(section):
        if service == "rpc":
            _add_rpc(result, section)
            continue
        if service == "https" and exchangeweb.redirected(section):
            result["frontends"]["http"] = exchangeweb.redirects(section)
        if service == "https" and exchangeweb.ends_here(section):
            exchangeweb.add(result, section, values, defaults)
            continue
        for endpoint, port in ENDPOINTS[service].items():
            listen = getattr(section.ports, endpoint)
            if listen is not False:
                server_port = getattr(section.server_ports, endpoint) or port
                made = _https(section) if endpoint == "https" else exchangemail.backend(section, values, endpoint)
                _add(result, section, endpoint, listen or port, server_port, made)
                if endpoint != "https":
                    result["frontends"][endpoint] |= exchangemail.front(section, values, endpoint)
    return result


def problems(section: ExchangeSection) -> list[tuple[KeyPath, BadValueError]]:
    """Values that are fine each and do not go together: the path below [exchange] and what is wrong."""
    found: list[tuple[KeyPath, BadValueError]] = []
    for below, service in section.services.items if section.services else ():
        if service == "rpc" and section.version != "2010":
            message = f"Exchange {section.version} has no RPC over TCP: since 2013 Outlook comes by HTTPS"
            hint = 'leave "rpc" out; "https" serves Outlook Anywhere and MAPI over HTTP'
            found.append((("services", *below), BadValueError(message, hint)))
    known = DIRECTORIES_2010 if section.version == "2010" else DIRECTORIES
    for below, directory in section.require.items if section.require else ():
        if directory not in known:
            message = f'"{directory}" is not a directory that Exchange {section.version} can be asked about'
            found.append((("require", *below), BadValueError(message, did_you_mean(directory, known))))
    for below, address in section.listen.items:
        if address != "*" and not is_ip(address.strip("[]")):
            message = f'"{address}" is not an IP address of this machine, nor "*" for all'
            found.append((("listen", *below), BadValueError(message, "other ports go into ports = { https = 8443 }")))
    for name, server in section.servers.items():
        if server.port is not None:
            hint = "other ports go into server_ports = { https = 8443 }"
            found.append((("servers", name), BadValueError("servers are addresses without a port", hint)))
    found += exchangeweb.problems(section)
    if section.rpc_ports != RpcPorts() and "rpc" not in services(section):
        hint = 'add "rpc" to services, or leave it out'
        found.append((("rpc_ports",), BadValueError("nothing listens for RPC here", hint)))
    if not section.servers:
        hint = 'write servers = { ex1 = "10.0.0.15", ex2 = "10.0.0.16" }'
        found.append((("servers",), BadValueError("there are no servers", hint)))
    return found


def _add(
    result: dict[str, Any], section: ExchangeSection, name: str, listen: int, port: int | str, backend: Mapping[str, Any]
) -> None:
    """A front end and a back end of one name; servers are tables, so that one key of one of them can be overridden."""
    result["frontends"][name] = {"mode": "tcp", "bind": bind(section, listen), "backend": name}
    if "timeouts" in backend:
        # Both sides wait: a front end that gives up first would make the back end's patience worthless.
        result["frontends"][name]["timeouts"] = {"client": backend["timeouts"]["server"]}
    servers = {server: {"host": server, "port": port} for server in section.servers}
    result["backends"][name] = {"balance": "leastconn", **backend, "servers": servers}


def _https(section: ExchangeSection) -> dict[str, Any]:
    return _https_2010(section) if section.version == "2010" else {"check": _health_pages(section)}


def _tls(section: ExchangeSection) -> dict[str, Any]:
    """Servers have certificates of their own making; 2010 as it was delivered speaks TLS 1.0."""
    return {"mode": "implicit", "verify": False} | ({"legacy": True} if section.version == "2010" else {})


def _health_pages(section: ExchangeSection) -> list[dict[str, Any]]:
    """Microsoft: a balancer must ask each directory's page, and needs no affinity."""
    required = section.require.values() if section.require else REQUIRED
    checks: list[dict[str, Any]] = []
    for directory in dict.fromkeys((*required, *REQUIRED, *SHOWN)):
        check = {
            "type": "https",
            "name": directory,
            "preset": "healthcheck",
            "path": f"/{directory}/healthcheck.htm",
            "tls": _tls(section),
        }
        checks.append(check if directory in required else check | {"required": False, "interval": "30s"})
    return checks


def _https_2010(section: ExchangeSection) -> dict[str, Any]:
    required = section.require.values() if section.require else REQUIRED_2010
    checks = []
    for directory, preset in (("owa", "owa"), ("rpc", "rpcproxy")):
        check = {"type": "https", "name": directory, "preset": preset, "tls": _tls(section)}
        checks.append(check if directory in required else check | {"required": False, "interval": "30s"})
    return {
        "check": checks,
        # OWA, ECP, EWS and Outlook Anywhere need one server; what is inside TLS cannot be seen, so the source address it is.
        "persistence": {"kind": "source", "expire": "60m"},
    }


def _add_rpc(result: dict[str, Any], section: ExchangeSection) -> None:
    """One client has to reach one server on all three, and stays connected for a working day without a word.

    Clients are told our ports, whatever those of the servers are.
    """
    ports, mapper = section.rpc_ports, section.rpc_ports.endpoint_mapper
    result["tables"][RPC_TABLE] = {"kind": "source", "expire": "24h"}
    common = {"persistence": {"table": RPC_TABLE}, "timeouts": {"server": "24h"}, "on_marked_down": "shutdown-sessions"}
    _add(result, section, "rpc-epm", mapper, mapper, {"check": {"type": "epm", "interface": "emsmdb"}, **common})
    result["frontends"]["rpc-epm"] |= {"mode": "epm", "map": RPC_MAP}
    # Address Book has both interfaces on one port, the one that sessions for either of them go to.
    for name, fixed, interface, bound in (
        ("rpc-ca", ports.client_access, "emsmdb", "emsmdb"),
        ("rpc-ab", ports.address_book, "nspi", ["nspi", "rfri"]),
    ):
        backend: dict[str, Any] = {"check": {"type": "rpc", "interface": bound}, **common}
        if fixed is None:
            backend["mapper"] = mapper
        _add(result, section, name, fixed or RPC_PORTS[name], fixed or f"epm/{interface}", backend)


def known_names(section_values: Mapping[str, Any]) -> frozenset[str]:
    """Every name that the template can make, for files whose [exchange] is too broken to expand."""
    servers = section_values.get("servers")
    names = {endpoint for endpoints in ENDPOINTS.values() for endpoint in endpoints} | {RPC_TABLE, "rpc-epm", "rpc-ca", "rpc-ab"}
    names |= exchangeweb.NAMES
    return frozenset(names | set(servers if isinstance(servers, dict) else ()))
