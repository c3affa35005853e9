"""A worker's site; the rest is tested with real processes (tests/integration/test_workers.py)."""

import os
import pickle
import tempfile

import attrs
from twisted.internet.testing import StringTransport

from exproxy.config import model
from exproxy.process.messages import CannotChangeError
from exproxy.site.tls import TLSContexts
from exproxy.site.worker import WorkerSite
from tests.net.memory import Recorder
from tests.site.stage import SiteStage


class WorkerStage(SiteStage):
    def setUp(self) -> None:
        super().setUp()
        self.reactor.running = True
        self.stopped = 0
        self.reactor.stop = self.note_stop
        configuration = self.configuration(self.server("one", "192.0.2.1"))
        self.worker = WorkerSite(self.reactor, self.network, configuration, TLSContexts({}, 0.0), b"secret")
        self.worker.link.makeConnection(StringTransport())
        self.network.inherited[7] = ("192.0.2.9", 25)
        self.worker.listen("192.0.2.9", 25, 7)

    def note_stop(self) -> None:
        self.stopped += 1


class WorkerSiteTests(WorkerStage):
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


class ReloadTests(WorkerStage):
    """Another configuration, in the two steps of all workers."""

    def setUp(self) -> None:
        super().setUp()
        self.peer("192.0.2.1", greeting=b"220 one\r\n")
        self.peer("192.0.2.2", greeting=b"220 two\r\n")
        self.worker.begin()
        self.worker.link.follower.quotas({"service": 5})

    def prepare(self, configuration: model.Configuration) -> None:
        with tempfile.TemporaryFile() as file:
            pickle.dump((configuration, b"secret"), file)
            file.flush()
            self.worker.prepare(os.dup(file.fileno()))

    def other(self) -> model.Configuration:
        """Another server, and one more address."""
        configuration = self.configuration(self.server("two", "192.0.2.2"))
        binds = tuple(model.Bind("192.0.2.9", port, port) for port in (25, 587))
        return attrs.evolve(configuration, frontends={"smtp": attrs.evolve(configuration.frontends["smtp"], binds=binds)})

    def give(self) -> None:
        self.network.inherited[8] = ("192.0.2.9", 587)
        self.worker.listen("192.0.2.9", 587, 8)

    def test_prepared_it_serves_as_before_and_committed_as_was_said(self) -> None:
        self.give()
        first = self.client()
        self.prepare(self.other())
        self.assertEqual(self.client().data, b"220 one\r\n")
        self.worker.commit()
        self.assertEqual(self.client().data, b"220 two\r\n")
        self.assertFalse(self.network.ports["192.0.2.9", 587].paused)
        self.assertFalse(first.lost)

    def test_who_waits_in_the_backlog_of_what_goes_is_served_by_what_was(self) -> None:
        self.prepare(attrs.evolve(self.configuration(self.server("two", "192.0.2.2")), frontends={}))
        client = Recorder()
        self.network.knock(("192.0.2.9", 25), client)
        self.worker.commit()
        self.assertEqual(self.network.ports.get(("192.0.2.9", 25)), None)
        self.settle()
        self.assertEqual(client.data, b"220 one\r\n")
        self.assertEqual(self.worker._frontend_counts()["smtp"].sessions, 1)

    def test_a_front_end_that_goes_with_its_last_session_is_told_to_have_none(self) -> None:
        client = self.client()
        self.prepare(attrs.evolve(self.other(), frontends={}))
        self.worker.commit()
        self.assertEqual(self.worker._frontend_counts()["smtp"].sessions, 1)
        assert client.stream is not None
        client.stream.abort()
        self.settle(2.0)
        serving = self.worker._serving
        assert serving is not None
        self.assertEqual(serving.fronts.frontends, {})
        self.assertEqual(self.worker._frontend_counts()["smtp"].sessions, 0)

    def test_the_masters_quotas_hold_on(self) -> None:
        self.give()
        self.prepare(self.other())
        self.worker.commit()
        serving = self.worker._serving
        assert serving is not None
        self.assertEqual(serving.gate.maxconn, 5)

    def test_what_it_was_not_given_it_cannot_have(self) -> None:
        error = self.assertRaises(CannotChangeError, self.prepare, self.other())
        self.assertIn("cannot listen on 192.0.2.9:587", str(error))
        self.worker.abandon()
        self.worker.commit()
        self.assertEqual(self.client().data, b"220 one\r\n")

    def test_abandoned_nothing_is_held(self) -> None:
        self.give()
        self.prepare(self.other())
        self.worker.abandon()
        self.assertNotIn(("192.0.2.9", 587), self.network.ports)
        self.assertEqual(self.client().data, b"220 one\r\n")

    def test_one_that_does_not_serve_yet_has_to_be_asked_again(self) -> None:
        idle = WorkerSite(self.reactor, self.network, self.other(), TLSContexts({}, 0.0), b"secret")
        self.worker = idle
        self.assertIn("does not serve", str(self.assertRaises(CannotChangeError, self.prepare, self.other())))
