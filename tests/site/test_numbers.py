"""What one process counts; a master's numbers are tested with it (tests/process/test_master.py)."""

from exproxy.admin.sources import BEGINNING, Place, Some
from exproxy.site.numbers import OwnNumbers, WorkersNumbers
from tests.pool.support import get, heal
from tests.process.stage import MasterStage
from tests.site.stage import SiteStage


class OwnNumbersTests(SiteStage):
    def setUp(self) -> None:
        super().setUp()
        self.peer("192.0.2.1", greeting=b"220 one\r\n")
        self.start(self.configuration(self.server("one", "192.0.2.1", self.check())))
        admin = self.site._live and self.site._live.admin
        assert admin is not None
        assert isinstance(admin._numbers, OwnNumbers)
        self.numbers = admin._numbers
        self.one = self.numbers._pools.backends["hub"].pool.servers["one"]

    def test_sessions_are_counted_where_they_are(self) -> None:
        self.client()
        self.assertEqual((self.numbers.server(self.one).sessions, self.numbers.frontend("smtp").total), (1, 1))
        self.assertEqual(
            (self.numbers.backend("hub").queued, self.numbers.workers(), self.numbers.certificates(self.one)), (0, (), {})
        )
        (seen,) = self.successResultOf(self.numbers.sessions("hub/one", 5))
        self.assertEqual((seen.frontend, seen.servers), ("smtp", ("hub/one",)))

    def test_what_was_said_to_a_server_is_told(self) -> None:
        self.settle(2.0)
        (said,) = self.numbers.dialogues(self.one)
        self.assertEqual((said.kind, said.name, said.status), ("check", "tcp", "L4OK"))
        self.assertEqual(said.lines[0], "--- connected to 192.0.2.1:25")
        self.assertGreater(said.at, 0.0)

    def test_without_tls_there_are_no_certificates_of_ours(self) -> None:
        self.assertEqual(self.numbers.own_certificates("smtp"), [])

    def test_sessions_are_ended(self) -> None:
        client = self.client()
        self.assertEqual(self.successResultOf(self.numbers.end_sessions(self.one)), 1)
        self.settle()
        self.assertTrue(client.eof or client.lost)

    def test_all_sessions_are_told_one_slice_after_the_other(self) -> None:
        self.client()
        first = self.successResultOf(self.numbers.sessions_after(BEGINNING))
        self.assertEqual(([one.frontend for one in first.sessions], first.after), (["smtp"], (0, "smtp", 1)))
        self.assertEqual(self.successResultOf(self.numbers.sessions_after(first.after)), Some([], None))


class WorkersNumbersTests(MasterStage):
    def test_workers_are_told(self) -> None:
        self.begin()
        numbers = WorkersNumbers(self.master, None)  # type: ignore[arg-type]  # nobody asks for certificates
        self.assertEqual([(one.name, one.serving) for one in numbers.workers()], [("worker 1", True), ("worker 2", True)])
        one = self.side.servers["one"]
        self.assertEqual((numbers.server(one).sessions, numbers.backend("b").queued, numbers.frontend("a").total), (0, 0, 0))
        ended, found = numbers.end_sessions(one), numbers.sessions("", 5)
        self.settle()
        self.assertEqual((self.successResultOf(ended), self.successResultOf(found)), (0, []))

    def test_sessions_of_all_workers_are_told_one_worker_after_the_other(self) -> None:
        self.begin()
        for server in self.side.servers.values():
            heal(server, self.clock.seconds())
        self.settle()
        numbers = WorkersNumbers(self.master, None)  # type: ignore[arg-type]  # nobody asks for certificates
        get(self.processes[1].worker.backend)
        place: Place | None = BEGINNING
        told = []
        for _ in range(2):
            assert place is not None
            answer = numbers.sessions_after(place)
            self.settle()
            some = self.successResultOf(answer)
            told.append(len(some.sessions))
            place = some.after
        self.assertEqual((told, place), ([0, 1], (1, "a", 0)))

    def test_behind_the_last_worker_there_is_nobody(self) -> None:
        self.begin()
        numbers = WorkersNumbers(self.master, None)  # type: ignore[arg-type]  # nobody asks for certificates
        answer = numbers.sessions_after((1, "", 0))
        self.settle()
        self.assertEqual(self.successResultOf(answer), Some((), None))
