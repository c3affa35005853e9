"""A site in memory."""

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import IHostnameResolver
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from exproxy.check.plugins import checkers
from exproxy.config import model
from exproxy.site.core import Site
from tests.net.memory import MemoryNetwork, Peer, Recorder


@implementer(IHostnameResolver)
class Names:
    """A DNS of which the test says what it knows."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self.asked: list[str] = []

    def resolveHostName(self, receiver: Any, name: str, *rest: Any) -> Any:
        self.asked.append(name)
        receiver.resolutionBegan(None)
        if name in self.known:
            receiver.addressResolved(IPv4Address("TCP", self.known[name], 0))
        receiver.resolutionComplete()
        return receiver


class SiteStage(SynchronousTestCase):
    """``self.start(configuration)``; servers in memory greet with their names."""

    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()
        self.reactor.advance(1000)
        self.reactor.nameResolver = self.names = Names()
        self.network = MemoryNetwork(self.reactor)
        self.site = Site(self.reactor, self.network, checkers())

    def peer(self, host: str, port: int = 25, greeting: bytes = b"") -> Peer:
        peer = Peer(greeting=greeting)
        self.network.listen((host, port), peer).resume()
        return peer

    def server(self, name: str, address: str, *checks: model.Check) -> model.Server:
        return model.Server(name, address, address, 25, checks=checks)

    def check(self, **timing: Any) -> model.Check:
        return model.Check("tcp", "tcp", checkers()["tcp"].options(), model.CheckTiming(**timing))

    def configuration(self, *servers: model.Server, drain: float = 10.0, **service: Any) -> model.Configuration:
        timeouts = model.Timeouts(drain=drain)
        frontend = model.Frontend("smtp", "tcp", (model.Bind("192.0.2.9", 25, 25),), "hub", timeouts=timeouts)
        return model.Configuration(
            files=(),
            service=model.Service(**service),
            frontends={"smtp": frontend},
            backends={"hub": model.Backend("hub", servers)},
        )

    def start(self, configuration: model.Configuration) -> None:
        self.site.apply(configuration)
        self.site.start()
        self.settle()

    def client(self) -> Recorder:
        client = Recorder()
        self.network.connect(("192.0.2.9", 25), client, 5.0)
        self.settle()
        return client

    def hear(self) -> list[str]:
        """What is logged from now on, as people read it."""
        heard: list[str] = []

        def observe(event: dict[str, Any]) -> None:
            heard.append(str(event["log_format"]).format(**event))

        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)
        return heard

    def settle(self, seconds: float = 0.0) -> None:
        self.reactor.pump([seconds / 40] * 40)
