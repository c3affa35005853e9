"""HTTPS in the template ``[exchange]``: passed through, bridged (TLS to us, and to the servers) or offloaded (in clear to them).

Where TLS ends here, there are a front end that reads requests, another one that sends people from port 80 to it, and a back end
for each virtual directory (:mod:`exproxy.config.directories`).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from exproxy.config import directories
from exproxy.config.addresses import joined
from exproxy.config.kinds import BadValueError
from exproxy.config.problems import KeyPath
from exproxy.config.sections import ExchangeHTTPS, ExchangeSection, FrontTLSSection, ServerTLSSection

BOUND = ("2019", "SE")
"""Versions that have Extended Protection by default; 2013 and 2016 have it where somebody has run Microsoft's script for it."""
NAMES = frozenset({"http", *directories.TABLES_2010, *(directory.backend for directory in directories.DIRECTORIES)})
"""Of all that this makes, beside ``https``."""

SLOW_START = "60s"
"""Least connections would send every new client to the server that has just come back and has none."""

_MAIL = ("submission", "imap", "imaps", "pop3", "pop3s")
"""Where users of mail log in: what is said of TLS is for these too."""

_SYMPTOM = "OWA would work while Outlook and phones fail"
_CERTIFICATE = 'write tls = { certificates = ["certs/mail.pem"] }'

Found = Iterator[tuple[KeyPath, BadValueError]]


def services(section: ExchangeSection) -> list[str]:
    """What is balanced."""
    usual = ("https", "smtp", "rpc") if section.version == "2010" else ("https", "smtp")
    return list(dict.fromkeys(section.services.values() if section.services else usual))


def bind(section: ExchangeSection, port: int) -> list[str]:
    """A port on every address that is listened on."""
    return [joined(address.strip("[]"), port) for address in section.listen.values()]


def ends_here(section: ExchangeSection) -> bool:
    """Whether TLS of HTTPS does."""
    return _mode(section) != "passthrough"


def redirected(section: ExchangeSection) -> bool:
    """Whether port 80 sends people to 443: if that is ours; where TLS is passed through, only if somebody asks for it."""
    if section.ports.http is not None:
        return section.ports.http is not False
    return ends_here(section) and section.ports.https in (None, 443)


def redirects(section: ExchangeSection) -> dict[str, Any]:
    """The front end for that."""
    return {"mode": "http", "bind": bind(section, section.ports.http or 80), "routes": [{"redirect": "https"}]}


def add(result: dict[str, Any], section: ExchangeSection, values: Mapping[str, Any], defaults: Any) -> None:
    """Add front end and back ends.

    :param values: the section as it is written.
    :param defaults: likewise [defaults].
    """
    listen, offload = section.ports.https, _mode(section) == "offload"
    if listen is False:
        return
    result["frontends"]["https"] = {
        "mode": "http",
        "bind": bind(section, listen or 443),
        "tls": {"mode": "implicit", **values["tls"]},
        "backend": directories.DIRECTORIES[0].backend,
        "routes": directories.routes(section.version),
        "timeouts": {"client": directories.SILENCE},
    }
    if section.admin_from is not None:
        inside = directories.inside([str(network) for network in section.admin_from.values()])
        result["frontends"]["https"]["access"] = inside
    said = section.server_ports
    port = (said.http or 80) if offload else (said.https or 443)
    servers = {server: {"host": server, "port": port} for server in section.servers}
    to_servers, of_checks = (None, None) if offload else (server_tls(section, values), check_tls(section, values))
    bound = True if section.extended_protection is None and section.version in BOUND else section.extended_protection
    common = {"balance": "leastconn"} | ({} if bound is None else {"extended_protection": bound})
    if "slow_start" not in defaults:
        common["slow_start"] = SLOW_START
    if section.version == "2010":
        result["tables"] |= directories.TABLES_2010
    for directory in directories.of_version(section.version):
        backend = directories.backend(directory, section.version, to_servers, of_checks)
        result["backends"][directory.backend] = {**common, **backend, "servers": servers}


def passed_on(path: KeyPath) -> list[KeyPath]:
    """Where else a key of [exchange] stands when the template is expanded."""
    if path[:2] == ("exchange", "tls"):
        return [("frontends", name, *path[1:]) for name in ("https", *_MAIL)]
    if path[:2] == ("exchange", "server_tls"):
        below = [("tls",), ("check", "tls")]
        names = [*(directory.backend for directory in directories.DIRECTORIES), *_MAIL]
        return [("backends", name, *each, *path[2:]) for name in names for each in below]
    return []


