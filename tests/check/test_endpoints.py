"""The table of an endpoint mapper, read in memory and put in order."""

from typing import Any
from uuid import UUID

from twisted.internet.defer import ensureDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.check.endpoints import Endpoint, Table, arranged, look_up
from exproxy.check.report import Unwritten
from exproxy.simulator.endpoints import Mapper
from exproxy.simulator.rpc import RpcFactory
from exproxy.wire.dialogue.base import Status
from exproxy.wire.epm import HTTP, Tower, tower
from exproxy.wire.eptlookup import Entry
from exproxy.wire.interfaces import EMSMDB, EPM, NSPI
from exproxy.wire.rpc.syntax import Syntax
from tests.net.memory import MemoryNetwork, Peer
from tests.simulator.talking import Client

STRANGE = Syntax(UUID("7d3fdb9c-5c0f-4f0e-9a3c-6e78706f7879"), 1)
MDB = Entry(tower(EMSMDB.syntax, 6005, "10.0.0.15"), "Exchange RPC Client Access")


class ArrangedTests(SynchronousTestCase):
    def test_an_endpoint_is_told_in_words(self) -> None:
        expected = Endpoint("emsmdb", str(EMSMDB.uuid), "0.81", "ncacn_ip_tcp:10.0.0.15[6005]", "Exchange RPC Client Access", "")
        self.assertEqual(arranged([MDB]), (expected,))

    def test_an_interface_without_a_name_stands_behind_the_known_ones(self) -> None:
        strange = Entry(tower(STRANGE, 49152, "10.0.0.15"), object=UUID(int=7))
        known, unknown = arranged([strange, MDB])
        self.assertEqual((known.interface, unknown.interface, unknown.uuid), ("emsmdb", "", str(STRANGE.uuid)))
        self.assertEqual(unknown.object, str(UUID(int=7)))

    def test_one_interfaces_bindings_stand_together(self) -> None:
        web = Entry(tower(EMSMDB.syntax, 6001, "10.0.0.15", protocol=HTTP))
        told = arranged([MDB, Entry(tower(NSPI.syntax, 6006)), web])
        self.assertEqual([each.interface for each in told], ["emsmdb", "emsmdb", "nspi"])

    def test_what_is_told_twice_stands_there_once(self) -> None:
        self.assertEqual(len(arranged([MDB, MDB])), 1)

    def test_an_entry_that_names_nothing_is_still_told(self) -> None:
        nothing, empty = arranged([Entry(None, "here"), Entry(Tower(()), "there")])
        self.assertEqual((nothing.uuid, nothing.version, nothing.binding), ("", "", "no endpoint"))
        self.assertEqual({nothing.annotation, empty.annotation}, {"here", "there"})

    def test_an_annotation_is_printable_whatever_it_says(self) -> None:
        self.assertEqual(arranged([Entry(None, "\x1b[31mred")])[0].annotation, "\\x1b[31mred")


class LookUpTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock: Any = Clock()
        self.network = MemoryNetwork(self.clock)

    def ask(self) -> Table:
        running = ensureDeferred(look_up(self.clock, "192.0.2.1", 135, timeout=5.0, transcript=Unwritten(), network=self.network))
        self.clock.pump([0.0] + [0.5] * 15)
        return self.successResultOf(running)

    def test_the_whole_table_is_read(self) -> None:
        mapper = Mapper("10.0.0.15", {EMSMDB.syntax: lambda: 6005})
        client = Client(RpcFactory({EPM.syntax: mapper}))
        self.network.listen(("192.0.2.1", 135), Peer(b"", lambda data: client.say(data) or None)).resume()
        table = self.ask()
        self.assertEqual(table.report.outcome.status, Status.L7OKD)
        bindings = [each.binding for each in table.endpoints]
        self.assertEqual(bindings, ["ncacn_http:10.0.0.15[6001]", "ncacn_ip_tcp:10.0.0.15[6005]"])

    def test_a_mapper_that_is_silent_ends_with_the_timeout(self) -> None:
        self.network.listen(("192.0.2.1", 135), Peer(b"", lambda data: None)).resume()
        table = self.ask()
        self.assertEqual((table.report.outcome.status, table.endpoints), (Status.L7TOUT, ()))

    def test_nobody_there_is_told(self) -> None:
        self.assertEqual(self.ask().report.outcome.text, "connection refused at 192.0.2.1:135")
