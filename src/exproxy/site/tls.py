"""TLS of a configuration: profiles, contexts towards clients and servers, and the look at renewed files."""

import contextlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from OpenSSL import SSL
from twisted.logger import Logger

from exproxy.config import model
from exproxy.config.problems import Place
from exproxy.net.tls.certificates import CertificateError, CertificateFile, Identity, load
from exproxy.net.tls.client import ClientTLS, client_context
from exproxy.net.tls.clients import AuthoritiesError, ClientCertificates, load_authorities
from exproxy.net.tls.files import Watched
from exproxy.net.tls.profiles import BUILT_IN, INTERMEDIATE, OLD, SUITES, Profile, ProfileError
from exproxy.net.tls.server import Loaded, ServerTLS
from exproxy.net.tls.shown import Shown
from exproxy.net.tlscontext import TLSSettingsError
from exproxy.site.serverfaults import ServerFaults

LOOK = 2.0
"""Seconds between two looks at the files."""

_Trust = tuple[model.Verify, Path | None, str]
"""``verify``, ``ca`` and ``profile`` of those who share a context."""

_log = Logger()


class TLSContexts:
    """Makes each context once; ``troubles`` are sentences about those that cannot be had.

    :param now: the reactor's seconds.
    :param beforehand: for so many periods of ticket keys contexts are made now, for processes that inherit them.
    :param former: those of the configuration before: all is used that is still the same, so clients go on with their tickets.
    """

    def __init__(
        self,
        profiles: Mapping[str, model.TLSProfile],
        now: float,
        beforehand: int = 1,
        former: "TLSContexts | None" = None,
    ) -> None:
        self._profiles = {**BUILT_IN, **{name: _profile(profile) for name, profile in profiles.items()}}
        self._now = now
        self._beforehand = beforehand
        self._former = former
        self._looked: float = now if former is None else former._looked
        self._read: list[tuple[ServerTLS, Loaded]] = []
        self._clients: dict[str, ClientTLS] = {}
        self._servers: dict[model.FrontTLS, ServerTLS] = {}
        self._names: dict[model.FrontTLS, str] = {}
        self._contexts: dict[_Trust, SSL.Context] = {}
        self._believers: dict[_Trust, list[ClientTLS]] = {}
        self._authorities: dict[Path, Watched] = {}
        self._faults = ServerFaults()
        self.troubles: list[str] = []
        self.renewals: int = 0 if former is None else former.renewals
        """How often files were renewed."""

    @property
    def reread(self) -> tuple[Path, ...]:
        """Files of TLS that is used on, and that say something else than before."""
        return tuple(dict.fromkeys(file.file for server, _ in self._read for file in server.certificates))

    def begin(self) -> None:
        """Nothing speaks against them: what was read of renewed files holds, and the former ones are forgotten."""
        self._former = None
        for server, loaded in self._read:
            server.take(loaded)
        self._read.clear()

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
        return self._towards_clients(f"frontends.{name}.tls", tls)

    def admin(self, tls: model.FrontTLS | None) -> ServerTLS | None:
        """TLS towards administrators, likewise."""
        return self._towards_clients("admin.tls", tls)

    def _towards_clients(self, path: str, tls: model.FrontTLS | None) -> ServerTLS | None:
        if tls is None:
            return None
        self._names.setdefault(tls, path)
        try:
            return self._made(tls)
        except (CertificateError, AuthoritiesError, ProfileError) as error:
            for sentence in _faults(_files(tls), _clients(tls)) or [str(error)]:
                self._trouble(tls.place, f"{path}: {sentence}")
            return None

    def _made(self, tls: model.FrontTLS) -> ServerTLS:
        if tls not in self._servers:
            profile = self._profiles[tls.profile]
            known = None if self._former is None else self._former._servers.get(tls)
            if known is not None and known.profile == profile:
                loaded = known.read()
                if loaded is not None:
                    self._read.append((known, loaded))
                self._servers[tls] = known
            else:
                self._servers[tls] = ServerTLS(
                    _files(tls), profile, self._now, self._beforehand, tls.alpn, _clients(tls), tls.warn_days
                )
        return self._servers[tls]

    def shown(self, fronts: Iterable[model.FrontTLS]) -> Shown:
        """The certificates of these; those that cannot be used are :meth:`front`'s to complain of."""
        made = []
        for tls in fronts:
            with contextlib.suppress(CertificateError, AuthoritiesError, ProfileError):
                made.append(self._made(tls))
        return Shown(tuple(made))

    def identities(self, tls: model.FrontTLS) -> tuple[Identity, ...]:
        """The certificates that clients are shown there now; none, if they cannot be used."""
        made = self._servers.get(tls)
        return () if made is None else made.identities

    def server(self, backend: str, server: model.Server) -> ClientTLS | None:
        """TLS towards one server."""
        tls = server.tls
        if tls is None:
            return None
        if f"{backend}/{server.name}" in self._clients:
            return self._clients[f"{backend}/{server.name}"]
        key = (tls.verify, tls.ca, tls.profile)
        path = f"backends.{backend}.servers.{server.name}.tls"
        try:
            if key not in self._contexts:
                self._contexts[key] = self._former_context(key) or self._context(key)
            shown = self.shown(tls.fronts) if tls.verify == "same" else None
            name = tls.name or (shown.name if shown else "") or server.address
            client = self._client(
                f"{backend}/{server.name}", ClientTLS(name, tls.verify is not False, self._contexts[key], tls.pin, shown)
            )
        except (TLSSettingsError, ProfileError) as error:
            self._trouble(tls.place, f"{path}: {error}")
        except UnicodeError:
            self._trouble(tls.place, f'{path}.name: "{tls.name or server.address}" is not a host name')
        else:
            self._believers.setdefault(key, []).append(client)
            self._faults.add(f"{backend}/{server.name}", client, None if self._former is None else self._former._faults)
            return client
        return None

    def _client(self, name: str, fresh: ClientTLS) -> ClientTLS:
        """``fresh``, or the one that was there before, if that is the same: it knows a session to resume."""
        known = None if self._former is None else self._former._clients.get(name)
        client = self._clients[name] = fresh if known is None or not known.alike(fresh) else known
        return client

    def _former_context(self, key: _Trust) -> SSL.Context | None:
        former = self._former
        if former is None or key not in former._contexts or former._profiles[key[2]] != self._profiles[key[2]]:
            return None
        ca = key[1] if key[0] else None
        if ca is not None:
            watched = former._authorities[ca]
            if watched.differ():
                return None
            self._authorities[ca] = watched
        return former._contexts[key]

    def _context(self, key: _Trust) -> SSL.Context:
        verify, ca, profile = key
        if verify and ca is not None and ca not in self._authorities:
            self._authorities[ca] = Watched((ca,))  # before it is read: what comes later is a change
        return client_context(verify, ca, self._profiles[profile])

    def warnings(self) -> list[str]:
        """What an administrator should know of the files now."""
        return [
            f"{_at(tls.place)}{self._names[tls]}: {warning}"
            for tls, server in self._servers.items()
            for warning in server.warnings()
        ]

    def look(self, now: float) -> None:
        """Use the files that have changed, and tell what failed with servers; to be called often."""
        if now - self._looked < LOOK:
            return
        self._looked = now
        self._faults.look(now)
        for tls in self._servers.values():
            try:
                renewed = tls.poll(now)
            except (CertificateError, AuthoritiesError) as error:
                _log.error("a certificate was changed and cannot be used; the old one stays: {error}", error=str(error))
                continue
            if renewed:
                self.renewals += 1
                _log.info("new certificates are in use: {files}", files=", ".join(map(str, tls.renewed)))
        for ca, watched in self._authorities.items():
            if watched.changed():
                self._believe_anew(ca)

    def _believe_anew(self, ca: Path) -> None:
        """Servers are verified by what the file says now; live sessions stay."""
        try:
            contexts = {key: self._context(key) for key in self._contexts if key[0] and key[1] == ca}
        except TLSSettingsError as error:
            _log.error("authorities were changed and cannot be used; the old ones stay: {error}", error=str(error))
            return
        for key, context in contexts.items():
            self._contexts[key] = context
            for client in self._believers.get(key, ()):
                client.trust(context)
        _log.info("new authorities for servers are in use: {file}", file=str(ca))

    def _trouble(self, place: Place | None, sentence: str) -> None:
        told = _at(place) + sentence
        if told not in self.troubles:
            self.troubles.append(told)


def _files(tls: model.FrontTLS) -> list[CertificateFile]:
    return [CertificateFile(item.file, item.key, item.password, item.ocsp) for item in tls.certificates]


def _clients(tls: model.FrontTLS) -> ClientCertificates | None:
    asked = tls.client_certificates
    return None if asked is None else ClientCertificates(asked.ca, asked.verify == "required", asked.crl)


def _at(place: Place | None) -> str:
    return "" if place is None else f"{place}: "


def _faults(files: list[CertificateFile], clients: ClientCertificates | None) -> list[str]:
    """What is wrong with each by itself: an administrator wants to know all at once."""
    found = []
    for file in files:
        try:
            load(file)
        except CertificateError as error:
            found.append(str(error))
    try:
        if clients is not None:
            load_authorities(clients)
    except AuthoritiesError as error:
        found.append(str(error))
    return found


def _profile(profile: model.TLSProfile) -> Profile:
    """What it does not say is as in intermediate; below TLS 1.2, only ciphers of that age make sense."""
    usual = OLD if profile.min_version in ("TLSv1.0", "TLSv1.1") else INTERMEDIATE
    return Profile(
        profile.name, profile.min_version, profile.max_version, profile.ciphers or usual, profile.ciphersuites or SUITES
    )
