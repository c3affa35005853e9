"""What keeps a client on its server: the keys of each kind, and whose back ends can have it."""

import re
from collections.abc import Iterator
from typing import Any

import attrs

from exproxy.config.addresses import is_name
from exproxy.config.model import Backend, Configuration, Cookie, Frontend, Mail, Table, TableKind
from exproxy.config.problems import KeyPath
from exproxy.config.report import Report, settings
from exproxy.config.sections import RememberingSection

_MEMORY = ("expire", "size")
_SOURCE = ("ipv4_prefix", "ipv6_prefix")
_COOKIE = ("name", "secure", "http_only", "same_site", "domain", "path", "secret")
_KEYS: dict[TableKind, tuple[str, ...]] = {
    "source": (*_MEMORY, *_SOURCE),
    "cookie": ("expire", *_COOKIE),
    "app-cookie": (*_MEMORY, "name"),
    "header": (*_MEMORY, *_SOURCE, "header"),
    "user": (*_MEMORY, *_SOURCE, "secret"),
    "super-http": (*_MEMORY, *_SOURCE, *_COOKIE),
    "tls-session-id": (*_MEMORY, *_SOURCE),
}
TABLE_KEYS = ("kind", *dict.fromkeys(key for keys in _KEYS.values() for key in keys))
"""All that a table may say."""

OF_REQUESTS: frozenset[TableKind] = frozenset({"cookie", "app-cookie", "header", "user", "super-http"})
"""Kinds that look at a request, which only mode ``http`` does; but users say who they are in the mail modes too."""

SHORTEST_SECRET = 16
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 6265 4.1.1: a cookie's name; RFC 9110 5.1: a header's
_NO_TOKEN = re.compile(r"[^!#$%&'*+\-.^_`|~0-9A-Za-z]")
_PATH = re.compile(r"/[!-:<-~]*")  # RFC 6265 4.1.1: no semicolon, no control character


@attrs.frozen
class TableBuilder:
    """Builds tables; every problem goes to the report."""

    report: Report

    def table(self, path: KeyPath, name: str, section: RememberingSection) -> Table:
        """:param name: of the table: its own, or that of the one back end that has it."""
        kind: TableKind = section.kind or "source"
        if (*path, "kind") not in self.report.damaged:
            self._check_keys(path, kind, section)
        said: dict[str, Any] = settings((*_MEMORY, *_SOURCE), (section,))
        if kind == "cookie":
            return Table(name, kind, cookie=self._cookie(path, name, section, section.expire))
        if kind == "super-http":
            cookie = self._cookie(path, name, section, said.get("expire", attrs.fields(Table).expire.default))
            return Table(name, kind, cookie=cookie, **said)
        if kind == "app-cookie":
            return Table(name, kind, app_cookie=self._needed(path, "name", section, "JSESSIONID"), **said)
        if kind == "user":
            self._check_secret(path, section.secret)
            return Table(name, kind, secret=section.secret, **said)
        if kind == "header":
            return Table(name, kind, header=self._needed(path, "header", section, "X-User"), **said)
        return Table(name, kind, **said)

    def _check_keys(self, path: KeyPath, kind: TableKind, section: RememberingSection) -> None:
        for word in settings(TABLE_KEYS, (section,)):
            if word != "kind" and word not in _KEYS[kind]:
                kinds = " or ".join(f'"{other}"' for other, keys in _KEYS.items() if word in keys)
                self.report.problem((*path, word), f'this belongs to kind = {kinds}, and the kind is "{kind}"')

    def _needed(self, path: KeyPath, key: str, section: RememberingSection, example: str) -> str:
        word: str | None = getattr(section, key)
        if word is None:
            self.report.problem((*path, key), f'"{key}" is missing', f'write {key} = "{example}" or the like')
            return example
        return self._token((*path, key), word, "header" if key == "header" else "cookie")

    def _token(self, path: KeyPath, word: str, what: str) -> str:
        if not _TOKEN.fullmatch(word):
            self.report.problem(path, f'"{word}" is not the name of a {what}')
        return word

    def _check_secret(self, path: KeyPath, secret: str | None) -> None:
        if secret is not None and len(secret) < SHORTEST_SECRET:
            message = f"a secret of {len(secret)} characters can be guessed: it has at least {SHORTEST_SECRET}"
            self.report.problem((*path, "secret"), message, "openssl rand -base64 32 makes one")

    def _cookie(self, path: KeyPath, table: str, section: RememberingSection, expire: float | None) -> Cookie:
        if section.name is not None:
            self._token((*path, "name"), section.name, "cookie")
        if section.domain is not None and not is_name(section.domain.removeprefix(".")):
            self.report.problem((*path, "domain"), f'"{section.domain}" is not a name such as "example.com"')
        if section.path is not None and not _PATH.fullmatch(section.path):
            self.report.problem((*path, "path"), f'"{section.path}" is not the path of a cookie', 'write "/" or "/owa"')
        self._check_secret(path, section.secret)
        if section.same_site == "none" and section.secure is False:
            message = "browsers refuse cookies with SameSite=None that are not Secure"
            self.report.problem((*path, "same_site"), message, 'write "lax" or "off", or leave "secure" out')
        said: dict[str, Any] = settings(_COOKIE, (section,))
        return Cookie(**{"name": f"exproxy-{_NO_TOKEN.sub('-', table)}", **said, "expire": expire})


