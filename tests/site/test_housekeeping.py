"""Time passes for pools."""

from random import Random

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.config import model
from exproxy.site.housekeeping import EVERY, Housekeeping
from exproxy.site.pools import Pools
from exproxy.site.tls import TLSContexts


class HousekeepingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        pools = Pools(
            model.Configuration(files=(), tables={"cas": model.Table("cas", expire=5.0)}),
            0.0,
            Random(1),
            TLSContexts({}, 0.0),
            b"secret",
        )
        self.table = pools.groups["cas"].table
        self.swept: list[float] = []
        self.housekeeping = Housekeeping(self.clock, pools, TLSContexts({}, 0.0), self.swept.append)
        self.housekeeping.start()

    def test_tables_forget(self) -> None:
        self.table.insert(b"key", "ex1", 0.0)
        self.clock.pump([EVERY] * 4)
        self.assertEqual(len(self.table), 1)
        self.clock.pump([EVERY] * 2)
        self.assertEqual(len(self.table), 0)

    def test_what_is_no_more_is_swept_out_each_time(self) -> None:
        self.clock.pump([EVERY] * 2)
        self.assertEqual(self.swept, [EVERY, 2 * EVERY])

    def test_stopped_it_leaves_nothing_behind(self) -> None:
        self.housekeeping.stop()
        self.housekeeping.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])
