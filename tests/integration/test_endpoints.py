"""The endpoint table of a real mapper, Samba's, beside what impacket reads of it; and of the simulated site."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from impacket.dcerpc.v5 import epm, transport
from impacket.dcerpc.v5.dtypes import NULL
from impacket.uuid import bin_to_string
from twisted.internet import reactor
from twisted.internet.threads import deferToThread
from twisted.internet.utils import getProcessOutputAndValue
from twisted.trial.unittest import TestCase

from exproxy.simulator.layout import Layout
from exproxy.simulator.site import Simulator
from tests.integration.peers import needs, samba

ROOT = Path(__file__).resolve().parents[2]
MAPPER = "127.0.0.35"
"""Nobody else's: a mapper's port is always 135."""
SITE = "127.0.0.1"


def impackets_table(host: str, port: int) -> set[tuple[str, str, str]]:
    """UUID, binding and annotation of each entry, as impacket's rpcdump has them."""
    calls = transport.DCERPCTransportFactory(f"ncacn_ip_tcp:{host}[{port}]").get_dce_rpc()
    calls.connect()
    calls.bind(epm.MSRPC_UUID_PORTMAP)
    question = epm.ept_lookup()
    question["inquiry_type"], question["object"], question["Ifid"] = epm.RPC_C_EP_ALL_ELTS, NULL, NULL
    question["vers_option"], question["max_ents"] = epm.RPC_C_VERS_ALL, 500
    # The last entries come with a status that impacket takes for a failure.
    answer = calls.request(question, checkError=False)
    calls.disconnect()
    table = set()
    for entry in answer["entries"]:
        floors = epm.EPMTower(b"".join(entry["tower"]["tower_octet_string"]))["Floors"]
        annotation = b"".join(entry["annotation"]).rstrip(b"\0").decode()
        table.add((bin_to_string(floors[0]["InterfaceUUID"]).lower(), epm.PrintStringBinding(floors), annotation))
    return table


class EndpointsTests(TestCase):
    timeout = 600

    async def command(self, *arguments: str) -> tuple[str, int]:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
        program = ["-c", "from exproxy.cli import main; main()", "probe", *arguments]
        output, errors, status = await getProcessOutputAndValue(sys.executable, program, environment)
        return (output + errors).decode(), status

    async def assert_as_impacket(self, host: str, port: int) -> list[dict[str, Any]]:
        expected: set[tuple[str, str, str]] = set()
        before = None
        while before != expected:  # a mapper that has just started may be told of more between two questions
            before = await deferToThread(impackets_table, host, port)
            output, status = await self.command("epm", f"{host}:{port}", "--timeout", "1m", "--json")
            self.assertEqual(status, 0, output)
            expected = await deferToThread(impackets_table, host, port)
        told: list[dict[str, Any]] = json.loads(output)["endpoints"]
        self.assertEqual({(each["uuid"], each["binding"], each["annotation"]) for each in told}, expected)
        return told

    async def test_sambas_table_is_what_impacket_reads(self) -> None:
        needs.require(*samba.NEEDS)
        mapper = samba.EndpointMapper("mapper", MAPPER, samba.MAPPER_PORT, {"emsmdb": 16011, "nspi": 16012})
        self.addCleanup(mapper.close)
        mapper.start()
        told = await self.assert_as_impacket(MAPPER, samba.MAPPER_PORT)
        protocols = {each["binding"].partition(":")[0] for each in told}
        self.assertEqual(protocols, {"ncacn_ip_tcp", "ncacn_np", "ncacn_http", "ncalrpc"})
        output, status = await self.command("epm", MAPPER, "--timeout", "1m")
        self.assertEqual(status, 0, output)
        self.assertIn(f"emsmdb a4f1db00-ca47-1067-b31f-00dd010662da v0.81\n    ncacn_ip_tcp:{MAPPER}[16011]", output)

    async def test_the_simulated_sites_table_is_what_impacket_reads(self) -> None:
        site = Simulator(reactor, Layout({"ex1": SITE}, control=(SITE, 0)))
        self.addCleanup(site.stop)
        await site.start()
        server = site.server("ex1")
        told = await self.assert_as_impacket(SITE, server.service("epm").port)
        named = {(each["interface"], each["version"]): each["annotation"] for each in told}
        self.assertEqual(
            named,
            {
                ("emsmdb", "0.81"): "Exchange RPC Client Access",
                ("asyncemsmdb", "0.1"): "Exchange RPC Client Access",
                ("nspi", "56.0"): "Exchange NSPI",
                ("rfri", "1.0"): "Exchange RFR",
            },
        )
        bindings = {each["binding"] for each in told if each["interface"] == "nspi"}
        self.assertEqual(bindings, {f"ncacn_ip_tcp:{SITE}[{server.service('rpc-ab').port}]", f"ncacn_http:{SITE}[6004]"})

    async def test_who_is_no_mapper_is_told(self) -> None:
        site = Simulator(reactor, Layout({"ex1": SITE}, control=(SITE, 0)))
        self.addCleanup(site.stop)
        await site.start()
        output, status = await self.command("epm", f"{SITE}:{site.server('ex1').service('smtp').port}")
        self.assertEqual(status, 1, output)
        self.assertIn("this is no DCE/RPC", output)
