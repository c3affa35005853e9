from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin.plain import plain
from exproxy.admin.views import HostView, WorkerView
from exproxy.pool import Admin


class PlainTests(SynchronousTestCase):
    def test_views_become_tables_and_states_their_words(self) -> None:
        view = HostView("ex1", "10.0.0.1", Admin.DRAIN, 3, ("smtp/ex1",))
        expected = {"name": "ex1", "address": "10.0.0.1", "admin": "drain", "sessions": 3, "servers": ["smtp/ex1"]}
        self.assertEqual(plain((view,)), [expected])

    def test_nobody_needs_nanoseconds_and_what_is_not_known_stays_so(self) -> None:
        self.assertEqual(
            plain([1.23456, None, WorkerView("a", None, True)]), [1.235, None, {"name": "a", "pid": None, "serving": True}]
        )
