"""The program that a master starts; what it does is tested in tests/integration/test_workers.py."""

import io
import sys

from twisted.trial.unittest import SynchronousTestCase

from exproxy import worker


class ObserverTests(SynchronousTestCase):
    def test_an_event_is_a_line_for_the_master_s_log(self) -> None:
        stream = io.StringIO()
        self.patch(sys, "stderr", stream)
        worker.observe({"log_format": "draining: {count} sessions", "count": 3, "log_time": 1.0})
        self.assertEqual(stream.getvalue(), "draining: 3 sessions\n")
