from types import SimpleNamespace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from exproxy.proxy.odometer import Odometer


class OdometerTests(SynchronousTestCase):
    def test_it_tells_what_came_since_the_last_time(self) -> None:
        stream: Any = SimpleNamespace(sent=5, received=7)
        odometer = Odometer()
        self.assertEqual(odometer.since(stream), (5, 7))
        self.assertEqual(odometer.since(stream), (0, 0))
        stream.sent, stream.received = 6, 70
        self.assertEqual(odometer.since(stream), (1, 63))
