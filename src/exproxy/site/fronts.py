"""Front ends of a configuration with their listeners, bound but not yet accepting."""

import errno
import sys
from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_address
from typing import Any

import attrs
from twisted.internet.interfaces import IReactorTime

from exproxy.config import model
from exproxy.config.addresses import joined
from exproxy.net.interfaces import Address, Network
from exproxy.proxy.accesslog.formats import Record
from exproxy.proxy.backend import Backend
from exproxy.proxy.dynamic import DynamicPorts
from exproxy.proxy.frontend import Frontend
from exproxy.proxy.gate import Gate
from exproxy.proxy.listener import Listener
from exproxy.proxy.mail.conduct import Limits
from exproxy.proxy.session import Session
from exproxy.proxy.sni import SniTable
from exproxy.proxy.web.guard import Guard
from exproxy.site import mail, web
from exproxy.site.errors import SiteError
from exproxy.site.mapping import install
from exproxy.site.protection import Together, admission, conduct, guard
from exproxy.site.tls import TLSContexts


@attrs.frozen(eq=False)
class Opening:
    """What :meth:`Fronts.prepare` has made ready.

    :param frontends: those that are new.
    :param listeners: those that are new, by what they were asked for.
    """

    configuration: model.Configuration
    tls: TLSContexts
    frontends: dict[str, Frontend] = attrs.field(factory=dict)
    listeners: dict[Address, Listener] = attrs.field(factory=dict)

    def close(self) -> None:
        """It comes to nothing."""
        for listener in self.listeners.values():
            listener.stop()


@attrs.define(eq=False)
class _Built:
    """What a front end was made of, and what is used on when only other things of it change."""

    said: model.Frontend
    essence: tuple[Any, ...]
    protection: tuple[Any, ...]
    guard: Guard | None = None
    limits: Limits | None = None


