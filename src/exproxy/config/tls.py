"""TLS towards clients and servers, and its profiles."""

import re
from typing import Any, Literal

import attrs

from exproxy.config.clientcertificates import ClientCertificatesBuilder
from exproxy.config.model import Certificate, ClientCertificates, FrontTLS, Mode, ServerTLS, TLSProfile
from exproxy.config.pins import pins
from exproxy.config.problems import KeyPath, did_you_mean
from exproxy.config.report import Report, first, settings
from exproxy.config.sections import CertificateSection, FrontTLSSection, ProfileSection, ServerTLSSection, TLSMode

BUILT_IN_PROFILES = ("modern", "intermediate", "mx", "legacy")
_HTTP = ("http/1.1", "http/1.0")
_PROTOCOL = re.compile(r"[!-~]{1,255}")
_VERSIONS = ("TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")


@attrs.frozen
class TLSBuilder:
    """Builds what front ends, binds, back ends and servers say of TLS; every problem goes to the report."""

    report: Report

    def profile(self, name: str, section: ProfileSection) -> TLSProfile:
        path: KeyPath = ("tls", "profiles", name)
        if name in BUILT_IN_PROFILES:
            self.report.problem(path, f'"{name}" is built in and stays as it is', "give yours another name")
        if _VERSIONS.index(section.min_version) > _VERSIONS.index(section.max_version):
            self.report.problem((*path, "min_version"), f"min_version is newer than max_version, {section.max_version}")
        return TLSProfile(name, section.min_version, section.max_version, section.ciphers, section.ciphersuites)

    def front(self, mode: Mode, *said: tuple[KeyPath, FrontTLSSection | None]) -> FrontTLS | None:
        """:param said: the bind's and the front end's, each with its path; key by key the first that says something wins."""
        given = [(path, section) for path, section in said if section is not None]
        begins = self._begins(given)
        if begins == "starttls" and mode in ("tcp", "http", "epm"):
            path = next(path for path, section in given if section.mode is not None)
            hint = 'mode = "smtp" does; mode = "tcp" without tls relays STARTTLS as it is'
            self.report.problem((*path, "mode"), f'mode = "{mode}" has no command to begin TLS', hint)
        if begins is None:
            return None
        certificates = next(
            (
                tuple(self._certificate((*path, "certificates", *below), item) for below, item in section.certificates.items)
                for path, section in given
                if section.certificates.items
            ),
            (),
        )
        if not certificates:
            self.report.problem(given[0][0], "there is no certificate", 'write certificates = ["certs/mail.pem"]')
        values: dict[str, Any] = settings(("warn_days",), [section for _, section in given])
        return FrontTLS(
            certificates,
            self._profile(given),
            begins,
            alpn=self._alpn(given, mode),
            client_certificates=self._clients(given, mode),
            place=self.report.tree.place(given[0][0]),
            **values,
        )

    def _alpn(self, given: list[tuple[KeyPath, FrontTLSSection]], mode: Mode) -> tuple[str, ...]:
        said = next(((path, section.alpn) for path, section in given if section.alpn is not None), None)
        if said is None:
            return usual_alpn(mode)
        path, protocols = said
        for below, protocol in protocols.items:
            here = (*path, "alpn", *below)
            if not _PROTOCOL.fullmatch(protocol):
                self.report.problem(here, f'"{protocol}" is not the name of a protocol', 'they are such as "http/1.1"')
            elif mode == "http" and protocol not in _HTTP:
                hint = 'leave it out; HTTP/2 can be passed on unread, with mode = "tcp"'
                self.report.problem(here, f'mode = "http" does not speak "{protocol}", but HTTP/1.1', hint)
        return protocols.values()

    def _clients(self, given: list[tuple[KeyPath, FrontTLSSection]], mode: Mode) -> ClientCertificates | None:
        builder = ClientCertificatesBuilder(self.report)
        return next(
            (
                builder.build((*path, "client_certificates"), section.client_certificates, mode)
                for path, section in given
                if section.client_certificates is not None
            ),
            None,
        )

    def server(self, *said: tuple[KeyPath, ServerTLSSection | None]) -> ServerTLS | None:
        """:param said: the server's and the back end's, likewise."""
        given = [(path, section) for path, section in said if section is not None]
        begins = self._begins(given)
        if begins is None:
            return None
        values: dict[str, Any] = settings(("verify", "name"), [section for _, section in given])
        for path, section in given:
            if section.ca is not None:
                ca = self.report.file((*path, "ca"), section.ca)
                if not ca.is_file():
                    self.report.problem((*path, "ca"), f'there is no file "{ca}"')
                values.setdefault("ca", ca)
            if section.pin.items:
                values.setdefault("pin", pins(self.report, (*path, "pin"), section.pin))
        return ServerTLS(profile=self._profile(given), place=self.report.tree.place(given[0][0]), mode=begins, **values)

    def _begins(self, given: list[tuple[KeyPath, Any]]) -> Literal["starttls", "implicit"] | None:
        """How TLS begins; ``None``: not at all."""
        mode: TLSMode | None = first(*(section.mode for _, section in given))  # type: ignore[assignment]  # the first of modes is one
        if mode is None and given:
            self.report.problem(given[0][0], "mode is missing", 'write mode = "implicit" or mode = "off"')
        return None if mode == "off" else mode

    def _profile(self, given: list[tuple[KeyPath, Any]]) -> str:
        for path, section in given:
            if section.profile is not None:
                known = [*BUILT_IN_PROFILES, *self._own()]
                if section.profile not in known:
                    hint = did_you_mean(section.profile, known)
                    self.report.problem((*path, "profile"), f'there is no TLS profile "{section.profile}"', hint)
                return str(section.profile)
        return "intermediate"

    def _own(self) -> list[str]:
        """Those of the file, also those that are wrong in themselves."""
        tls = self.report.tree.values.get("tls", {})
        profiles = tls.get("profiles", {}) if isinstance(tls, dict) else {}
        return list(profiles) if isinstance(profiles, dict) else []

    def _certificate(self, path: KeyPath, section: CertificateSection) -> Certificate:
        file = self.report.file(path, section.file)
        key = None if section.key is None else self.report.file(path, section.key)
        for missing in (file, key):
            if missing is not None and not missing.is_file():
                self.report.problem(path, f'there is no file "{missing}"')
        # an answer that is not there keeps nobody from using the certificate: it may be fetched later
        ocsp = None if section.ocsp is None else self.report.file(path, section.ocsp)
        return Certificate(file, key, section.password, ocsp)


def usual_alpn(mode: Mode) -> tuple[str, ...]:
    """What is agreed to without a word."""
    return _HTTP if mode == "http" else ()
