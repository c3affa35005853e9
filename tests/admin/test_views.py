from attrs import exceptions
from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin.views import WorkerView


class ViewTests(SynchronousTestCase):
    def test_what_is_seen_cannot_be_changed(self) -> None:
        with self.assertRaises(exceptions.FrozenInstanceError):
            WorkerView("worker 1", 7, True).serving = False  # type: ignore[misc]  # that is the point
