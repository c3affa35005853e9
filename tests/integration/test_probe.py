"""Every type of check, once, over real sockets: what ``exproxy probe`` does, against the simulated site and against nobody."""

import os
import re
import sys
from pathlib import Path
from random import Random
from typing import Any, cast

import attrs
from twisted.internet import reactor
from twisted.internet.defer import ensureDeferred, gatherResults
from twisted.internet.utils import getProcessOutputAndValue
from twisted.trial.unittest import TestCase

from exproxy.check.once import check_now
from exproxy.check.plan import CheckPlan, Security, security
from exproxy.check.plugins import checkers
from exproxy.check.report import Report, Transcript
from exproxy.net.epoll.loop import Loop
from exproxy.net.epoll.network import EpollNetwork
from exproxy.net.interfaces import Network
from exproxy.net.transports import TransportNetwork
from exproxy.pool import Backend, CheckResult, CheckSpec, Host, Server
from exproxy.simulator.layout import Layout, Ports
from exproxy.simulator.modes import Mode
from exproxy.simulator.site import Simulator
from tests.integration.peers.ports import free_port

HOST = "127.0.0.1"
ROOT = Path(__file__).resolve().parents[2]


class SimulatedSiteTests(TestCase):
    async def setUp(self) -> None:
        # of the system's own choice one might be somebody's by the time that a service comes back to it
        ports = Ports(**{field.name: free_port(HOST) for field in attrs.fields(Ports)})
        self.site = Simulator(reactor, Layout({"ex1": HOST}, ports, control=(HOST, 0)))
        self.addCleanup(self.site.stop)
        await self.site.start()
        self.server = self.site.server("ex1")
        loop = Loop(cast(Any, reactor))
        self.addCleanup(loop.close)
        self.network: Network = EpollNetwork(loop)

    async def check(self, kind: str, port: int, tls: Security | None = None, timeout: float = 60.0, **options: Any) -> Report:
        checker = checkers()[kind]
        plan = CheckPlan(name=kind, host=HOST, checker=checker, options=checker.options(**options), security=tls, timeout=timeout)
        return await check_now(reactor, plan, port, Transcript(), self.network)

    def https(self) -> int:
        return self.site.server("ex1").service("https").tls_port

    def port(self, service: str) -> int:
        return self.server.service(service).port

    def assert_passed(self, report: Report) -> None:
        self.assertTrue(report.passed, f"{report.outcome}\n" + "\n".join(report.transcript))

    async def test_the_types_that_need_no_tls(self) -> None:
        for kind, service in (("tcp", "smtp"), ("smtp", "smtp"), ("imap", "imap"), ("pop3", "pop3")):
            self.assert_passed(await self.check(kind, self.port(service)))

    async def test_starttls_in_each_protocol_that_has_it(self) -> None:
        for kind in ("smtp", "imap", "pop3"):
            report = await self.check(kind, self.port(kind), security("starttls", verify=False))
            self.assert_passed(report)
            self.assertIsNotNone(report.certificate)

    async def test_the_same_over_twisteds_transports(self) -> None:
        self.network = TransportNetwork(cast(Any, reactor))
        self.addCleanup(self.network.deadlines.stop)
        self.assert_passed(await self.check("smtp", self.port("smtp"), security("starttls", verify=False)))
        self.assert_passed(await self.check("http", self.https(), security("implicit", verify=False), preset="owa"))

    async def test_http_over_implicit_tls_with_the_presets(self) -> None:
        for preset in ("owa", "healthcheck", "rpcproxy"):
            self.assert_passed(await self.check("http", self.https(), security("implicit", verify=False), preset=preset))

    async def test_the_certificate_is_verified_against_its_authority(self) -> None:
        path = Path(self.mktemp())
        path.write_bytes(self.site.certificate.pem)
        self.assert_passed(await self.check("tls", self.https(), security("implicit", verify=True, ca=path)))
        refused = await self.check("tls", self.https(), security("implicit", verify=True))
        self.assertEqual(refused.outcome.status.value, "L6RSP")

    async def test_rpc_and_the_endpoint_mapper(self) -> None:
        for interface in ("emsmdb", "nspi", "rfri"):
            self.assert_passed(await self.check("epm", self.port("epm"), interface=interface))
            self.assert_passed(await self.check("rpc", self.port("epm"), interface=interface, mapper=True))

    async def test_a_port_where_nobody_listens(self) -> None:
        report = await self.check("tcp", free_port(HOST))
        self.assertEqual(report.outcome.status.value, "L4CON")
        self.assertIn("connection refused", report.outcome.text)

    async def test_the_wrong_protocol(self) -> None:
        report = await self.check("imap", self.port("smtp"))
        self.assertEqual(report.outcome.status.value, "L7RSP")
        tls = await self.check("tls", self.port("smtp"), security("implicit", verify=False))
        self.assertEqual(tls.outcome.status.value, "L6RSP")

    async def test_every_way_to_fail_is_told_by_its_layer(self) -> None:
        implicit = security("implicit", verify=False)
        kinds: list[tuple[str, str, Security | None, dict[str, Any]]] = [
            ("smtp", "smtp", None, {}),
            ("imap", "imap", None, {}),
            ("pop3", "pop3", None, {}),
            ("http", "https", implicit, {"preset": "healthcheck"}),
            ("epm", "epm", None, {}),
        ]
        expected = {
            Mode.ERROR: {"L7STS", "L7RSP"},
            Mode.GARBAGE: {"L7RSP", "L6RSP"},
            Mode.SILENT: {"L7TOUT", "L6TOUT"},
            Mode.REFUSE: {"L4CON"},
            Mode.MAINTENANCE: {"L7STS", "L7RSP", "L7OKC"},
        }
        for mode, statuses in expected.items():
            for _, service, _, _ in kinds:
                await self.server.service(service).set(mode)
            # together, for who waits for a silent one waits long: a check is to be past its connect, however busy we are
            patience = 4.0 if mode is Mode.SILENT else 60.0
            reports = [
                ensureDeferred(
                    self.check(kind, self.https() if service == "https" else self.port(service), tls, patience, **options)
                )
                for kind, service, tls, options in kinds
            ]
            for (kind, _, _, _), report in zip(kinds, await gatherResults(reports), strict=True):
                self.assertIn(report.outcome.status.value, statuses, f"{kind}, {mode}: {report.outcome}")
                self.assertFalse(report.passed)
                self.assertRegex(report.sentence("hub/ex1"), "^hub/ex1: .*: .*; (down|draining)$")
            for _, service, _, _ in kinds:
                await self.server.service(service).set(Mode.WELL)
        self.assertEqual(self.flushLoggedErrors(), [])

    async def command(self, *arguments: str) -> tuple[str, int]:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
        program = ["-c", "from exproxy.cli import main; main()", "probe", "--timeout", "60s", *arguments]
        output, errors, status = await getProcessOutputAndValue(sys.executable, program, environment)
        return (output + errors).decode(), status

    async def test_the_command_shows_the_dialogue_and_ends_with_0(self) -> None:
        output, status = await self.command("smtp", f"localhost:{self.port('smtp')}", "--tls", "starttls", "-o", "helo=lb")
        self.assertEqual(status, 0, output)
        for part in (">>> EHLO lb\n", ">>> STARTTLS\n", "--- TLSv1.3", "localhost: SMTP said", "certificate: "):
            self.assertIn(part, output)

    async def test_the_command_ends_with_1_when_the_server_is_not_well(self) -> None:
        output, status = await self.command("tcp", f"{HOST}:{free_port(HOST)}")
        self.assertEqual(status, 1, output)
        self.assertIn(f"{HOST}: connection refused", output)

    async def test_exchange_in_maintenance_is_the_same_sentence_in_probe_and_log(self) -> None:
        await self.server.service("smtp").set(Mode.MAINTENANCE)
        words = "SMTP said 421 4.3.2 Service not active: Exchange is in maintenance; draining"
        report = await self.check("smtp", self.port("smtp"), helo="lb")
        self.assertEqual(report.sentence("ex2"), f"ex2: {words}")
        hub = Backend("hub", rng=Random(1))
        for name in ("ex1", "ex2"):
            hub.add(Server(name, Host(name, HOST), HOST, 25, checks=[CheckSpec("smtp", 1, 3)]), 0.0)
            hub.servers[name].observe("smtp", CheckResult(passed=True), 1.0)
        transitions = [hub.servers["ex2"].observe("smtp", report.result(), 2.0) for _ in range(3)]
        assert transitions[2] is not None
        said = f"hub/ex2: {words}, in 3 checks in a row; 1 of 2 servers of hub left"
        self.assertEqual(hub.describe(transitions[2]), said)
        output, status = await self.command("smtp", f"localhost:{self.port('smtp')}")
        self.assertEqual(status, 1)
        self.assertRegex(output, rf"(?m)^localhost: {re.escape(words)} \(L7OKC, \d+\.\d+ s\)$")
