"""``[admin]``: where an administrator comes in, and who may do what."""

import sys
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path

import attrs

from exproxy.config.addresses import joined
from exproxy.config.model import Admin, Frontend, FrontTLS, User
from exproxy.config.passwords import parse
from exproxy.config.problems import ConfigError, KeyPath
from exproxy.config.report import Report
from exproxy.config.sections import AdminSection
from exproxy.config.sources import read
from exproxy.config.structuring import structure
from exproxy.config.tls import TLSBuilder

LONGEST_SOCKET = 107
"""Octets of a unix socket's path (``sun_path`` in unix(7))."""

_WRITE = 'write socket = "run/exproxy.sock"'


@attrs.frozen
class AdminBuilder:
    """Builds what [admin] says; every problem goes to the report."""

    report: Report

    def build(self, section: AdminSection, frontends: Mapping[str, Frontend]) -> Admin:
        """:param frontends: which have ports of their own."""
        if section.listen is None and section.socket is None:
            self.report.problem(("admin",), "it does not say where to come in", f'write listen = "127.0.0.1:7777"; or {_WRITE}')
        address = self._address(section, frontends)
        if section.users and section.listen is None:
            self.report.warning(("admin", "users"), "users come in by listen only, and there is none; a socket's file has rights")
        tls = self._tls(section)
        return Admin(address, self._socket(section), tuple(self._users(section)), tls, self._hsts(section, tls))

    def _address(self, section: AdminSection, frontends: Mapping[str, Frontend]) -> tuple[str, int] | None:
        wanted, path = section.listen, ("admin", "listen")
        if wanted is None:
            return None
        host, port = wanted.address, wanted.first_port
        if wanted.last_port != port:
            self.report.problem(path, "one port is enough")
        if not ip_address(host).is_loopback:
            if not section.users:
                message = "without users, whoever reaches it may look: it has to be an address of loopback"
                self.report.problem(path, message, 'write listen = "127.0.0.1:7777", or users ("exproxy hash-password" helps)')
            elif section.tls is None or section.tls.mode == "off":
                hint = 'write tls = { certificates = ["certs/admin.pem"] }, or let a proxy with TLS stand before it'
                self.report.warning(path, "there is no TLS here: passwords can be read on the way", hint)
        for frontend in frontends.values():
            if any(
                bind.address in (host, "0.0.0.0", "::") and bind.first_port <= port <= bind.last_port for bind in frontend.binds
            ):
                self.report.problem(path, f"front end {frontend.name} listens on {joined(host, port)} already")
        return host, port

    def _tls(self, section: AdminSection) -> FrontTLS | None:
        path: KeyPath = ("admin", "tls")
        if section.tls is None:
            return None
        if section.tls.mode == "starttls":
            self.report.problem((*path, "mode"), "HTTP has no command to begin TLS", 'write mode = "implicit", or leave it out')
            return None
        clients = section.tls.client_certificates
        if clients is not None and clients.headers is not None:
            self.report.problem((*path, "client_certificates", "headers"), "nobody stands behind this who could be told")
        if section.listen is None and section.tls.mode != "off":
            self.report.warning(path, "TLS is for listen, and there is none; a socket's file has rights")
        said = attrs.evolve(section.tls, mode=section.tls.mode or "implicit")
        return TLSBuilder(self.report).front("http", (path, said))

    def _hsts(self, section: AdminSection, tls: FrontTLS | None) -> float:
        if section.hsts and tls is None:
            message = "browsers ignore Strict-Transport-Security without TLS"
            self.report.warning(("admin", "hsts"), message, "write tls, or leave it out")
        return section.hsts or 0.0

    def _socket(self, section: AdminSection) -> Path | None:
        if section.socket is None:
            return None
        file = self.report.file(("admin", "socket"), section.socket)
        if sys.platform != "win32" and len(str(file).encode()) > LONGEST_SOCKET:
            self.report.problem(("admin", "socket"), f'"{file}" is longer than a socket\'s path may be, {LONGEST_SOCKET} octets')
        return file

    def _users(self, section: AdminSection) -> list[User]:
        users = []
        for name, user in section.users.items():
            try:
                parse(user.password)
            except ValueError as error:
                self.report.problem(("admin", "users", name, "password"), str(error), 'let "exproxy hash-password" make one')
            users.append(User(name, user.password, user.role))
        return users


def socket_of(path: Path, environ: Mapping[str, str]) -> Path:
    """The socket that a file's [admin] names; what is wrong elsewhere in the file is nobody's concern here.

    :raises ConfigError: it cannot be read, or names none.
    """
    tree = read(path, environ)
    # what is missing elsewhere was missing for the process too, or has been since
    tree.problems.clear()
    section = None
    if "admin" in tree.values:
        section, _ = structure(tree, AdminSection, {}, ("admin",))
    if section is None or section.socket is None:
        tree.problems = tree.problems or [tree.problem(("admin",), "there is no socket to come in by", f"{_WRITE} into [admin]")]
        raise ConfigError(tree.problems)
    return Report(tree).file(("admin", "socket"), section.socket)
