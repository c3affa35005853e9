"""``exproxy probe epm HOST``, without a network: what is printed, and the exit status."""

import json
from typing import Any

import click
from click.testing import CliRunner
from twisted.internet.defer import ensureDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.cli import main
from exproxy.cli.endpoints import Listing, run
from exproxy.simulator.endpoints import Mapper
from exproxy.simulator.rpc import RpcFactory
from exproxy.wire.interfaces import EMSMDB, EPM, NSPI
from tests.net.memory import MemoryNetwork, Peer
from tests.simulator.talking import Client

NOBODY = "nothing listens there, so the service may be stopped"
HOST = "192.0.2.1"


class EndpointsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock: Any = Clock()
        self.network = MemoryNetwork(self.clock)
        self.printed: list[str] = []
        self.patch(click, "secho", lambda line, fg=None, nl=True: self.printed.append(line))

    def serve(self) -> None:
        mapper = Mapper("10.0.0.15", {NSPI.syntax: lambda: 6006, EMSMDB.syntax: lambda: 6005})
        client = Client(RpcFactory({EPM.syntax: mapper}))
        self.network.listen((HOST, 135), Peer(b"", client.say)).resume()

    def ask(self, host: str = HOST, as_json: bool = False) -> int:
        asked = Listing(host, 135, 5.0, as_json)
        running = ensureDeferred(run(self.clock, asked, self.network))
        self.clock.pump([0.0] + [0.5] * 15)
        failures: list[int] = []
        running.addErrback(lambda failure: failures.append(failure.trap(SystemExit) and failure.value.code))
        self.successResultOf(running)
        return failures[0] if failures else 0

    def test_the_table_is_printed_by_interface(self) -> None:
        self.serve()
        self.assertEqual(self.ask(), 0)
        self.assertEqual(
            self.printed[:-1],
            [
                "emsmdb a4f1db00-ca47-1067-b31f-00dd010662da v0.81",
                '    ncacn_http:10.0.0.15[6001]  "Exchange RPC Client Access"',
                '    ncacn_ip_tcp:10.0.0.15[6005]  "Exchange RPC Client Access"',
                "nspi f5cc5a18-4264-101a-8c59-08002b2f8426 v56.0",
                '    ncacn_http:10.0.0.15[6004]  "Exchange NSPI"',
                '    ncacn_ip_tcp:10.0.0.15[6006]  "Exchange NSPI"',
            ],
        )
        self.assertIn("the endpoint mapper told its 4 endpoints; up (L7OKD, 0.", self.printed[-1])

    def test_programs_get_json(self) -> None:
        self.serve()
        self.assertEqual(self.ask(as_json=True), 0)
        told = json.loads("\n".join(self.printed))
        self.assertEqual(
            told["endpoints"][1],
            {
                "interface": "emsmdb",
                "uuid": "a4f1db00-ca47-1067-b31f-00dd010662da",
                "version": "0.81",
                "binding": "ncacn_ip_tcp:10.0.0.15[6005]",
                "annotation": "Exchange RPC Client Access",
                "object": "",
            },
        )

    def test_nobody_there_ends_with_status_1(self) -> None:
        self.assertEqual(self.ask(), 1)
        self.assertEqual(self.printed, [f"{HOST}: connection refused at {HOST}:135: {NOBODY}; down (L4CON, 0.000 s)"])

    def test_programs_are_told_why_not(self) -> None:
        self.assertEqual(self.ask(as_json=True), 1)
        told = json.loads("\n".join(self.printed))
        self.assertEqual(told, {"error": f"connection refused at {HOST}:135: {NOBODY}", "endpoints": []})

    def test_another_protocol_is_shown_with_what_was_said(self) -> None:
        self.network.listen((HOST, 135), Peer(b"220 mail.example.com ESMTP\r\n")).resume()
        self.assertEqual(self.ask(), 1)
        self.assertIn("<<< 220 mail.example.com ESMTP", self.printed)
        self.assertIn("version 50 is not 5: this is no DCE/RPC", self.printed[-1])

    def test_a_name_that_is_none_ends_with_status_1(self) -> None:
        class Nobody:
            def resolveHostName(self, receiver: Any, name: str) -> None:
                receiver.resolutionComplete()

        self.clock.nameResolver = Nobody()
        for as_json in (False, True):
            self.assertEqual(self.ask("ex1", as_json), 1)
            self.assertIn("ex1 has no address, or no name server answers", "\n".join(self.printed))


class UsageTests(SynchronousTestCase):
    def test_json_is_only_for_the_table(self) -> None:
        for words in (["smtp", "mail"], ["rpch", "mail", "--tls", "off"], ["epm", "mail", "-o", "interface=nspi"]):
            result = CliRunner().invoke(main, ["probe", *words, "--json"])
            self.assertEqual(result.exit_code, 2, result.output)
            self.assertIn("--json is for the table of exproxy probe epm HOST", result.output)

    def test_an_address_that_is_none(self) -> None:
        result = CliRunner().invoke(main, ["probe", "epm", "a b"])
        self.assertEqual(result.exit_code, 2, result.output)
        self.assertIn("not an address", result.output)
