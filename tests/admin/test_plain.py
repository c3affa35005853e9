from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin.pieces import at_once
from exproxy.admin.plain import plain, plain_by_pieces
from exproxy.admin.views import HostView, WorkerView
from exproxy.pool import Admin
from tests.admin.stage import AdminStage


class PlainTests(SynchronousTestCase):
    def test_views_become_tables_and_states_their_words(self) -> None:
        view = HostView("ex1", "10.0.0.1", Admin.DRAIN, 3, ("smtp/ex1",))
        expected = {"name": "ex1", "address": "10.0.0.1", "admin": "drain", "sessions": 3, "servers": ["smtp/ex1"]}
        self.assertEqual(plain((view,)), [expected])

    def test_nobody_needs_nanoseconds_and_what_is_not_known_stays_so(self) -> None:
        self.assertEqual(
            plain([1.23456, None, WorkerView("a", None, True)]), [1.235, None, {"name": "a", "pid": None, "serving": True}]
        )


class SnapshotTests(AdminStage):
    def test_by_pieces_it_is_the_same_and_each_server_is_one(self) -> None:
        self.sources.working = [WorkerView("a", 7, True)]
        snapshot = self.overview.snapshot()
        for levels in (0, 1, 2, 3):
            self.assertEqual(at_once(plain_by_pieces(snapshot, levels)), plain(snapshot))
        servers = sum(len(backend.servers) for backend in snapshot.backends)
        self.assertGreaterEqual(sum(1 for _ in plain_by_pieces(snapshot, 2)), servers)
