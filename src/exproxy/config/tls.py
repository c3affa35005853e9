"""TLS towards clients and servers, and its profiles."""

from typing import Any, Literal

import attrs

from exproxy.config.model import Certificate, FrontTLS, Mode, ServerTLS, TLSProfile
from exproxy.config.problems import KeyPath, did_you_mean
from exproxy.config.report import Report, first, settings
from exproxy.config.sections import CertificateSection, FrontTLSSection, ProfileSection, ServerTLSSection, TLSMode

BUILT_IN_PROFILES = ("modern", "intermediate", "mx", "legacy")
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
        return FrontTLS(certificates, self._profile(given), begins)

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
        return ServerTLS(profile=self._profile(given), mode=begins, **values)

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
        return Certificate(file, key, section.password)
