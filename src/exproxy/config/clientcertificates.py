"""Certificates of clients: who may sign them, and what servers are told."""

import re
from pathlib import Path
from typing import get_args

import attrs

from exproxy.config.model import CLIENT_HEADERS, ClientCertificates, ClientFact, Forwarded, Mode
from exproxy.config.problems import KeyPath
from exproxy.config.report import Report
from exproxy.config.sections import ClientCertificatesSection

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110 5.6.2
_OTHERS = frozenset(
    {"host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "expect", "cookie", "authorization"}
)
"""Header lines that have a meaning of their own, as those of :data:`exproxy.config.model.Forwarded` have."""
_MOST_JOINTS = 8
"""Each hyphen doubles the spellings that clients must not send."""


@attrs.frozen
class ClientCertificatesBuilder:
    """Builds what a front end says of its clients' certificates; every problem goes to the report."""

    report: Report

    def build(self, path: KeyPath, section: ClientCertificatesSection, mode: Mode) -> ClientCertificates | None:
        """``None`` if clients are not asked."""
        if section.verify == "none":
            return None
        if section.ca is None:
            self.report.problem(path, "ca is missing", 'write ca = "clients-ca.pem": a PEM file of the authorities to believe')
            return None
        return ClientCertificates(
            ca=self._file((*path, "ca"), section.ca),
            verify=section.verify,
            crl=None if section.crl is None else self._file((*path, "crl"), section.crl),
            headers=self._headers((*path, "headers"), section, mode),
        )

    def _headers(self, path: KeyPath, section: ClientCertificatesSection, mode: Mode) -> tuple[tuple[str, ClientFact], ...]:
        if mode != "http":
            if section.headers is not None:
                self.report.problem(path, 'this belongs to mode = "http"', 'write mode = "http", or leave it out')
            return ()
        if section.headers is None:
            return usual_headers(mode)
        for name in section.headers:
            if not _TOKEN.fullmatch(name):
                self.report.problem((*path, name), f'"{name}" is not the name of a header')
            elif name.count("-") + name.count("_") > _MOST_JOINTS:
                self.report.problem((*path, name), f"{name} has more than {_MOST_JOINTS} hyphens")
            elif name.lower().replace("_", "-") in _OTHERS.union(get_args(Forwarded)):
                self.report.problem((*path, name), f"{name} has another meaning", 'write "X-SSL-Client-DN" or the like')
        return tuple(section.headers.items())

    def _file(self, path: KeyPath, text: str) -> Path:
        file = self.report.file(path, text)
        if not file.is_file():
            self.report.problem(path, f'there is no file "{file}"')
        return file


def usual_headers(mode: Mode) -> tuple[tuple[str, ClientFact], ...]:
    """What servers are told without a word about that."""
    return CLIENT_HEADERS if mode == "http" else ()
