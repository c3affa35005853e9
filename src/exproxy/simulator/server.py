"""One simulated Exchange server: all its services, wired together."""

from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IProtocol
from twisted.internet.protocol import Factory

from exproxy.simulator import endpoints, imap, pop3, rpc, smtp, web
from exproxy.simulator.certificate import SiteCertificate
from exproxy.simulator.layout import Ports
from exproxy.simulator.modes import Mode, ModeError
from exproxy.simulator.service import Directory, Service, SimulatorReactor, Switch
from exproxy.wire.rpc.syntax import Syntax

RPC_SERVICES = ("rpc-ca", "rpc-ab")
"""Those that clients find by the endpoint mapper."""

Failing = Callable[[Mode], IProtocol]


class Server:
    """One machine.

    :param name: the short name (``ex1``); its replies say ``EX1.example.com``.
    :param keep: gets every mail that the server takes.
    """

    def __init__(
        self,
        reactor: SimulatorReactor,
        name: str,
        address: str,
        ports: Ports,
        certificate: SiteCertificate,
        keep: Callable[[smtp.Mail], None],
    ) -> None:
        self.name = name
        self.full_name = f"{name.upper()}.example.com"
        self.address = address
        self._reactor = reactor
        self._context = certificate.context
        self.services: dict[str, Service] = {}
        self.directories = {each.lower(): Directory(name, each.lower()) for each in web.DIRECTORIES}
        self._add_mail(ports, keep)
        self._add_mailboxes(ports)
        self._add_web(ports)
        self._add_rpc(ports)

    def service(self, name: str) -> Service:
        """One of ``smtp``, ``submission``, ``https``, ``pop3``, ``imap``, ``epm``, ``rpc-ca`` and ``rpc-ab``.

        :raises KeyError: there is no such service.
        """
        return self.services[name]

    def directory(self, name: str) -> Directory:
        """A virtual directory, by its name in lower case.

        :raises KeyError: there is no such directory.
        """
        return self.directories[name]

    def switch(self, name: str) -> Switch:
        """A service or a virtual directory, as people name it.

        :raises ModeError: there is neither.
        """
        found = self.services.get(name.lower()) or self.directories.get(name.lower())
        if found is None:
            known = ", ".join([*self.services, *self.directories])
            raise ModeError(f"{self.name} has no service {name!r}; it has {known}, and all")
        return found

    def restart(self, name: str) -> Deferred[None]:
        """End an RPC service and start it again, on another port, as Windows does.

        :raises ModeError: others have their ports for ever.
        """
        if name.lower() not in RPC_SERVICES:
            raise ModeError(f"restart is for {' and '.join(RPC_SERVICES)}: the others come back on the port that they had")
        return self.services[name.lower()].move()

    def set_all(self, mode: Mode) -> Deferred[None]:
        """The whole machine: every service, and the directories are well."""
        waiting = [service.set(mode) for service in self.services.values()]
        waiting += [directory.set(Mode.WELL) for directory in self.directories.values()]
        return gatherResults(waiting).addCallback(lambda _: None)

    def start(self) -> Deferred[None]:
        """Open all ports; fails with :class:`exproxy.simulator.service.SiteError`."""
        return gatherResults([service.start() for service in self.services.values()], consumeErrors=True).addCallback(
            lambda _: None
        )

    def stop(self) -> Deferred[None]:
        """Close all ports and cut all sessions; fires when they are gone."""
        return gatherResults([service.stop() for service in self.services.values()]).addCallback(lambda _: None)

    def _add(self, name: str, number: int, well: Factory[Any], failing: Failing) -> Service:
        service = Service(self._reactor, self.name, name, self.address)
        service.add_door(name, number, well, failing)
        self.services[name] = service
        return service

    def _add_mail(self, ports: Ports, keep: Callable[[smtp.Mail], None]) -> None:
        for name, number, login in (("smtp", ports.smtp, False), ("submission", ports.submission, True)):
            delivery = smtp.Delivery(self.name, name, keep)
            self._add(name, number, smtp.SmtpFactory(self._reactor, self.full_name, delivery, self._context, login), smtp.failing)

    def _add_mailboxes(self, ports: Ports) -> None:
        boxes = (
            ("pop3", ports.pop3, ports.pop3s, pop3.Pop3Factory, pop3.failing),
            ("imap", ports.imap, ports.imaps, imap.ImapFactory, imap.failing),
        )
        for name, number, tls_number, factory, failing in boxes:
            service = self._add(name, number, factory(self._reactor, self.full_name, self._context), failing)
            service.add_door(f"{name}s", tls_number, factory(self._reactor, self.full_name, None), failing, tls=self._context)

    def _add_web(self, ports: Ports) -> None:
        service = Service(self._reactor, self.name, "https", self.address)
        root = web.ClientAccess(self.full_name, service, self.directories)
        site = web.web_site(self._reactor, root)
        # A failing web server still speaks HTTP: the pages read the mode.
        for door, number, tls in (("http", ports.http, None), ("https", ports.https, self._context)):
            service.add_door(door, number, site, lambda _: site.buildProtocol(None), tls=tls)
        self.services["https"] = service

    def _add_rpc(self, ports: Ports) -> None:
        def serve(name: str, number: int, interfaces: Mapping[Syntax, rpc.Handler]) -> Service:
            return self._add(name, number, rpc.RpcFactory(interfaces), rpc.failing)

        access = serve("rpc-ca", ports.rpc_ca, dict.fromkeys(endpoints.CLIENT_ACCESS, rpc.no_operation))
        book = serve("rpc-ab", ports.rpc_ab, dict.fromkeys(endpoints.ADDRESS_BOOK, rpc.no_operation))
        services = {**dict.fromkeys(endpoints.CLIENT_ACCESS, access), **dict.fromkeys(endpoints.ADDRESS_BOOK, book)}
        where = endpoints.Registry(services)
        serve("epm", ports.epm, {endpoints.MAPPER: endpoints.Mapper(self.address, where)})
