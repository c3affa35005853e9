"""A master's site: it binds and checks, and lets others serve."""

import errno
import os
import pickle
import socket
import tempfile
from typing import Any

import attrs
from twisted.internet.defer import Deferred, succeed

from exproxy.check.plugins import checkers
from exproxy.config import model
from exproxy.process.master import MasterLink
from exproxy.process.messages import CannotChangeError
from exproxy.site.errors import SiteError
from exproxy.site.master import MasterSite
from tests.site.stage import SiteStage


class FakeProcess:
    pid = 1


class MasterSiteTests(SiteStage):
    def setUp(self) -> None:
        super().setUp()
        self.spawned: list[Any] = []
        self.said: list[tuple[str, Any]] = []

    def spawn(self, protocol: Any, link: Any) -> Any:
        self.patch(link, "callRemote", self.note)
        self.spawned.append(protocol)
        link.transport = self
        return FakeProcess()

    def tie(self, link: Any) -> socket.socket:
        if isinstance(link, MasterLink):
            self.patch(link, "callRemote", self.note)
        return socket.socket()

    def loseConnection(self) -> None:
        self.closed = True

    def note(self, command: Any, **arguments: Any) -> Any:
        self.said.append((command.__name__, arguments))
        return self

    def addCallback(self, *args: Any) -> Any:
        return self

    def addBoth(self, *args: Any) -> Any:
        return self

    def addErrback(self, *args: Any) -> Any:
        return self

    def master(self) -> MasterSite:
        self.wanted = self.configuration(self.server("one", "192.0.2.1"), workers=2)
        return MasterSite(self.reactor, self.network, checkers(), self.wanted, self.spawn, self.tie)

    def test_it_binds_but_lets_nobody_in_itself(self) -> None:
        site = self.master()
        site.start()
        self.assertTrue(self.network.ports["192.0.2.9", 25].paused)
        self.assertEqual((len(self.spawned), [name for name, _ in self.said].count("Fork")), (1, 2))

    def test_workers_are_given_the_very_configuration(self) -> None:
        site = self.master()
        site.start()
        file = next(arguments["file"] for name, arguments in self.said if name == "Configure")
        configuration, secret = pickle.loads(os.pread(file, 1 << 20, 0))
        self.assertEqual((configuration, len(secret)), (self.wanted, 32))
        self.assertIn(("Listen", {"host": "192.0.2.9", "port": 25, "socket": -1}), self.said)

    def test_an_address_that_is_taken_is_said_before_anybody_is_started(self) -> None:
        self.peer("192.0.2.9")
        self.assertRaises(SiteError, self.master)
        self.assertEqual(self.spawned, [])

    def test_without_room_for_what_workers_read_nothing_is_held(self) -> None:
        def full() -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        site = self.master()
        site.start()
        binds = tuple(model.Bind("192.0.2.9", port, port) for port in (25, 587))
        more = attrs.evolve(self.wanted, frontends={"smtp": attrs.evolve(self.wanted.frontends["smtp"], binds=binds)})
        self.patch(tempfile, "TemporaryFile", full)
        self.assertIn("No space left", str(self.failureResultOf(site.apply(more), SiteError).value))
        self.assertNotIn(("192.0.2.9", 587), self.network.ports)

    def test_stopped_in_the_middle_of_a_reload_it_says_that_and_nothing_of_what_draining_workers_miss(self) -> None:
        site = self.master()
        site.start()
        for answer in (None, CannotChangeError("frontends.smtp: cannot listen")):
            asked: Deferred[None] = Deferred()
            self.patch(site._master, "prepare", lambda file, sockets, asked=asked: asked)
            self.patch(site._forks, "prepare", lambda file: succeed(None))
            applied = site.apply(self.wanted)
            site.stop()
            asked.callback(answer) if answer is None else asked.errback(answer)
            self.assertEqual(self.failureResultOf(applied, SiteError).value.sentences, ("the process ends",))

    def test_stopped_it_listens_no_more_and_waits_for_its_workers(self) -> None:
        site = self.master()
        site.start()
        site.reopen_logs()
        ended = site.stop()
        site.hurry()
        self.assertNoResult(ended)
        self.assertNotIn(("192.0.2.9", 25), self.network.ports)
        self.assertEqual([name for name, _ in self.said[-6:]], ["Reopen", "Reopen", "Drain", "Drain", "Hurry", "Hurry"])