class Fronts:
    """:param log: takes each session's access line.

    :param backends: a mapping that changes with the configuration.
    :param own: binds ports that are not in the configuration, which ``network`` may have from another process.
    :param secret: that names of users are hashed with.
    """

    def __init__(
        self,
        clock: IReactorTime,
        network: Network,
        gate: Gate,
        backends: Mapping[str, Backend],
        log: Callable[[Record], None],
        own: Network,
        secret: bytes,
    ) -> None:
        self._clock = clock
        self._network = network
        self._gate = gate
        self._backends = backends
        self._log = log
        self._own = own
        self._secret = secret
        self._configuration = model.Configuration(files=())
        self._started = False
        self._built: dict[str, _Built] = {}
        self._dynamic: dict[str, DynamicPorts] = {}
        self._closing: list[DynamicPorts] = []
        self.together = Together()
        self.frontends: dict[str, Frontend] = {}
        """Also those that have only sessions left; the mapping stays the same."""
        self.listeners: list[Listener] = []

    def open(self, configuration: model.Configuration, tls: TLSContexts) -> None:
        """Have the front ends of ``configuration``: :meth:`prepare` and :meth:`commit`."""
        self.commit(self.prepare(configuration, tls))

    def prepare(self, configuration: model.Configuration, tls: TLSContexts) -> Opening:
        """Bind every address that is not bound yet; nothing of what is there changes.

        :raises SiteError: with a sentence for each address and each certificate that cannot be had; then nothing is held.
        """
        troubles: list[str] = []
        opening = Opening(configuration, tls)
        bound = {listener.wanted for listener in self.listeners}
        for frontend in configuration.frontends.values():
            built = self.frontends.get(frontend.name)
            if built is None:
                built = opening.frontends[frontend.name] = self._bare(frontend)
            for bind, address in _addresses(frontend):
                tls.front(frontend.name, bind.tls)
                if address in bound:
                    continue
                listener = Listener(built, bind.accept_proxy)
                try:
                    listener.open(address, frontend.backlog)
                except OSError as error:
                    troubles.append(_sentence(frontend.name, address, error, bound))
                else:
                    opening.listeners[address] = listener
        troubles += tls.troubles
        if troubles:
            opening.close()
            raise SiteError(troubles)
        return opening

    def retire(self, opening: Opening) -> None:
        """Close what nobody will listen to any more; to be called before anything else changes: who is in its backlogs came
        before that, and is served by what was there."""
        wanted = {address for said in opening.configuration.frontends.values() for _, address in _addresses(said)}
        for listener in self.listeners:
            if listener.wanted not in wanted:
                listener.retire()
        self.listeners = [listener for listener in self.listeners if listener.wanted in wanted]

    def commit(self, opening: Opening) -> None:
        """Have what was prepared: what is equal stays as it is, what differs is for who comes from now on.

        The back ends are those of the new configuration by now, and :meth:`retire` has closed what is no more.
        """
        configuration = self._configuration = opening.configuration
        claims = web.claims(configuration.frontends)
        before, self.together = dict(self.frontends), Together()
        self.frontends.clear()
        for said in configuration.frontends.values():
            known = opening.frontends.get(said.name) or before[said.name]
            before.pop(said.name, None)
            self.frontends[said.name] = known
        changed = [said for said in configuration.frontends.values() if self._follow(self.frontends[said.name], said, claims)]
        opened = self._take_listeners(opening)
        for said in changed:
            self._map(said, opened[said.name])
        for name, frontend in before.items():
            self._leave(name, frontend)
        if self._started:
            self.start()

    def log_to(self, log: Callable[[Record], None]) -> None:
        """Have access lines go there."""
        self._log = log
        for frontend in (*self.frontends.values(), *(dynamic.frontend for dynamic in self._closing)):
            frontend.log = log

    def start(self) -> None:
        """Accept clients."""
        self._started = True
        for listener in self.listeners:
            listener.start()

    def close(self) -> None:
        """Stop listening; sessions go on, until they have nothing to do."""
        self._started = False
        for listener in self.listeners:
            listener.stop()
        for frontend in self.frontends.values():
            frontend.drain()
        self.listeners.clear()
        for dynamic in self._dynamic.values():
            dynamic.close()

    def sessions(self) -> list[Session]:
        """All that live."""
        sessions = [session for frontend in self.frontends.values() for session in frontend.sessions]
        return sessions + [session for dynamic in self._every_dynamic() for session in dynamic.sessions()]

    def sweep(self) -> bool:
        """Forget what is not in the configuration and has no session any more; returns whether there was any."""
        gone = [name for name, frontend in self.frontends.items() if frontend.leaving and not frontend.held]
        for name in gone:
            del self.frontends[name]
        self._closing = [dynamic for dynamic in self._closing if any(dynamic.sessions())]
        return bool(gone)

    # ---- the steps

    def _bare(self, said: model.Frontend) -> Frontend:
        """Without back ends and mode: what is new at the moment when its addresses are bound."""
        timeouts = said.timeouts
        return Frontend(
            name=said.name,
            clock=self._clock,
            network=self._network,
            gate=self._gate,
            backend=None,
            routes=None,
            maxconn=said.maxconn,
            client_timeout=timeouts.client,
            client_fin_timeout=timeouts.client_fin,
            preface_timeout=timeouts.preface,
            handshake_timeout=timeouts.handshake,
            log=self._log,
            dontlognull=said.dontlognull,
        )

    def _follow(self, frontend: Frontend, said: model.Frontend, claims: frozenset[bytes]) -> bool:
        """Make ``frontend`` what is said; returns whether it was anything else."""
        configuration = self._configuration
        essence = (said, claims, _behind(said, configuration), configuration.service.maxconn, configuration.service.workers)
        before = self._built.get(said.name)
        if before is not None and before.essence == essence and not frontend.leaving:
            self.together.add(said.name, frontend.admission, before.guard, before.limits)
            return False
        built = self._built[said.name] = _Built(said, essence, _protection(said, configuration))
        fresh = self._bare(said)
        fresh.backend = None if said.backend is None else self._backends[said.backend]
        fresh.routes = SniTable((route.sni, self._backends[route.backend]) for route in said.routes) if said.routes else None
        fresh.reads_hello = bool(said.routes) or any(self._backends[name].session_ids is not None for name in _sent_to(said))
        same = before is not None and before.protection == built.protection
        fresh.admission = frontend.admission if same else admission(said)
        frontend.become(fresh)
        service = configuration.service
        if said.web is not None:
            built.guard = before.guard if same and before is not None else guard(said, said.web, service, self._secret)
            web.install(frontend, said, said.web, self._backends, claims, built.guard)
        if said.mail is not None:
            built.limits = before.limits if same and before is not None else conduct(said, service)
            house = mail.install(frontend, said, said.mail, self._backends, self._secret)
            house.limits = built.limits
        self.together.add(said.name, frontend.admission, built.guard, built.limits)
        return True

    def _take_listeners(self, opening: Opening) -> dict[str, list[tuple[model.Bind, Listener]]]:
        """Give each address to its front end."""
        before = {listener.wanted: listener for listener in self.listeners}
        self.listeners = []
        opened: dict[str, list[tuple[model.Bind, Listener]]] = {name: [] for name in opening.configuration.frontends}
        for said in opening.configuration.frontends.values():
            for bind, address in _addresses(said):
                tls = opening.tls.front(said.name, bind.tls)
                starttls = bind.tls is not None and bind.tls.mode == "starttls"
                listener = before.pop(address, None) or opening.listeners[address]
                listener.reconfigure(
                    self.frontends[said.name], bind.accept_proxy, None if starttls else tls, tls if starttls else None
                )
                self.listeners.append(listener)
                opened[said.name].append((bind, listener))
        return opened

    def _map(self, said: model.Frontend, opened: list[tuple[model.Bind, Listener]]) -> None:
        """Make an endpoint mapper's front end one, when all front ends are there."""
        former = self._dynamic.pop(said.name, None)
        if said.mapper is not None:
            dynamic = install(self.frontends[said.name], said.mapper, opened, self.frontends, self._own, former)
            if dynamic is not None:
                self._dynamic[said.name] = dynamic
                former = None
        if former is not None:
            self._close_later(former)

    def _leave(self, name: str, frontend: Frontend) -> None:
        """It is in no configuration any more."""
        dynamic = self._dynamic.pop(name, None)
        if dynamic is not None:
            self._close_later(dynamic)
        self._built.pop(name, None)
        frontend.leave()
        if frontend.held:
            self.frontends[name] = frontend

    def _close_later(self, dynamic: DynamicPorts) -> None:
        dynamic.retire()
        self._closing.append(dynamic)

    def _every_dynamic(self) -> Iterable[DynamicPorts]:
        return (*self._dynamic.values(), *self._closing)


