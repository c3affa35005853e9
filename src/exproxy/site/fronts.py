"""Front ends of a configuration with their listeners, bound but not yet accepting."""

import errno
import sys
from collections.abc import Callable, Iterable, Mapping

from twisted.internet.interfaces import IReactorTime

from exproxy.config import model
from exproxy.config.addresses import joined
from exproxy.net.interfaces import Network
from exproxy.proxy.accesslog.formats import Record
from exproxy.proxy.backend import Backend
from exproxy.proxy.dynamic import DynamicPorts
from exproxy.proxy.frontend import Frontend
from exproxy.proxy.gate import Gate
from exproxy.proxy.listener import Listener
from exproxy.proxy.session import Session
from exproxy.proxy.sni import SniTable
from exproxy.site import mail, web
from exproxy.site.errors import SiteError
from exproxy.site.mapping import install
from exproxy.site.protection import Together, admission, conduct, guard
from exproxy.site.tls import TLSContexts


class Fronts:
    """:param log: takes each session's access line.

    :param own: binds ports that are not in the configuration, which ``network`` may have from another process.
    :param service: the process  :param secret: that names of users are hashed with.
    """

    def __init__(
        self,
        clock: IReactorTime,
        network: Network,
        gate: Gate,
        backends: Mapping[str, Backend],
        log: Callable[[Record], None],
        tls: TLSContexts,
        own: Network,
        service: model.Service,
        secret: bytes,
    ) -> None:
        self._clock = clock
        self._network = network
        self._gate = gate
        self._backends = backends
        self._log = log
        self._tls = tls
        self._own = own
        self._service = service
        self._secret = secret
        self.together = Together()
        self.frontends: dict[str, Frontend] = {}
        self.listeners: list[Listener] = []
        self._dynamic: list[DynamicPorts] = []
        self._claims: frozenset[bytes] = frozenset()

    def open(self, configured: Mapping[str, model.Frontend]) -> None:
        """Bind every address of every front end.

        :raises SiteError: with a sentence for each address that cannot be had; then none is held.
        """
        troubles: list[str] = []
        self._claims = web.claims(configured)
        opened: dict[str, list[tuple[model.Bind, Listener]]] = {name: [] for name in configured}
        for frontend in configured.values():
            built = self.frontends[frontend.name] = self._build(frontend)
            for bind in frontend.binds:
                tls = self._tls.front(frontend.name, bind.tls)
                for port in range(bind.first_port, bind.last_port + 1):
                    starttls = bind.tls is not None and bind.tls.mode == "starttls"
                    listener = Listener(built, bind.accept_proxy, None if starttls else tls, tls if starttls else None)
                    try:
                        listener.open((bind.address, port), frontend.backlog)
                    except OSError as error:
                        troubles.append(_sentence(frontend.name, bind.address, port, error))
                    else:
                        self.listeners.append(listener)
                        opened[frontend.name].append((bind, listener))
        troubles += self._tls.troubles
        if troubles:
            self.close()
            raise SiteError(troubles)
        for frontend in configured.values():
            if frontend.mapper is not None:
                built = self.frontends[frontend.name]
                dynamic = install(built, frontend.mapper, opened[frontend.name], self.frontends, self._own)
                self._dynamic += [] if dynamic is None else [dynamic]

    def start(self) -> None:
        """Accept clients."""
        for listener in self.listeners:
            listener.start()

    def close(self) -> None:
        """Stop listening; sessions go on, until they have nothing to do."""
        for listener in self.listeners:
            listener.stop()
        for frontend in self.frontends.values():
            frontend.drain()
        self.listeners.clear()
        for dynamic in self._dynamic:
            dynamic.close()

    def sessions(self) -> list[Session]:
        """All that live."""
        sessions = [session for frontend in self.frontends.values() for session in frontend.sessions]
        return sessions + [session for dynamic in self._dynamic for session in dynamic.sessions()]

    def _build(self, frontend: model.Frontend) -> Frontend:
        built = Frontend(
            name=frontend.name,
            clock=self._clock,
            network=self._network,
            gate=self._gate,
            backend=None if frontend.backend is None else self._backends[frontend.backend],
            routes=SniTable((route.sni, self._backends[route.backend]) for route in frontend.routes) if frontend.routes else None,
            maxconn=frontend.maxconn,
            client_timeout=frontend.timeouts.client,
            client_fin_timeout=frontend.timeouts.client_fin,
            preface_timeout=frontend.timeouts.preface,
            handshake_timeout=frontend.timeouts.handshake,
            log=self._log,
            dontlognull=frontend.dontlognull,
            reads_hello=any(self._backends[name].session_ids is not None for name in _sent_to(frontend)),
            admission=admission(frontend),
        )
        guarding, limits = None, None
        if frontend.web is not None:
            guarding = guard(frontend, frontend.web, self._service, self._secret)
            web.install(built, frontend, frontend.web, self._backends, self._claims, guarding)
        if frontend.mail is not None:
            limits = conduct(frontend, self._service)
            house = mail.install(built, frontend, frontend.mail, self._backends, self._secret)
            house.limits = limits
        self.together.add(frontend.name, built.admission, guarding, limits)
        return built


def _sent_to(frontend: model.Frontend) -> Iterable[str]:
    """The back ends of whole sessions."""
    default = () if frontend.backend is None else (frontend.backend,)
    return (*default, *(route.backend for route in frontend.routes))


def _sentence(frontend: str, host: str, port: int, error: OSError) -> str:
    address = joined(host, port)
    advice = (_windows_advice(port) if sys.platform == "win32" else _advice(port)).get(error.errno or 0, "")
    reason = error.strerror or str(error)
    return f"frontends.{frontend}: cannot listen on {address}: {reason}" + (f"; {advice}" if advice else "")


def _advice(port: int) -> dict[int, str]:
    right = "ports below 1024 need a right: AmbientCapabilities=CAP_NET_BIND_SERVICE in the systemd unit, or a start as root"
    return {
        errno.EADDRINUSE: f"another program listens there (ss -ltnp 'sport = :{port}' names it)",
        errno.EADDRNOTAVAIL: "the address is not one of this machine's",
        errno.EACCES: right,
    }


def _windows_advice(port: int) -> dict[int, str]:
    taken = f"another program has it, perhaps on all addresses (netstat -ano | findstr :{port} names it; see docs/windows.md)"
    return {
        errno.EADDRINUSE: taken,
        errno.EADDRNOTAVAIL: "the address is not one of this machine's",
        # what somebody has with exclusive use, or Windows has reserved: netsh int ipv4 show excludedportrange tcp
        errno.EACCES: taken,
    }
