import io
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.error import CannotListenError, ConnectError, ProcessDone, ProcessTerminated
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from exproxy.simulator.demo import CERTIFICATE, SETTLE, START_LIMIT, Demo, main


class FakeProcess:
    def __init__(self) -> None:
        self.signals: list[str] = []

    def signalProcess(self, name: str) -> None:
        self.signals.append(name)


class DemoReactor(MemoryReactorClock):
    """Also starts processes."""

    taken = 0

    def __init__(self) -> None:
        super().__init__()
        self.started: list[Any] = []
        self.process = FakeProcess()

    def spawnProcess(self, protocol: Any, executable: str, args: list[str], env: dict[str, str]) -> None:
        protocol.transport = self.process
        self.certificate = Path(env[CERTIFICATE])
        self.private = self.certificate.read_bytes()
        self.started.append(protocol)

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> Any:
        if port == self.taken:
            raise CannotListenError(interface, port, OSError(98, "Address already in use"))
        return super().listenTCP(port, factory, backlog, interface)


class DemoTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor: Any = DemoReactor()
        self.out = io.StringIO()

    def start(self) -> Deferred[None]:
        self.demo = Demo(self.reactor, Path("conf/demo.toml"), self.out)
        self.addCleanup(self.demo.silence)
        return ensureDeferred(self.demo.run())

    def interrupt(self) -> None:
        """What the reactor does at Ctrl-C."""
        self.stopping = [trigger() for trigger, _, _ in self.reactor.triggers["before"]["shutdown"]]

    def test_the_guide_comes_when_the_first_client_was_served(self) -> None:
        self.start()
        self.assertNotIn("Try it", self.out.getvalue())
        client = self.reactor.tcpClients[-1][2].buildProtocol(None)
        client.makeConnection(StringTransport())
        client.dataReceived(b"220 EX1.example.com\r\n")
        self.reactor.advance(SETTLE)
        self.assertIn("Try it", self.out.getvalue())

    def test_the_proxy_has_the_certificate_of_the_servers_for_as_long_as_it_lives(self) -> None:
        self.start()
        self.assertIn(b"PRIVATE KEY", self.reactor.private)
        self.interrupt()
        self.reactor.started[0].processEnded(Failure(ProcessDone(0)))
        self.assertFalse(self.reactor.certificate.parent.exists())

    def test_ctrl_c_ends_the_proxy_and_then_the_demo_without_an_error(self) -> None:
        done = self.start()
        self.interrupt()
        self.assertEqual(self.reactor.process.signals, ["TERM"])
        self.reactor.started[0].processEnded(Failure(ProcessDone(0)))
        self.assertIsNone(self.successResultOf(done))
        self.successResultOf(self.stopping[0])

    def test_a_proxy_that_does_not_start_is_told_with_what_it_said(self) -> None:
        done = self.start()
        self.reactor.started[0].errReceived(b"demo.toml:3: unknown key\n")
        self.reactor.started[0].processEnded(Failure(ProcessTerminated(exitCode=1)))
        error = self.failureResultOf(done, SystemExit).value
        self.assertIn("proxy | demo.toml:3: unknown key\n", self.out.getvalue())
        self.assertIn("the proxy has ended", str(error))

    def test_a_proxy_that_serves_nobody_is_ended(self) -> None:
        self.start()
        for _ in range(int(START_LIMIT / 0.2) + 2):
            self.reactor.tcpClients[-1][2].clientConnectionFailed(None, Failure(ConnectError()))
            self.reactor.advance(0.2)
        self.assertIn("the demo does not work: no server has greeted a client", self.out.getvalue())
        self.assertEqual(self.reactor.process.signals, ["TERM"])

    def test_a_port_that_is_taken_is_named_and_no_proxy_is_started(self) -> None:
        self.reactor.taken = 10_110
        error = self.failureResultOf(self.start(), SystemExit).value
        self.assertIn("ex1 pop3: cannot listen on 127.0.0.2:10110", str(error))
        self.assertEqual(self.reactor.started, [])


class MainTests(SynchronousTestCase):
    def test_a_missing_configuration_is_named(self) -> None:
        done = ensureDeferred(main(MemoryReactorClock(), ["no/such.toml"], io.StringIO()))
        self.assertIn(f"{Path('no/such.toml')} does not exist", str(self.failureResultOf(done, SystemExit).value))
