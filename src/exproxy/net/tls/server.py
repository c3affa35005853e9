"""TLS as server: contexts for several certificates, chosen by the name that the client asks for, and renewed with their files.

Session tickets are on.  OpenSSL makes their keys with the context and pyOpenSSL has no call for them, so keys live as long as a
context, and whoever holds a ticket of an earlier context makes one full handshake.
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

ROTATE = 12 * 3600.0
"""Seconds that a context lives, and with it the keys of its tickets."""
_SESSIONS_OF = b"exproxy"
_Signature = tuple[tuple[int, int, int], ...]


@attrs.define(eq=False)
class ServerTLS:
    """:param certificates: the first is for clients that ask for no name, or for one that none has.

    :param now: the reactor's seconds.
    :raises CertificateError: one of them cannot be used.
    :raises ProfileError: OpenSSL does not know what the profile names.
    """

    certificates: Sequence[CertificateFile]
    profile: Profile
    now: float = 0.0
    identities: tuple[Identity, ...] = ()
    _context: SSL.Context = attrs.field(init=False)
    _made: float = 0.0
    _seen: _Signature | None = None
    _changing: _Signature | None = None

    def __attrs_post_init__(self) -> None:
        self._seen = self._signature()
        self.identities = tuple(load(certificate) for certificate in self.certificates)
        self._context = _entry(self.identities, self.profile)
        self._made = self.now

    def connection(self, sock: Any, observer: object) -> SSL.Connection:
        """For one client; ``sock`` ``None``: between two buffers in memory."""
        connection = SSL.Connection(self._context, sock)
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
        signature = self._signature()
        if signature == self._seen:
            self._changing = None
            if now - self._made >= ROTATE:
                self._context = _entry(self.identities, self.profile)
                self._made = now
            return False
        if signature != self._changing:
            self._changing = signature
            return False
        self._seen, self._changing = signature, None
        identities = tuple(load(certificate) for certificate in self.certificates)
        self._context = _entry(identities, self.profile)
        self.identities, self._made = identities, now
        return True

    def _signature(self) -> _Signature:
        return tuple(_stat(path) for certificate in self.certificates for path in certificate.files)


def _stat(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0, 0
    return found.st_mtime_ns, found.st_size, found.st_ino


class _Names:
    """Contexts by name: an exact one wins over a wildcard, which stands for one label (RFC 6125 section 6.4.3)."""

    def __init__(self, contexts: dict[str, SSL.Context]) -> None:
        self._contexts = contexts

    def choose(self, connection: SSL.Connection) -> None:
        """OpenSSL calls this when it has read the ClientHello."""
        asked = connection.get_servername()
        if asked is None:
            return
        name = asked.decode("latin-1").lower().rstrip(".")
        context = self._contexts.get(name) or self._contexts.get("*." + name.partition(".")[2])
        if context is not None:
            connection.set_context(context)


def _entry(identities: Sequence[Identity], profile: Profile) -> SSL.Context:
    """The context that handshakes begin with; tickets are of its keys, whichever certificate is chosen."""
    sets: dict[tuple[Identity, ...], SSL.Context] = {}
    names: dict[str, SSL.Context] = {}
    first = _together(identities, identities[0].names[0]) if identities[0].names else identities[:1]
    default = sets[tuple(first)] = _context(first, profile)
    for name in dict.fromkeys(name for identity in identities for name in identity.names):
        chosen = tuple(_together(identities, name))
        names[name] = sets.get(chosen) or sets.setdefault(chosen, _context(chosen, profile))
    if len(sets) > 1:
        default.set_tlsext_servername_callback(_Names(names).choose)
    return default


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
