"""A worker's site; the rest is tested with real processes (tests/integration/test_workers.py)."""

from exproxy.site.tls import TLSContexts
from exproxy.site.worker import WorkerSite
from tests.site.stage import SiteStage


class WorkerSiteTests(SiteStage):
    def setUp(self) -> None:
        super().setUp()
        self.reactor.running = True
        self.stopped = 0
        self.reactor.stop = self.note_stop
        configuration = self.configuration(self.server("one", "192.0.2.1"))
        self.worker = WorkerSite(self.reactor, self.network, configuration, TLSContexts({}, 0.0), b"secret")
        self.network.inherited[7] = ("192.0.2.9", 25)
        self.worker.listen("192.0.2.9", 25, 7)

    def note_stop(self) -> None:
        self.stopped += 1

    def test_it_serves_when_it_is_allowed_to(self) -> None:
        self.peer("192.0.2.1", greeting=b"220 one\r\n")
        self.worker.begin()
        self.assertEqual(self.client().data, b"")
        self.worker.link.follower.quotas({"service": 5})
        self.settle()
        self.assertEqual(self.client().data, b"220 one\r\n")

    def test_drained_it_ends_when_its_last_session_has(self) -> None:
        self.peer("192.0.2.1", greeting=b"220 one\r\n")
        self.worker.begin()
        self.worker.link.follower.quotas({"service": 5})
        self.client()
        self.worker.drain()
        self.settle()
        self.assertEqual(self.stopped, 0)
        self.worker.hurry()
        self.settle()
        self.assertEqual(self.stopped, 1)

    def test_it_ends_once_however_often_it_is_told(self) -> None:
        self.peer("192.0.2.1", greeting=b"220 one\r\n")
        self.worker.begin()
        self.worker.link.follower.quotas({"service": 5})
        self.client()
        self.worker.drain()
        self.worker.drain()
        self.worker.hurry()
        self.settle()
        self.worker.lost()
        self.assertEqual(self.stopped, 1)

    def test_without_a_master_it_ends(self) -> None:
        self.worker.lost()
        self.assertEqual(self.stopped, 1)
