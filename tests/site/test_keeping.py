"""What the last process has left is taken over, or told."""

import json
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred

from exproxy import pool
from exproxy.config import model
from exproxy.site.keeping import Keeping
from exproxy.site.pools import Pools
from exproxy.site.tls import TLSContexts
from tests.site.stage import SiteStage

WALL = 1_700_000_000.0


MINE = b"of thirty-two octets or of fewer"


class KeepingTests(SiteStage):
    """A hub with two servers and a table; :meth:`restart` is the next process."""

    def setUp(self) -> None:
        super().setUp()
        folder = Path(self.mktemp())
        folder.mkdir()
        self.path = folder / "state.json"
        self.wall = WALL

    def configured(self, *servers: model.Server, **tables: model.Table) -> model.Configuration:
        made = self.configuration(*servers or (self.server("one", "192.0.2.1"), self.server("two", "192.0.2.2")), state=self.path)
        tables = tables or {"cas": model.Table("cas")}
        made.tables.update(tables)
        made.hosts.update({name: model.Host(name, name) for name in {server.host for server in servers}})
        return made

    def restart(self, configuration: model.Configuration | None = None) -> Keeping:
        configuration = configuration or self.configured()
        self.keeping = Keeping(self.reactor, configuration.service.state, MINE, lambda: self.wall, self.at_once)
        tls = TLSContexts({}, self.reactor.seconds())
        self.pools = Pools(configuration, self.reactor.seconds(), self.site._rng, tls, self.keeping.secret)
        self.keeping.restore(configuration, self.pools)
        self.keeping.start()
        return self.keeping

    def at_once(self, call: Any) -> "Deferred[None]":
        return maybeDeferred(call)

    def end(self) -> None:
        ended = self.keeping.stop()
        self.settle()
        self.assertIsNone(self.successResultOf(ended))

    @property
    def table(self) -> pool.Table:
        return self.pools.groups["cas"].table

    def test_without_a_path_nothing_is_kept_and_nothing_runs(self) -> None:
        configuration = self.configuration(self.server("one", "192.0.2.1"))
        self.restart(configuration)
        self.assertEqual((self.reactor.getDelayedCalls(), self.keeping.secret), ([], MINE))
        self.assertIsNone(self.successResultOf(self.keeping.stop()))

    def test_without_a_file_all_begins_anew(self) -> None:
        heard = self.hear()
        self.restart()
        self.assertEqual((self.keeping.secret, heard), (MINE, []))

    def test_what_was_set_by_hand_is_so_in_the_next_process(self) -> None:
        self.restart()
        self.pools.hosts["192.0.2.1"].set_admin(pool.Admin.DRAIN, 1001.0, "anna")
        self.end()
        self.restart()
        self.assertIs(self.pools.backends["hub"].pool.servers["one"].admin, pool.Admin.DRAIN)

    def test_who_chose_a_server_keeps_it_as_long_as_was_left(self) -> None:
        self.restart()
        self.table.insert(b"\1", "192.0.2.1", self.reactor.seconds() - 3000.0)
        self.table.insert(b"\2", "192.0.2.2", self.reactor.seconds())
        self.end()
        self.wall += 500.0
        self.restart()
        entry = self.table.peek(b"\1")
        assert entry is not None
        self.assertAlmostEqual(self.reactor.seconds() - entry.used, 3500.0)
        self.end()
        self.wall += 200.0
        self.restart()
        self.assertEqual([key for key, _, _ in self.table.entries()], [b"\2"])

    def test_a_clock_that_was_set_back_makes_nothing_younger_or_older(self) -> None:
        self.restart()
        self.table.insert(b"\1", "192.0.2.1", self.reactor.seconds() - 10.0)
        self.end()
        self.wall -= 1e9
        self.restart()
        entry = self.table.peek(b"\1")
        assert entry is not None
        self.assertAlmostEqual(self.reactor.seconds() - entry.used, 10.0)

    def test_the_secret_is_that_of_the_last_process(self) -> None:
        self.restart()
        self.end()
        self.assertEqual(Keeping(self.reactor, self.path, b"other", lambda: self.wall, self.at_once).secret, MINE)

    def test_what_is_not_configured_any_more_is_told_and_left_out(self) -> None:
        self.restart(self.configured(cas=model.Table("cas")))
        self.table.insert(b"\1", "192.0.2.1", self.reactor.seconds())
        self.pools.hosts["192.0.2.2"].set_admin(pool.Admin.MAINT, 1001.0)
        self.end()
        heard = self.hear()
        self.restart(self.configured(self.server("one", "192.0.2.1"), cas=model.Table("cas", "user")))
        self.assertEqual(
            heard,
            [
                "service.state: not taken over: maint of host 192.0.2.2, which is not configured any more",
                "service.state: not taken over: 1 entries of table cas (source), which is not configured any more",
            ],
        )

    def test_a_file_that_cannot_be_used_is_told_put_aside_and_never_fatal(self) -> None:
        self.path.write_text('{"exproxy-state": 99}')
        heard = self.hear()
        self.restart()
        (told,) = heard
        self.assertEqual(
            told,
            f"service.state: {self.path} is ignored: its format is 99, and this version of exproxy knows 1; "
            f"it is kept as {self.path}.broken",
        )
        self.settle(2.0)
        self.assertEqual(json.loads(self.path.read_text())["exproxy-state"], 1)

    def test_a_file_that_cannot_even_be_put_aside_is_no_reason_not_to_start(self) -> None:
        self.path.write_text("x")
        heard = self.hear()
        keeping = Keeping(self.reactor, self.path, MINE, lambda: self.wall, self.at_once)
        self.path.unlink()
        keeping.start()
        self.assertRegex(
            heard[0], "and it cannot be put aside: (No such file or directory|The system cannot find|File not found)"
        )

    def test_nothing_is_changed_before_it_is_started(self) -> None:
        """Another process may run on that file, and this one find that the ports are taken."""
        self.path.write_text("x")
        Keeping(self.reactor, self.path, MINE, lambda: self.wall, self.at_once)
        self.assertEqual((self.path.read_text(), len(list(self.path.parent.iterdir()))), ("x", 1))

    def test_another_configuration_may_name_another_file(self) -> None:
        self.restart()
        self.settle(1.0)
        self.path = self.path.with_name("other.json")
        self.keeping.follow(self.configured(), self.pools)
        self.settle(1.0)
        self.assertTrue(self.path.exists())
        self.end()
