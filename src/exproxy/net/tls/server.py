"""TLS as server: contexts for several certificates, chosen by the name that the client asks for, and renewed with their files.

Session tickets are on; their keys are those of the context that a handshake begins with (:mod:`exproxy.net.tls.tickets`),
whichever certificate is chosen.  Whoever holds a ticket of an earlier period makes one full handshake.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import attrs
from OpenSSL import SSL, crypto

from exproxy.net.tls.certificates import CertificateError, CertificateFile, Identity, load
from exproxy.net.tls.failures import TLSError, explain_client
from exproxy.net.tls.profiles import Profile
from exproxy.net.tls.tickets import Entries

_SESSIONS_OF = b"exproxy"
_Signature = tuple[tuple[int, int, int], ...]


@attrs.define(eq=False)
class ServerTLS:
    """:param certificates: the first is for clients that ask for no name, or for one that none has.

    :param now: the reactor's seconds.
    :param beforehand: for so many periods of ticket keys contexts are made now, for processes that inherit them.
    :raises CertificateError: one of them cannot be used.
    :raises ProfileError: OpenSSL does not know what the profile names.
    """

    certificates: Sequence[CertificateFile]
    profile: Profile
    now: float = 0.0
    beforehand: int = 1
    identities: tuple[Identity, ...] = ()
    _chosen: "_Chosen" = attrs.field(init=False)
    _entries: Entries = attrs.field(init=False)
    _seen: _Signature | None = None
    _changing: _Signature | None = None

    def __attrs_post_init__(self) -> None:
        self._seen = self._signature()
        self.identities = tuple(load(certificate) for certificate in self.certificates)
        self._chosen = _by_name(self.identities, self.profile)
        self._entries = Entries(self._entry, self.now, self.beforehand)

    def connection(self, sock: Any, observer: object) -> SSL.Connection:
        """For one client; ``sock`` ``None``: between two buffers in memory."""
        connection = SSL.Connection(self._entries.current, sock)
        connection.set_accept_state()
        return connection

    def judge(self, connection: SSL.Connection, chain_fault: str) -> None:
        """Whoever finishes the handshake is welcome."""

    def failure(self, error: SSL.Error, chain_fault: str) -> TLSError:
        """Why a handshake failed."""
        return explain_client(error)

    def remember(self, connection: SSL.Connection) -> None:
        """Sessions are the clients' to remember."""

    def warnings(self) -> list[str]:
        """What an administrator should know of the certificates now."""
        now = datetime.now(UTC)
        return [warning for identity in self.identities for warning in identity.warnings(now)]

    def poll(self, now: float) -> bool:
        """Look whether files have changed, and whether the tickets' keys are old; new handshakes get what is new.

        A changed file is only read when it has been the same for two polls: it may be half written.

        :returns: whether the certificates are new.
        :raises CertificateError: a changed file cannot be used; the old certificates stay.
        """
        self._entries.turn(now)
        signature = self._signature()
        if signature == self._seen:
            self._changing = None
            return False
        if signature != self._changing:
            self._changing = signature
            return False
        self._seen, self._changing = signature, None
        identities = tuple(load(certificate) for certificate in self.certificates)
        self._chosen = _by_name(identities, self.profile)
        self.identities = identities
        return True

    def _entry(self) -> SSL.Context:
        context = _context((), self.profile)
        context.set_tlsext_servername_callback(self._choose)
        return context

    def _choose(self, connection: SSL.Connection) -> None:
        """OpenSSL calls this when it has read the ClientHello, whether that asks for a name or not."""
        chosen = self._chosen
        connection.set_context(chosen.context(connection.get_servername()) if chosen.names else chosen.default)

    def _signature(self) -> _Signature:
        return tuple(_stat(path) for certificate in self.certificates for path in certificate.files)


def _stat(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0, 0
    return found.st_mtime_ns, found.st_size, found.st_ino


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


def _by_name(identities: Sequence[Identity], profile: Profile) -> _Chosen:
    """One context for each set of certificates that names have in common."""
    sets: dict[tuple[Identity, ...], SSL.Context] = {}
    names: dict[str, SSL.Context] = {}
    first = _together(identities, identities[0].names[0]) if identities[0].names else identities[:1]
    default = sets[tuple(first)] = _context(first, profile)
    for name in dict.fromkeys(name for identity in identities for name in identity.names):
        chosen = tuple(_together(identities, name))
        names[name] = sets.get(chosen) or sets.setdefault(chosen, _context(chosen, profile))
    return _Chosen(default, names if len(sets) > 1 else {})


def _together(identities: Sequence[Identity], name: str) -> list[Identity]:
    """The first certificate of each kind of key that has this name: RSA and ECDSA side by side."""
    kinds: dict[str, Identity] = {}
    for identity in identities:
        if name in identity.names:
            kinds.setdefault(identity.kind, identity)
    return list(kinds.values())


def _context(identities: Sequence[Identity], profile: Profile) -> SSL.Context:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    profile.apply(context)
    context.set_session_cache_mode(SSL.SESS_CACHE_SERVER)
    context.set_session_id(_SESSIONS_OF)
    for identity in identities:
        _use(context, identity)
    return context


def _use(context: SSL.Context, identity: Identity) -> None:
    """OpenSSL keeps a chain for each kind of key only if it reads the chain from a file itself."""
    try:
        with TemporaryDirectory(prefix="exproxy-") as folder:
            path = Path(folder, "chain.pem")
            path.write_bytes(identity.pem())
            context.use_certificate_chain_file(str(path))
        context.use_privatekey(crypto.PKey.from_cryptography_key(identity.key))  # type: ignore[arg-type]  # load() made sure
        context.check_privatekey()
    except SSL.Error as error:
        reason = error.args[0][-1][-1] if error.args and error.args[0] else "OpenSSL gives no reason"
        hint = '; profile = "legacy" allows small keys and old signatures' if "too" in reason else ""
        raise CertificateError(f"{identity.source.file}: OpenSSL refuses the certificate: {reason}{hint}") from error
