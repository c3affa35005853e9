"""One listening address of a front end: makes a session of each client."""

import time
from ipaddress import IPv4Network, IPv6Network, ip_address

from twisted.logger import Logger

from exproxy.net.interfaces import Address, PlainStream, Port
from exproxy.net.tls.server import ServerTLS
from exproxy.proxy.accesslog.record import SessionRecord
from exproxy.proxy.admission import Unwanted
from exproxy.proxy.frontend import Frontend
from exproxy.proxy.preface import Preface
from exproxy.proxy.session import Session

_log = Logger()


class Listener:
    """:param accept_proxy: the networks whose PROXY header is demanded and believed.

    :param tls: what clients are spoken to with; ``None``: as they come.
    :param starttls: what they are offered, in a mode that has a command for it.
    """

    def __init__(
        self,
        frontend: Frontend,
        accept_proxy: tuple[IPv4Network | IPv6Network, ...],
        tls: ServerTLS | None = None,
        starttls: ServerTLS | None = None,
    ) -> None:
        self.frontend = frontend
        self._accept_proxy = accept_proxy
        self._tls = tls
        self._starttls = starttls
        self._port: Port | None = None
        self.wanted: Address = ("", 0)
        """What :meth:`open` was asked for."""
        self._backlog = 0
        self._accepting = False

    def open(self, address: Address, backlog: int) -> None:
        """Bind; nobody is accepted before :meth:`start`.

        :raises OSError: the address is in use, not ours, or we may not.
        """
        self.wanted = address
        self._backlog = backlog
        self._port = self.frontend.network.listen(address, self, backlog)

    def reconfigure(
        self,
        frontend: Frontend,
        accept_proxy: tuple[IPv4Network | IPv6Network, ...],
        tls: ServerTLS | None = None,
        starttls: ServerTLS | None = None,
    ) -> None:
        """Serve who comes from now on otherwise, perhaps for another front end; the port stays open."""
        if frontend is not self.frontend:
            if self._accepting:
                self.frontend.listeners.remove(self)
                frontend.listeners.append(self)
            self.frontend = frontend
        self._accept_proxy = accept_proxy
        self._tls = tls
        self._starttls = starttls
        self.follow()

    @property
    def address(self) -> Address:
        """Where we listen."""
        assert self._port is not None
        return self._port.address

    def fileno(self) -> int:
        """The listening socket, for another process to have too."""
        assert self._port is not None
        return self._port.fileno()

    def start(self) -> None:
        """Accept clients, from now on if that was not so before."""
        if not self._accepting:
            self._accepting = True
            self.frontend.gate.add(self)
            self.frontend.listeners.append(self)
            self.follow()

    def retire(self) -> None:
        """Close the port for good.  Who has connected already, and waits in the backlog, is let in before, as far as there is
        room: nobody can know that we did not see him yet."""
        if self._port is not None and self._accepting:
            self._port.take_in(self._backlog + 1)  # the kernel has room for one more than it was told
        self.stop()

    def stop(self) -> None:
        """Close the port; sessions go on."""
        if self._accepting:
            self._accepting = False
            self.frontend.gate.remove(self)
            self.frontend.listeners.remove(self)
        if self._port is not None:
            self._port.close()
            self._port = None

    def follow(self) -> None:
        """Accept, or stop accepting, as the gate and the front end say."""
        if self._port is not None and self._accepting:
            if self.frontend.gate.open and self.frontend.open:
                self._port.resume()
            else:
                self._port.pause()

    def room(self) -> int:
        return self.frontend.room()

    def accepted(self, stream: PlainStream) -> None:
        frontend = self.frontend
        trusted = bool(self._accept_proxy) and self._trusts(stream.peer[0])
        key = b""
        if frontend.admission is not None and not trusted:
            try:
                key = frontend.admission.admit(stream.peer[0], frontend.seconds())
            except Unwanted as why:
                self._turn_away(stream, why)
                return
        session = Session(frontend, stream)
        session.starttls = self._starttls
        frontend.began(session, self)
        if key and frontend.admission is not None:
            frontend.admission.stay(session, key)
        if self._tls is not None:
            if trusted:
                session.look_for_header(stream, self._tls)
            else:
                session.secure(stream, self._tls)
        elif trusted or frontend.reads_hello:
            session.read_preface(Preface(trusted, frontend.reads_hello))
        else:
            session.choose(frontend.backend)

    def accept_failed(self, error: OSError) -> None:
        _log.error(
            "{frontend}: the system refused to accept a client: {reason}; accepting again in a second. Raise the limit of open"
            " files (LimitNOFILE= of the service, or ulimit -n), or lower [service] maxconn",
            frontend=self.frontend.name,
            reason=error.strerror,
        )

    def _turn_away(self, stream: PlainStream, why: Unwanted) -> None:
        """There is no session for it: who comes too often is to cost as little as may be."""
        frontend = self.frontend
        frontend.turned_away(stream.peer, why)
        gate, sessions = frontend.gate.taken, len(frontend.sessions)
        frontend.log(
            SessionRecord(
                stream.peer,
                time.time(),
                frontend.name,
                None,
                None,
                -1,
                -1,
                0,
                0,
                0,
                "PR",
                gate,
                sessions,
                0,
                0,
                0,
                False,
                0,
                0,
            )
        )
        stream.abort()

    def _trusts(self, host: str) -> bool:
        address = ip_address(host)
        return any(address in network for network in self._accept_proxy)