def problems(section: ExchangeSection) -> Found:
    """What does not go together in what is said of HTTPS: the path below [exchange] and what is wrong."""
    if "https" not in services(section):
        mail = any(service in services(section) for service in ("smtp", "imap", "pop3"))
        of_mail = ("tls", "server_tls") if mail else ()
        for word in ("https", "tls", "server_tls", "extended_protection", "admin_from"):
            if word not in of_mail and getattr(section, word) is not None:
                yield (word,), BadValueError("HTTPS is not served here", 'add "https" to services, or leave it out')
        if mail and section.server_tls is not None and section.tls is None:
            yield ("server_tls",), BadValueError("TLS is passed through to the servers", _CERTIFICATE)
        return
    yield from _certificate_problems(section)
    yield from _server_problems(section)
    if not ends_here(section) and section.admin_from is not None:
        message = "TLS is passed through, and nobody sees what paths are asked for"
        yield ("admin_from",), BadValueError(message, _CERTIFICATE)
    if ends_here(section) and section.require is not None:
        message = "where TLS ends here each directory is a service of its own, and no server is in or out for all of them"
        yield ("require",), BadValueError(message, "leave it out")
    if _mode(section) == "offload" and _protected(section):
        hint = 'write https = "bridging" and have the servers\' certificate here, or say extended_protection = false if it is off'
        yield ("https",), BadValueError(f"{_has_protection(section)}, which knows no offload: {_SYMPTOM}", hint)


def warnings(section: ExchangeSection) -> Found:
    """What may be meant, and may not."""
    if "https" not in services(section) or not ends_here(section) or section.extended_protection is not None:
        return
    place = ("https",) if section.https else ("tls",)
    if section.version in BOUND:
        message = f"{_has_protection(section)}: the certificate has to be the same here and on all servers, or {_SYMPTOM}"
        hint = "compare with exproxy config check --connect, then say extended_protection = true, or false if it is off"
        yield place, BadValueError(message, hint)
    elif section.version != "2010" and _mode(section) == "offload":
        message = f"where Extended Protection was turned on in Exchange {section.version}, TLS may not end here: {_SYMPTOM}"
        yield place, BadValueError(message, "say extended_protection = false if it is off")


def _mode(section: ExchangeSection) -> ExchangeHTTPS:
    """With a certificate, TLS ends here, and begins again unless that is said otherwise."""
    return section.https or ("passthrough" if section.tls is None else "bridging")


def _protected(section: ExchangeSection) -> bool:
    return section.version in BOUND if section.extended_protection is None else section.extended_protection


def _has_protection(section: ExchangeSection) -> str:
    since = " since CU14" if section.version == "2019" else ""
    return f"Exchange {section.version} has Extended Protection{' by default' if section.version in BOUND else ''}{since}"


def _certificate_problems(section: ExchangeSection) -> Found:
    if section.tls is None:
        if ends_here(section):
            yield ("https",), BadValueError("there is no certificate", _CERTIFICATE)
    elif not ends_here(section):
        message = "TLS is passed through, so nobody is shown a certificate here"
        yield ("tls",), BadValueError(message, 'write https = "bridging" or https = "offload", or leave it out')
    elif not section.tls.certificates.items:
        yield ("tls",), BadValueError("there is no certificate", _CERTIFICATE)
    if _otherwise(section.tls):
        yield ("tls", "mode"), BadValueError("clients speak TLS from the first byte", "leave mode out")


def _server_problems(section: ExchangeSection) -> Found:
    mode = _mode(section)
    if section.server_tls is not None and mode != "bridging":
        message = "TLS is passed through to the servers" if mode == "passthrough" else "the servers are reached in clear"
        yield ("server_tls",), BadValueError(message, 'it belongs to https = "bridging"')
    if _otherwise(section.server_tls):
        yield ("server_tls", "mode"), BadValueError("servers speak TLS from the first byte", "leave mode out")
    if section.server_ports.http is not None and mode != "offload":
        yield ("server_ports", "http"), BadValueError("the servers are reached by HTTPS", 'it belongs to https = "offload"')
    if section.server_ports.https is not None and mode == "offload":
        yield ("server_ports", "https"), BadValueError("the servers are reached in clear", "write server_ports = { http = 8080 }")


def _otherwise(tls: FrontTLSSection | ServerTLSSection | None) -> bool:
    return tls is not None and tls.mode not in (None, "implicit")


def server_tls(section: ExchangeSection, values: Mapping[str, Any]) -> dict[str, Any]:
    """Servers have the certificate that clients see here, or one that is right for its name; anything else has to be said."""
    usual = {"verify": "same"} | ({"profile": "legacy"} if section.version == "2010" else {})
    return {"mode": "implicit", **usual, **_table(values.get("server_tls"))}


def check_tls(section: ExchangeSection, values: Mapping[str, Any]) -> dict[str, Any]:
    """A server that sessions would refuse has to fail its checks."""
    tls = server_tls(section, values)
    legacy = {"legacy": True} if tls.get("profile") == "legacy" else {}
    return {word: tls[word] for word in ("mode", "verify", "ca", "name", "pin") if word in tls} | legacy


def _table(tls: Any) -> Mapping[str, Any]:
    """As a string it is the mode."""
    return tls if isinstance(tls, Mapping) else {}