def _addresses(said: model.Frontend) -> Iterable[tuple[model.Bind, Address]]:
    for bind in said.binds:
        for port in range(bind.first_port, bind.last_port + 1):
            yield bind, (bind.address, port)


def _behind(said: model.Frontend, configuration: model.Configuration) -> tuple[Any, ...]:
    """What a front end is made of beside itself: its back ends without their servers, and what those remember by."""
    web_routes = () if said.web is None else said.web.routes
    names = dict.fromkeys(name for name in (*_sent_to(said), *(route.backend for route in web_routes)) if name is not None)
    backends = [configuration.backends[name] for name in names]
    tables = [configuration.tables[each.persistence.table] for each in backends if each.persistence is not None]
    return (tuple(attrs.evolve(each, servers=()) for each in backends), tuple(tables))


def _protection(said: model.Frontend, configuration: model.Configuration) -> tuple[Any, ...]:
    """What limits for each source are made of: with nothing of it changed, they go on counting."""
    service = configuration.service
    trusted = None if said.web is None else said.web.trusted
    return (said.access, said.per_source, trusted, said.mode, said.timeouts.tarpit, service.maxconn, service.workers)


def _sent_to(frontend: model.Frontend) -> Iterable[str]:
    """The back ends of whole sessions."""
    default = () if frontend.backend is None else (frontend.backend,)
    return (*default, *(route.backend for route in frontend.routes))


def _sentence(frontend: str, address: Address, error: OSError, ours: Iterable[Address]) -> str:
    host, port = address
    overlapping = next((each for each in ours if each[1] == port and _overlap(each[0], host)), None)
    if error.errno == errno.EADDRINUSE and overlapping is not None:
        advice = (
            f"we listen on {joined(*overlapping)} ourselves, and one cannot be had before the other is given up: reload once"
            " without both, or restart"
        )
    else:
        advice = (_windows_advice(port) if sys.platform == "win32" else _advice(port)).get(error.errno or 0, "")
    reason = error.strerror or str(error)
    return f"frontends.{frontend}: cannot listen on {joined(host, port)}: {reason}" + (f"; {advice}" if advice else "")


def _overlap(one: str, other: str) -> bool:
    first, second = ip_address(one), ip_address(other)
    return first.version == second.version and (first.is_unspecified or second.is_unspecified)


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