def check_uses(configuration: Configuration, report: Report) -> None:
    """Refuse kinds that a front end cannot know, and cookies that overwrite one another."""
    for frontend in configuration.frontends.values():
        names: dict[tuple[str, str | None, str], Table] = {}
        for backend in used(configuration, frontend):
            table = table_of(configuration, backend)
            if table is None:
                continue
            path: KeyPath = ("backends", backend.name, "persistence")
            if trouble := _unknowable(table.kind, frontend):
                report.problem(path, *trouble)
            elif table.cookie is not None:
                cookie = table.cookie
                other = names.setdefault((cookie.name, cookie.domain, cookie.path), table)
                if other is not table:
                    message = f"its cookie {cookie.name} is that of table {other.name} too, and clients keep one of both"
                    report.problem(path, message, 'write another name, or one table for both: { table = "…" }')


def used(configuration: Configuration, frontend: Frontend) -> Iterator[Backend]:
    """The back ends of a front end, each once."""
    routes = [route.backend for route in (frontend.web.routes if frontend.web is not None else frontend.routes)]
    for name in dict.fromkeys((frontend.backend, *routes)):
        if name is not None and name in configuration.backends:
            yield configuration.backends[name]


def table_of(configuration: Configuration, backend: Backend) -> Table | None:
    """The table that a back end chooses by."""
    return None if backend.persistence is None else configuration.tables.get(backend.persistence.table)


def _nobody_asked(frontend: Frontend, mail: Mail) -> tuple[str, str] | None:
    """Why who logs in at this front end is not known."""
    if not mail.end_to_end:
        return None
    message = f'persistence by "user" needs logins, and clients of front end {frontend.name} may hide them in TLS of the servers'
    return message, 'write tls = { mode = "starttls", certificates = [ … ] } there, or tls = "off"'


def _unknowable(kind: TableKind, frontend: Frontend) -> tuple[str, str] | None:
    """Why this front end cannot have this kind, and what to do."""
    by = f'persistence by "{kind}"'
    if kind == "user" and frontend.mail is not None:
        return _nobody_asked(frontend, frontend.mail)
    if kind in OF_REQUESTS and frontend.mode != "http":
        message = f'{by} needs requests, and front end {frontend.name} of mode "{frontend.mode}" does not look at them'
        return message, 'write mode = "http" there, or kind = "source" here'
    if kind != "tls-session-id":
        return None
    if frontend.mode != "tcp":
        message = f'{by} is for TLS that is passed through, and front end {frontend.name} has mode "{frontend.mode}"'
        return message, 'write kind = "cookie" or "source"' if frontend.mode == "http" else 'write kind = "source"'
    if any(bind.tls is not None for bind in frontend.binds):
        message = f"{by} is for TLS that is passed through, and TLS ends at front end {frontend.name}"
        return message, 'write kind = "source"'
    return None
