"""When the state is written: soon after a change by hand, seldom for the rest, never in the way of anybody."""

from pathlib import Path
from random import Random
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred

from exproxy import pool
from exproxy.config import model
from exproxy.pool.kept import Configured
from exproxy.process import statefile
from exproxy.site.pools import Pools
from exproxy.site.statewriter import HEALTH, ROUND, Aim, StateWriter
from exproxy.site.tls import TLSContexts
from tests.site.stage import SiteStage

SECRET = b"of thirty-two octets or of fewer"


class StateWriterTests(SiteStage):
    def setUp(self) -> None:
        super().setUp()
        folder = Path(self.mktemp())
        folder.mkdir()
        self.path = folder / "state.json"
        configuration = self.configuration(self.server("one", "192.0.2.1", self.check()))
        configuration.tables["cas"] = model.Table("cas")
        tls = TLSContexts({}, self.reactor.seconds())
        self.pools = Pools(configuration, self.reactor.seconds(), Random(1), tls, b"")
        self.one = self.pools.backends["hub"].pool.servers["one"]
        self.aim = Aim(self.path, self.pools, {"hub/one": Configured(1, "")})
        self.held: list[tuple[Any, Deferred[None]]] = []
        self.hold = False
        self.writes = 0
        self.writer = StateWriter(self.reactor, self.aim, SECRET, lambda: 5000.0, self.in_thread)

    def in_thread(self, call: Any) -> "Deferred[None]":
        self.writes += 1
        if not self.hold:
            return maybeDeferred(call)
        waiting: Deferred[None] = Deferred()
        self.held.append((call, waiting))
        return waiting

    def let_go(self) -> None:
        call, waiting = self.held.pop(0)
        call()
        waiting.callback(None)

    def state(self) -> statefile.State:
        found = statefile.read(self.path)
        assert found is not None
        return found

    def begin(self) -> None:
        self.writer.start()
        self.settle(1.0)

    def test_it_is_there_soon_after_the_start(self) -> None:
        self.begin()
        self.assertEqual((self.writes, self.state().secret), (1, SECRET))

    def test_what_is_set_by_hand_is_there_within_a_second(self) -> None:
        self.begin()
        self.one.set_admin(pool.Admin.MAINT, 1001.0)
        self.settle(0.9)
        self.assertEqual(self.state().kept.by_hand.servers, {"hub/one": pool.Admin.MAINT})

    def test_another_process_that_writes_the_same_file_is_told_of_once(self) -> None:
        heard = self.hear()
        self.begin()
        for state in (pool.Admin.MAINT, pool.Admin.READY, pool.Admin.DRAIN):
            statefile.write(self.path, ["the other's"])
            self.one.set_admin(state, 1001.0)
            self.settle(0.9)
        (line,) = [line for line in heard if "service.state" in line]
        self.assertTrue(line.startswith(f"service.state: another process writes {self.path} too, and each loses"), line)

    def test_a_file_that_was_taken_away_is_made_again_without_a_word(self) -> None:
        heard = self.hear()
        self.begin()
        self.path.unlink()
        self.one.set_admin(pool.Admin.MAINT, 1001.0)
        self.settle(0.9)
        self.assertEqual(self.state().kept.by_hand.servers, {"hub/one": pool.Admin.MAINT})
        self.assertEqual([line for line in heard if "service.state" in line], [])

    def test_while_nothing_changes_nothing_is_written(self) -> None:
        self.begin()
        self.settle(ROUND - 5)
        self.assertEqual(self.writes, 1)

    def test_tables_are_written_now_and_then(self) -> None:
        self.begin()
        self.pools.groups["cas"].table.insert(b"\1", "192.0.2.1", self.reactor.seconds())
        self.settle(ROUND + 2)
        self.assertEqual(len(self.state().tables["cas"].entries), 1)
        self.assertEqual(self.writes, 2)

    def test_a_change_by_hand_does_not_look_at_tables_again(self) -> None:
        self.pools.groups["cas"].table.insert(b"\1", "192.0.2.1", self.reactor.seconds())
        self.begin()
        self.pools.groups["cas"].table.insert(b"\2", "192.0.2.1", self.reactor.seconds())
        self.one.set_weight(3, 1002.0)
        self.settle(1.0)
        self.assertEqual((len(self.state().tables["cas"].entries), len(self.state().kept.by_hand.weights)), (1, 1))

    def test_a_server_that_comes_and_goes_keeps_no_disk_busy(self) -> None:
        self.begin()
        for number in range(20):
            self.one.observe("tcp", pool.CheckResult(passed=False), 1000.0)
            self.one.observe("tcp", pool.CheckResult(passed=False), 1000.0)
            self.one.observe("tcp", pool.CheckResult(passed=bool(number % 2)), 1000.0)
            self.one.observe("tcp", pool.CheckResult(passed=bool(number % 2)), 1000.0)
            self.settle(0.5)
        self.assertLessEqual(self.writes, 1 + 10 / HEALTH + 1)

    def test_entries_are_looked_at_a_slice_at_a_time(self) -> None:
        table = self.pools.groups["cas"].table
        for number in range(5 * statefile.A_SLICE):
            table.insert(number.to_bytes(4, "big"), "192.0.2.1", self.reactor.seconds())
        slices = 0
        whole = statefile.json.dumps

        def dumps(value: Any, **more: Any) -> str:
            nonlocal slices
            slices += isinstance(value, list)
            return whole(value, **more)

        self.patch(statefile.json, "dumps", dumps)
        self.writer.start()
        self.assertEqual(slices, 1)
        self.settle(1.0)
        self.assertEqual((slices, len(self.state().tables["cas"].entries)), (5, 5 * statefile.A_SLICE))

    def test_what_changes_while_the_disk_is_slow_is_written_next(self) -> None:
        self.hold = True
        self.begin()
        self.one.set_admin(pool.Admin.MAINT, 1001.0)
        self.settle(10.0)
        self.assertEqual(self.writes, 1)
        self.let_go()
        self.settle(1.0)
        self.let_go()
        self.assertEqual(self.state().kept.by_hand.servers, {"hub/one": pool.Admin.MAINT})

    def test_a_file_that_cannot_be_written_is_told_once_and_when_it_can_be_again(self) -> None:
        folder = self.path.parent
        folder.rename(folder.with_name("away"))
        heard = self.hear()
        self.begin()
        self.settle(60.0)
        words = f"service.state: {self.path} cannot be written (No such file or directory): "
        words += "a restart loses what has been set by hand since"
        self.assertEqual(heard, [words])
        self.assertLess(self.writes, 20)
        folder.with_name("away").rename(folder)
        self.settle(HEALTH + 1)
        self.assertEqual(heard[1:], [f"service.state: {self.path} can be written again"])

    def test_at_the_end_all_is_written_once_more_and_never_again(self) -> None:
        self.begin()
        self.pools.groups["cas"].table.insert(b"\1", "192.0.2.1", self.reactor.seconds())
        ended = self.writer.stop()
        self.assertIs(self.writer.stop(), ended)
        self.settle()
        self.assertIsNone(self.successResultOf(ended))
        self.assertEqual((len(self.state().tables["cas"].entries), self.writes), (1, 2))
        self.one.set_admin(pool.Admin.MAINT, 1001.0)
        self.settle(ROUND * 2)
        self.assertEqual((self.writes, self.reactor.getDelayedCalls()), (2, []))

    def test_the_end_waits_for_a_file_that_is_being_written(self) -> None:
        self.hold = True
        self.begin()
        ended = self.writer.stop()
        self.settle()
        self.assertNoResult(ended)
        self.let_go()
        self.assertNoResult(ended)
        self.let_go()
        self.assertIsNone(self.successResultOf(ended))

    def test_the_end_comes_also_where_nothing_can_be_written(self) -> None:
        self.begin()
        self.writer.aim = Aim(self.path.parent / "gone" / "state.json", self.pools, {})
        ended = self.writer.stop()
        self.settle()
        self.assertIsNone(self.successResultOf(ended))
