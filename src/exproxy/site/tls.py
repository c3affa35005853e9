"""TLS of a configuration: profiles, contexts towards clients and servers, and the look at renewed files."""

from collections.abc import Mapping
from pathlib import Path

from OpenSSL import SSL
from twisted.logger import Logger

from exproxy.config import model
from exproxy.net.tls.certificates import CertificateError, CertificateFile
from exproxy.net.tls.client import ClientTLS, client_context
from exproxy.net.tls.profiles import BUILT_IN, INTERMEDIATE, OLD, SUITES, Profile, ProfileError
from exproxy.net.tls.server import ServerTLS
from exproxy.net.tlscontext import TLSSettingsError

LOOK = 2.0
"""Seconds between two looks at the files."""

_log = Logger()


class TLSContexts:
    """Makes each context once; ``troubles`` are sentences about those that cannot be had.

    :param now: the reactor's seconds.
    :param beforehand: for so many periods of ticket keys contexts are made now, for processes that inherit them.
    """

    def __init__(self, profiles: Mapping[str, model.TLSProfile], now: float, beforehand: int = 1) -> None:
        self._profiles = {**BUILT_IN, **{name: _profile(profile) for name, profile in profiles.items()}}
        self._now = now
        self._beforehand = beforehand
        self._looked = now
        self._servers: dict[model.FrontTLS, ServerTLS] = {}
        self._contexts: dict[tuple[bool, Path | None, str], SSL.Context] = {}
        self.troubles: list[str] = []

    def make_all(self, configuration: model.Configuration) -> None:
        """Make what :meth:`front` and :meth:`server` will be asked for."""
        for frontend in configuration.frontends.values():
            for bind in frontend.binds:
                self.front(frontend.name, bind.tls)
        for backend in configuration.backends.values():
            for server in backend.servers:
                self.server(backend.name, server)

    def front(self, name: str, tls: model.FrontTLS | None) -> ServerTLS | None:
        """TLS towards the clients of front end ``name``; ``None`` if it has none, or none that works."""
        if tls is None:
            return None
        if tls not in self._servers:
            files = [CertificateFile(item.file, item.key, item.password) for item in tls.certificates]
            try:
                self._servers[tls] = ServerTLS(files, self._profiles[tls.profile], self._now, self._beforehand)
            except (CertificateError, ProfileError) as error:
                self._trouble(f"frontends.{name}.tls: {error}")
                return None
            for warning in self._servers[tls].warnings():
                _log.warn("frontends.{name}.tls: {sentence}", name=name, sentence=warning)
        return self._servers[tls]

    def server(self, backend: str, server: model.Server) -> ClientTLS | None:
        """TLS towards one server."""
        tls = server.tls
        if tls is None:
            return None
        key = (tls.verify, tls.ca, tls.profile)
        try:
            if key not in self._contexts:
                self._contexts[key] = client_context(tls.verify, tls.ca, self._profiles[tls.profile])
            return ClientTLS(tls.name or server.address, tls.verify, self._contexts[key])
        except (TLSSettingsError, ProfileError) as error:
            self._trouble(f"backends.{backend}.servers.{server.name}.tls: {error}")
        except UnicodeError:
            self._trouble(f'backends.{backend}.servers.{server.name}.tls.name: "{tls.name or server.address}" is not a host name')
        return None

    def look(self, now: float) -> None:
        """Use the files that have changed; to be called often."""
        if now - self._looked < LOOK:
            return
        self._looked = now
        for tls in self._servers.values():
            try:
                renewed = tls.poll(now)
            except CertificateError as error:
                _log.error("a certificate was changed and cannot be used; the old one stays: {error}", error=str(error))
                continue
            if renewed:
                files = ", ".join(str(certificate.file) for certificate in tls.certificates)
                _log.info("new certificates are in use: {files}", files=files)
                for warning in tls.warnings():
                    _log.warn("{sentence}", sentence=warning)

    def _trouble(self, sentence: str) -> None:
        if sentence not in self.troubles:
            self.troubles.append(sentence)


def _profile(profile: model.TLSProfile) -> Profile:
    """What it does not say is as in intermediate; below TLS 1.2, only ciphers of that age make sense."""
    usual = OLD if profile.min_version in ("TLSv1.0", "TLSv1.1") else INTERMEDIATE
    return Profile(
        profile.name, profile.min_version, profile.max_version, profile.ciphers or usual, profile.ciphersuites or SUITES
    )
