"""TLS as server: contexts for several certificates, chosen by the name that the client asks for, and renewed with their files.

Session tickets are on; their keys are those of the context that a handshake begins with (:mod:`exproxy.net.tls.tickets`),
whichever certificate is chosen.  Whoever holds a ticket of an earlier period makes one full handshake.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import attrs
from OpenSSL import SSL

from exproxy.net.tls import alpn
from exproxy.net.tls.certificates import WARN_DAYS, CertificateError, CertificateFile, Identity, load
from exproxy.net.tls.clients import Authorities, ClientCertificates, ask, load_authorities
from exproxy.net.tls.failures import TLSError, explain_client
from exproxy.net.tls.files import Watched
from exproxy.net.tls.identity import check_readable
from exproxy.net.tls.profiles import Profile
from exproxy.net.tls.stapling import staple
from exproxy.net.tls.tickets import Entries
from exproxy.wire.lines import printable

_SESSIONS_OF = b"exproxy"


@attrs.define(eq=False)
class ServerTLS:
    """:param certificates: the first is for clients that ask for no name, or for one that none has.

    :param now: the reactor's seconds.
    :param beforehand: for so many periods of ticket keys contexts are made now, for processes that inherit them.
    :param protocols: those that clients may speak inside TLS, if they ask (ALPN), the best first; empty: they are not heard.
    :param clients: what is asked of clients' certificates; ``None``: they are asked for none.
    :param warn_days: warn so long before something expires.
    :raises CertificateError: one of them cannot be used.
    :raises AuthoritiesError: a file of ``clients`` cannot be used.
    :raises ProfileError: OpenSSL does not know what the profile names.
    """

    certificates: Sequence[CertificateFile]
    profile: Profile
    now: float = 0.0
    beforehand: int = 1
    protocols: Sequence[str] = ()
    clients: ClientCertificates | None = None
    warn_days: int = WARN_DAYS
    identities: tuple[Identity, ...] = ()
    renewed: tuple[Path, ...] = ()
    """The files that the last :meth:`poll` has taken."""
    _authorities: Authorities | None = None
    _chosen: "_Chosen" = attrs.field(init=False)
    _entries: Entries = attrs.field(init=False)
    _files: Watched = attrs.field(init=False)
    _changed: frozenset[Path] = frozenset()
    """Since the last that could be used."""

    def __attrs_post_init__(self) -> None:
        clients = () if self.clients is None else self.clients.files
        self._files = Watched((*chain.from_iterable(certificate.files for certificate in self.certificates), *clients))
        self._load()
        self._entries = Entries(self._entry, self.now, self.beforehand)

    def connection(self, sock: Any, observer: object) -> SSL.Connection:
        """For one client; ``sock`` ``None``: between two buffers in memory.

        :param observer: a :class:`~exproxy.net.tlscontext.ChainObserver`.
        """
        connection = SSL.Connection(self._entries.current, sock)
        if self.clients is not None:
            connection.set_app_data(observer)
        connection.set_accept_state()
        return connection

    def judge(self, connection: SSL.Connection, chain_fault: str) -> None:
        """Whoever finishes the handshake is welcome: OpenSSL has asked for what has to be shown.

        :raises TLSError: nobody but OpenSSL can read what was shown, so it could not be told to servers.
        """
        if self.clients is None:
            return
        try:
            check_readable(connection.get_peer_certificate(as_cryptography=True))
        except Exception as error:  # two libraries read what a stranger wrote, each with errors of its own
            raise TLSError(f"the client's certificate is malformed: {printable(str(error))}") from error

    def failure(self, error: SSL.Error, chain_fault: str) -> TLSError:
        """Why a handshake failed."""
        return explain_client(error, chain_fault)

    def remember(self, connection: SSL.Connection) -> None:
        """Sessions are the clients' to remember."""

    def warnings(self, now: datetime | None = None) -> list[str]:
        """What an administrator should know of the files now."""
        now = now or datetime.now(UTC)
        found = [warning for identity in self.identities for warning in identity.warnings(now, self.warn_days)]
        return found if self._authorities is None else found + self._authorities.warnings(now, self.warn_days)

    def poll(self, now: float) -> bool:
        """Look whether files have changed, and whether the tickets' keys are old; new handshakes get what is new.

        A changed file is only read when it has been the same for two polls: it may be half written.  Who was believed by
        authorities or lists that have changed has to show the certificate again: then tickets are worth nothing any more.

        :returns: whether something is new: :attr:`renewed` tells what.
        :raises CertificateError: a changed file cannot be used; all that was stays.
        :raises AuthoritiesError: likewise.
        """
        self._entries.turn(now)
        changed = self._files.changed()
        if not changed:
            return False
        self._changed |= frozenset(changed)
        self._load()
        self.renewed, self._changed = tuple(path for path in self._files.paths if path in self._changed), frozenset()
        if self.clients is not None and not set(self.clients.files).isdisjoint(self.renewed):
            self._entries = Entries(self._entry, now, 1)
        return True

    def read(self) -> "Loaded | None":
        """What the files say now, if they have changed: it holds once it is given to :meth:`take`.

        :raises CertificateError: they cannot be used.
        :raises AuthoritiesError: likewise.
        """
        return self._read() if self._files.differ() else None

    def take(self, loaded: "Loaded") -> None:
        """Have new handshakes get this; :meth:`poll` does the rest when the files have settled."""
        self._chosen, self.identities, self._authorities = loaded.chosen, loaded.identities, loaded.authorities

    def _load(self) -> None:
        self.take(self._read())

    def _read(self) -> "Loaded":
        identities = tuple(load(certificate) for certificate in self.certificates)
        authorities = None if self.clients is None else load_authorities(self.clients)
        return Loaded(identities, authorities, _by_name(identities, self.profile, self.protocols, authorities))

    def _entry(self) -> SSL.Context:
        context = _alike(self.profile)
        if self.clients is not None:
            ask(context, self.clients.required)
        context.set_tlsext_servername_callback(self._choose)
        return context

    def _choose(self, connection: SSL.Connection) -> None:
        """OpenSSL calls this when it has read the ClientHello, whether that asks for a name or not."""
        chosen = self._chosen
        connection.set_context(chosen.context(connection.get_servername()) if chosen.names else chosen.default)


