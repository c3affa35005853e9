"""Modes ``smtp``, ``imap`` and ``pop3``: who hears what, and what is known of it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from exproxy.config.model import Backend, Frontend, Mail, Mode
from exproxy.config.problems import KeyPath
from exproxy.config.report import Report, settings
from exproxy.config.sections import (
    BackendSection,
    DocumentSection,
    FrontendSection,
    FrontTLSSection,
    ServerSection,
    ServerTLSSection,
)

MODES: tuple[Mode, ...] = ("smtp", "imap", "pop3")
_OF_MAIL = ("helo", "require_tls", "greet_delay", "early", "bad_commands")
_TELLING = {"send_xclient": ("smtp", "pop3"), "send_id": ("imap",)}
"""What tells servers who the client is, and in which modes."""
_NAME = re.compile(r"[!-~]{1,255}")


@attrs.frozen
class MailBuilder:
    """Builds what front ends say of mail; every problem goes to the report."""

    document: DocumentSection
    report: Report

    def mail(self, path: KeyPath, section: FrontendSection) -> Mail | None:
        """``None`` in another mode, where none of this may stand."""
        if section.mode not in MODES:
            for word in _OF_MAIL:
                if getattr(section, word) is not None:
                    hint = 'write mode = "smtp", or leave it out'
                    self.report.problem((*path, word), "this belongs to the modes that speak mail", hint)
            return None
        if section.helo is not None and section.mode != "smtp":
            self.report.problem((*path, "helo"), f'mode = "{section.mode}" has no EHLO', "leave it out")
        elif section.helo is not None and not _NAME.fullmatch(section.helo):
            self.report.problem((*path, "helo"), f'"{section.helo}" is no name to say EHLO with', 'write "mail.example.com"')
        if section.backend is None:
            self.report.problem((*path, "backend"), "there is nothing to send sessions to", "name a back end: backend = …")
        if section.routes.items:
            hint = 'write a front end for each, or mode = "tcp"'
            self.report.problem((*path, "routes"), f'mode = "{section.mode}" has one back end', hint)
        tls = [section.tls, *(bind.tls for bind in section.bind.values())]
        offered = any(_mode(one) in ("starttls", "implicit") for one in tls)
        if section.require_tls and not offered:
            hint = 'write tls = { mode = "starttls", certificates = [ … ] }'
            self.report.problem((*path, "require_tls"), "there is no TLS that a client could begin", hint)
        if section.early is not None and section.greet_delay is None:
            self.report.problem((*path, "early"), "nobody looks for early talkers", 'write greet_delay = "2s" or the like')
        said: dict[str, Any] = settings(_OF_MAIL, (section,))
        return Mail(end_to_end=not any(tls) and not self._seen(section), **said)

    def _seen(self, section: FrontendSection) -> bool:
        """Whether what is said with the servers is ours to see: over TLS of ours, or with a word of ours about the client."""
        if section.backend is None or section.backend not in self.document.backends:
            return False
        backend = self.document.backends[section.backend]
        ends: list[BackendSection | ServerSection] = [backend, *backend.servers.values()]
        return any(_mode(end.tls) in ("starttls", "implicit") or end.send_xclient or end.send_id for end in ends)


def check_servers(frontends: Mapping[str, Frontend], backends: Mapping[str, Backend], report: Report) -> None:
    """What only servers of mail can do is not asked of others."""
    for frontend in frontends.values():
        for backend in _behind(frontend, backends):
            path: KeyPath = ("backends", backend.name)
            for server in backend.servers:
                if frontend.mail is None and server.tls is not None and server.tls.mode == "starttls":
                    message = f'front end {frontend.name} has mode = "{frontend.mode}", which has no command to begin TLS'
                    report.problem((*path, "tls"), message, 'write mode = "smtp" there, or mode = "implicit" here')
                for word, modes in _TELLING.items():
                    if getattr(server, word) and frontend.mode not in modes:
                        message = f'front end {frontend.name} has mode = "{frontend.mode}", which has no such command'
                        report.problem((*path, word), message, 'send_proxy = "v2" tells servers who the client is')


def _behind(frontend: Frontend, backends: Mapping[str, Backend]) -> Iterator[Backend]:
    routed = [route.backend for route in frontend.routes]
    routed += [route.backend for route in frontend.web.routes if route.backend] if frontend.web else []
    for name in dict.fromkeys((frontend.backend, *routed)):
        if name is not None and name in backends:
            yield backends[name]


def _mode(tls: FrontTLSSection | ServerTLSSection | None) -> str | None:
    return None if tls is None else tls.mode
