"""A configuration as a file again, with everything expanded: includes, templates, defaults, references.

Loading the text gives an equal configuration.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from exproxy.config.addresses import joined
from exproxy.config.model import Backend, Bind, Check, CheckTLS, Configuration, Frontend, Server, Table, Timeouts
from exproxy.config.problems import key
from exproxy.config.structuring import shown
from exproxy.config.units import duration_text

_DURATIONS = ("interval", "fast_interval", "down_interval", "timeout", "expire", "slow_start", "resolve")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def show(configuration: Configuration) -> str:
    """The whole configuration as TOML."""
    lines = ["# " + str(path) for path in configuration.files]
    for header, table in _tables(configuration):
        if table:
            lines += ["", f"[{header}]", *(f"{key(word)} = {_value(value)}" for word, value in table.items())]
    return "\n".join(lines) + "\n"


def _tables(configuration: Configuration) -> Iterator[tuple[str, Mapping[str, Any]]]:
    service = configuration.service
    log = _given(format=service.log.format, access=service.log.access, syslog=service.log.syslog)
    yield "service", {"maxconn": service.maxconn, "workers": service.workers, "log": log}
    yield "hosts", {host.name: host.address for host in configuration.hosts.values()}
    for table in configuration.tables.values():
        yield f"tables.{key(table.name)}", _table(table)
    for profile in configuration.profiles.values():
        yield f"tls.profiles.{key(profile.name)}", _plain(profile, "name")
    for frontend in configuration.frontends.values():
        yield f"frontends.{key(frontend.name)}", _frontend(frontend)
    for backend in configuration.backends.values():
        yield f"backends.{key(backend.name)}", _backend(backend)
        yield f"backends.{key(backend.name)}.servers", {server.name: _server(server) for server in backend.servers}


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _plain(thing: Any, *left_out: str) -> dict[str, Any]:
    """Fields that are written as they are."""
    values = {field.name: getattr(thing, field.name) for field in attrs.fields(type(thing)) if field.name not in left_out}
    return {name: duration_text(value) if name in _DURATIONS else value for name, value in values.items() if value is not None}


def _table(table: Table) -> dict[str, Any]:
    return _plain(table, "name")


def _timeouts(timeouts: Timeouts) -> dict[str, str]:
    return {name: duration_text(value) for name, value in attrs.asdict(timeouts).items()}


def _frontend(frontend: Frontend) -> dict[str, Any]:
    return _plain(frontend, "name", "binds", "routes", "timeouts") | {
        "bind": [_bind(bind) for bind in frontend.binds],
        "routes": [_given(sni=list(route.sni), backend=route.backend) for route in frontend.routes],
        "timeouts": _timeouts(frontend.timeouts),
    }


def _bind(bind: Bind) -> str | dict[str, Any]:
    ports = str(bind.first_port) if bind.first_port == bind.last_port else f"{bind.first_port}-{bind.last_port}"
    address = joined(bind.address, ports)
    said: dict[str, Any] = {}
    if bind.accept_proxy:
        said["accept_proxy"] = [str(network) for network in bind.accept_proxy]
    if bind.tls is not None:
        certificates = [_plain(certificate) for certificate in bind.tls.certificates]
        said["tls"] = {"mode": "implicit", "certificates": certificates, "profile": bind.tls.profile}
    return {"address": address, **said} if said else address


def _backend(backend: Backend) -> dict[str, Any]:
    persistence = None
    if backend.persistence is not None:
        persistence = {"table": backend.persistence.table, "required": backend.persistence.required}
    return _plain(backend, "name", "servers", "persistence", "timeouts") | _given(
        persistence=persistence, timeouts=_timeouts(backend.timeouts)
    )


def _server(server: Server) -> dict[str, Any]:
    agent = server.agent
    return _plain(server, "name", "checks", "send_proxy", "agent", "tls") | _given(
        tls=None if server.tls is None else {"mode": "implicit", **_plain(server.tls)},
        send_proxy=server.send_proxy or "off",
        agent=None if agent is None else {"port": agent.port, "interval": duration_text(agent.interval), "send": agent.send},
        check=[_check(check) for check in server.checks] if server.checks else "off",
    )


def _check(check: Check) -> dict[str, Any]:
    common = _plain(check, "options", "timing", "tls", "send_proxy")
    options = {field.name: getattr(check.options, field.name) for field in shown(type(check.options))}
    return {
        **{name: value for name, value in options.items() if value is not None},
        **common,
        **_plain(check.timing),
        "tls": "off" if check.tls is None else _tls(check.tls),
        "send_proxy": check.send_proxy or "off",
    }


def _tls(tls: CheckTLS) -> dict[str, Any]:
    return _plain(tls)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key(word)} = {_value(item)}" for word, item in value.items()) + " }" if value else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return _string(str(value) if isinstance(value, Path) else value)


def _string(text: str) -> str:
    """A basic string; what looks like a variable is text here."""
    escaped = "".join(_ESCAPES.get(character, character) for character in text.replace("${", "$${"))
    return '"' + _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", escaped) + '"'