@attrs.frozen(eq=False)
class Loaded:
    """What files have said."""

    identities: tuple[Identity, ...]
    authorities: Authorities | None
    chosen: "_Chosen"


@attrs.frozen(eq=False)
class _Chosen:
    """Contexts by name: an exact one wins over a wildcard, which stands for one label (RFC 6125 section 6.4.3).

    Without names all have the default.
    """

    default: SSL.Context
    names: dict[str, SSL.Context]

    def context(self, asked: bytes | None) -> SSL.Context:
        if asked is None:
            return self.default
        name = asked.decode("latin-1").lower().rstrip(".")
        return self.names.get(name) or self.names.get("*." + name.partition(".")[2]) or self.default


def _by_name(
    identities: Sequence[Identity], profile: Profile, protocols: Sequence[str], authorities: Authorities | None
) -> _Chosen:
    """One context for each set of certificates that names have in common."""

    def made(chosen: Sequence[Identity]) -> SSL.Context:
        return _context(chosen, profile, protocols, authorities)

    sets: dict[tuple[Identity, ...], SSL.Context] = {}
    names: dict[str, SSL.Context] = {}
    first = _together(identities, identities[0].names[0]) if identities[0].names else identities[:1]
    default = sets[tuple(first)] = made(first)
    for name in dict.fromkeys(name for identity in identities for name in identity.names):
        chosen = tuple(_together(identities, name))
        names[name] = sets.get(chosen) or sets.setdefault(chosen, made(chosen))
    return _Chosen(default, names if len(sets) > 1 else {})


def _together(identities: Sequence[Identity], name: str) -> list[Identity]:
    """The first certificate of each kind of key that has this name: RSA and ECDSA side by side."""
    kinds: dict[str, Identity] = {}
    for identity in identities:
        if name in identity.names:
            kinds.setdefault(identity.kind, identity)
    return list(kinds.values())


def _alike(profile: Profile) -> SSL.Context:
    """What is alike in all contexts of a server."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    profile.apply(context)
    context.set_session_cache_mode(SSL.SESS_CACHE_SERVER)
    context.set_session_id(_SESSIONS_OF)
    return context


def _context(
    identities: Sequence[Identity], profile: Profile, protocols: Sequence[str], authorities: Authorities | None
) -> SSL.Context:
    context = _alike(profile)
    for identity in identities:
        _use(context, identity)
    if protocols:
        alpn.offer(context, protocols)
    staples = {identity.chain[0]: identity.staple for identity in identities}
    if any(staples.values()):
        staple(context, staples, lambda: datetime.now(UTC))
    if authorities is not None:
        authorities.trust(context)
    return context


def _use(context: SSL.Context, identity: Identity) -> None:
    """OpenSSL keeps a chain for each kind of key only if it reads the chain from a file itself."""
    try:
        with TemporaryDirectory(prefix="exproxy-") as folder:
            path = Path(folder, "chain.pem")
            path.write_bytes(identity.pem())
            context.use_certificate_chain_file(str(path))
        context.use_privatekey(identity.key)  # type: ignore[arg-type]  # load() made sure
        context.check_privatekey()
    except SSL.Error as error:
        reason = error.args[0][-1][-1] if error.args and error.args[0] else "OpenSSL gives no reason"
        hint = '; profile = "legacy" allows small keys and old signatures' if "too" in reason else ""
        raise CertificateError(f"{identity.source.file}: OpenSSL refuses the certificate: {reason}{hint}") from error
