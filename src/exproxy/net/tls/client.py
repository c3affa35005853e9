"""TLS as client, towards one server."""

from pathlib import Path
from typing import Any, Literal

import attrs
from OpenSSL import SSL, crypto

from exproxy.net.certificate import is_address, read_certificate
from exproxy.net.pins import pin_fault
from exproxy.net.tls.failures import TLSError, explain_server
from exproxy.net.tls.profiles import Profile
from exproxy.net.tls.shown import Shown
from exproxy.net.tlscontext import verify_leniently, verify_strictly

ALLOWANCE = 'profile = "legacy"'


def client_context(verify: bool | Literal["same"], ca: Path | None, profile: Profile) -> SSL.Context:
    """A context for connections as client; make it once and use it for many: the system's authorities are megabytes.

    :param verify: ``same``: the chain is looked at, and :attr:`ClientTLS.shown` decides.
    :param ca: a PEM file of authorities to trust, ``None``: those of the system; not looked at without ``verify``.
    :raises TLSSettingsError: ``ca`` cannot be used.
    :raises ProfileError: OpenSSL does not know what the profile names.
    """
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    profile.apply(context)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)  # each server's session is kept by its ClientTLS
    if verify == "same":
        verify_leniently(context, ca)
    elif verify:
        verify_strictly(context, ca)
    else:
        context.set_verify(SSL.VERIFY_NONE)
    return context


@attrs.define(eq=False)
class ClientTLS:
    """One server's TLS: how to speak it, and the session that the next connection resumes.

    :param name: its DNS name or IP address, for SNI and the certificate.
    :param verify: whether the certificate has to be that name's; the chain is the context's matter.
    :param pins: those of :func:`exproxy.net.pins.pin_of`, of which the certificate has to have one; empty: of any.
    :param shown: then it may also be one of these.
    :raises UnicodeError: ``name`` cannot be a DNS name.
    """

    name: str
    verify: bool
    context: SSL.Context
    pins: tuple[str, ...] = ()
    shown: Shown | None = None
    failed: int = 0
    """Handshakes, ever."""
    fault: str = ""
    """Why the last of them."""
    _session: SSL.Session | None = None
    _accepted: tuple[bytes, tuple[object, ...]] = b"", ()
    _sni: bytes = b""

    def __attrs_post_init__(self) -> None:
        if not is_address(self.name):
            self._sni = self.name.encode("idna")

    def alike(self, other: "ClientTLS") -> bool:
        """Whether ``other`` would speak in the same way."""
        fronts = () if self.shown is None else self.shown.fronts
        theirs = () if other.shown is None else other.shown.fronts
        mine = (self.name, self.verify, self.context, self.pins, fronts)
        return mine == (other.name, other.verify, other.context, other.pins, theirs)

    def connection(self, sock: Any, observer: object) -> SSL.Connection:
        """For one connection; ``sock`` ``None``: between two buffers in memory.

        :param observer: a :class:`~exproxy.net.tlscontext.ChainObserver`.
        """
        connection = SSL.Connection(self.context, sock)
        if self.verify:
            connection.set_app_data(observer)
        connection.set_connect_state()
        if self._sni:
            connection.set_tlsext_host_name(self._sni)
        if self._session is not None:
            connection.set_session(self._session)
        return connection

    def judge(self, connection: SSL.Connection, chain_fault: str) -> None:
        """Whether the certificate is that of the name, and has a pinned key; the chain has been looked at in the handshake.

        :raises TLSError: it is not.
        """
        if not self.verify and not self.pins:
            return
        shown = connection.get_peer_certificate()
        der = crypto.dump_certificate(crypto.FILETYPE_ASN1, shown) if shown is not None else b""
        moment = () if self.shown is None else self.shown.moment
        if der and (der, moment) == self._accepted:
            return
        try:
            fault = (self._name_fault(connection, chain_fault) if self.verify else "") or self._pin_fault(connection)
        except Exception as error:  # three libraries read what a stranger wrote, each with errors of its own
            raise self._failed(f"the server's certificate is malformed: {error}") from error
        if fault:
            raise self._failed(f"the server's certificate is refused: {fault}")
        self._accepted = der, moment

    def _name_fault(self, connection: SSL.Connection, chain_fault: str) -> str:
        certificate = read_certificate(connection, self.name, chain_fault)
        if self.shown is not None:
            return self.shown.fault(certificate)
        return "the server has none" if certificate is None else certificate.name_fault

    def _pin_fault(self, connection: SSL.Connection) -> str:
        return pin_fault(connection.get_peer_certificate(as_cryptography=True), self.pins) if self.pins else ""

    def failure(self, error: SSL.Error, chain_fault: str) -> TLSError:
        """Why a handshake failed; the next one resumes nothing."""
        self._session = None
        return self._failed(explain_server(error, chain_fault, ALLOWANCE))

    def _failed(self, fault: str) -> TLSError:
        self.failed += 1
        self.fault = fault
        return TLSError(fault)

    def remember(self, connection: SSL.Connection) -> None:
        """Resume this session next time; TLS 1.3 servers send it only after the handshake."""
        if connection.get_context() is self.context:  # not one of before :meth:`trust`
            self._session = connection.get_session()

    def trust(self, context: SSL.Context) -> None:
        """Other authorities from now on: who was believed before has to show the certificate again."""
        self.context = context
        self._session = None
        self._accepted = b"", ()
