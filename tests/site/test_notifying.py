"""News become messages, and go out on every way."""

from random import Random
from typing import Any

from twisted.internet.defer import Deferred, succeed

from exproxy import pool
from exproxy.config import model
from exproxy.notify.message import Message
from exproxy.site import notifying
from exproxy.site.errors import SiteError
from exproxy.site.notifying import Notifying
from exproxy.site.pools import Pools
from exproxy.site.tls import TLSContexts
from tests.site.stage import SiteStage


class FakeChannel:
    name = "notify.fake"
    patience = 5.0

    def __init__(self) -> None:
        self.got: list[Message] = []
        self.answers: list[Deferred[None]] = []

    def deliver(self, message: Message) -> "Deferred[None]":
        self.got.append(message)
        return self.answers.pop() if self.answers else succeed(None)


class NotifyingTests(SiteStage):
    def setUp(self) -> None:
        super().setUp()
        self.channels = [FakeChannel(), FakeChannel()]
        self.patch(notifying, "channels", lambda reactor, notify, environ: self.channels)
        self.tls = TLSContexts({}, 1000.0)
        servers = self.server("one", "192.0.2.1", self.check()), self.server("two", "192.0.2.2", self.check())
        self.pools = Pools(self.configuration(*servers), 1000.0, Random(1), self.tls, b"")

    def begin(self, notify: model.Notify | None) -> Notifying:
        made = Notifying(self.reactor, notify, self.pools, self.tls)
        made.start()
        self.addCleanup(made.stop)
        for name in ("one", "two"):
            self.observe(name, True)
        return made

    def observe(self, name: str, passed: bool, times: int = 3) -> None:
        for _ in range(times):
            result = pool.CheckResult(passed=passed, text="SMTP said 554")
            self.pools.backends["hub"].pool.servers[name].observe("tcp", result, self.reactor.seconds())

    def test_every_way_is_told_within_two_seconds(self) -> None:
        self.begin(model.Notify())
        self.observe("two", False)
        self.settle(2.0)
        for channel in self.channels:
            (message,) = channel.got
            self.assertIn("hub/two: SMTP said 554; down", message.subject)

    def test_only_what_is_wanted_is_told(self) -> None:
        self.begin(model.Notify(on=("admin",)))
        self.observe("two", False)
        self.pools.backends["hub"].pool.servers["one"].set_admin(pool.Admin.MAINT, self.reactor.seconds())
        self.settle(2.0)
        self.assertEqual([story.last.kind for story in self.channels[0].got[0].stories], ["admin"])

    def test_one_that_flaps_makes_a_message_a_window(self) -> None:
        self.begin(model.Notify(window=60.0))
        for _ in range(100):
            self.observe("two", False)
            self.settle(0.25)
            self.observe("two", True)
            self.settle(0.25)
        self.settle(120.0)
        self.assertEqual(len(self.channels[0].got), 2)
        self.assertEqual(sum(story.count for message in self.channels[0].got for story in message.stories), 200)
        self.assertIn("changes in", self.channels[0].got[1].subject)

    def test_without_notify_nothing_is_looked_at(self) -> None:
        self.begin(None)
        self.observe("two", False)
        self.settle(5.0)
        self.assertEqual(self.channels[0].got, [])

    def test_what_was_so_before_the_start_is_not_told(self) -> None:
        self.pools.backends["hub"].pool.servers["one"].set_admin(pool.Admin.MAINT, 1000.0)
        self.begin(model.Notify())
        self.settle(5.0)
        self.assertEqual(self.channels[0].got, [])

    def test_at_the_end_what_was_not_told_is_logged(self) -> None:
        self.channels[:] = [FakeChannel()]
        self.channels[0].answers.append(Deferred())
        made = self.begin(model.Notify())
        self.observe("two", False)
        heard = self.hear()
        made.stop()
        self.assertEqual(len(heard), 1)
        self.assertIn("notify.fake: the process ends, and was not told: ", heard[0])
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_another_configuration_has_other_ways(self) -> None:
        made = self.begin(model.Notify())
        before, self.channels = self.channels, [FakeChannel()]
        made.commit(made.prepare(model.Notify()), self.pools, self.tls)
        self.observe("two", False)
        self.settle(2.0)
        self.assertEqual((len(before[0].got), self.channels[0].got), (1, []))
        made.commit(made.prepare(model.Notify(window=5.0)), self.pools, self.tls)
        self.observe("two", True)
        self.settle(2.0)
        self.assertEqual((len(before[0].got), len(self.channels[0].got)), (1, 1))
        made.commit(made.prepare(None), self.pools, self.tls)
        self.observe("two", False)
        self.settle(70.0)
        self.assertEqual(len(self.channels[0].got), 1)

    def test_what_was_not_told_before_a_reload_is_told_on_the_ways_after_it(self) -> None:
        self.channels[:] = [FakeChannel()]
        self.channels[0].answers.append(Deferred())
        made = self.begin(model.Notify())
        self.observe("two", False)
        self.settle(2.0)
        self.observe("one", False)
        heard, self.channels = self.hear(), [FakeChannel()]
        made.commit(made.prepare(model.Notify(window=5.0)), self.pools, self.tls)
        self.assertEqual(heard, [])
        told = {story.last.subject for message in self.channels[0].got for story in message.stories}
        self.assertEqual(told, {"hub/two", "hub/one", "back end hub"})

    def test_a_way_that_is_taken_out_says_what_it_has_not_told(self) -> None:
        self.channels[:] = [FakeChannel()]
        self.channels[0].answers.append(Deferred())
        made = self.begin(model.Notify())
        self.observe("two", False)
        self.settle(2.0)
        heard = self.hear()
        made.commit(made.prepare(None), self.pools, self.tls)
        (line,) = heard
        self.assertIn("notify.fake: it is not configured any more, and was not told: ", line)

    def test_at_the_end_nothing_new_is_begun(self) -> None:
        made = self.begin(model.Notify())
        self.observe("two", False)
        heard = self.hear()
        made.stop()
        self.assertEqual(([channel.got for channel in self.channels], len(heard)), ([[], []], 2))

    def test_one_that_cannot_be_had_changes_nothing(self) -> None:
        made = self.begin(model.Notify())

        def refuse(*arguments: Any) -> None:
            raise SiteError(["no"])

        self.patch(notifying, "channels", refuse)
        self.assertRaises(SiteError, made.prepare, model.Notify(window=5.0))
        self.observe("two", False)
        self.settle(2.0)
        self.assertEqual(len(self.channels[0].got), 1)
