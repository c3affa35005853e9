"""A configuration comes to life, and ends in order."""

from pathlib import Path

import attrs

from exproxy.config import model
from exproxy.config.addresses import PortRange
from exproxy.site import core
from exproxy.site.errors import SiteError
from tests.site.stage import SiteStage


class ApplyTests(SiteStage):
    def test_applied_everything_is_bound_and_nobody_let_in(self) -> None:
        self.site.apply(self.configuration(self.server("one", "192.0.2.1")))
        self.assertTrue(self.network.ports["192.0.2.9", 25].paused)

    def test_a_port_in_use_is_said_and_nothing_is_held(self) -> None:
        self.peer("192.0.2.9")
        path = Path(self.mktemp())
        configuration = self.configuration(self.server("one", "192.0.2.1"), log=model.Log(access=path))
        error = self.assertRaises(SiteError, self.site.apply, configuration)
        self.assertIn("frontends.smtp: cannot listen on 192.0.2.9:25", str(error))
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_more_sessions_than_descriptors_are_refused_with_the_numbers(self) -> None:
        configuration = self.configuration(self.server("one", "192.0.2.1"), maxconn=2_000_000_000)
        error = self.assertRaises(SiteError, self.site.apply, configuration)
        self.assertIn("service.maxconn: maxconn = 2000000000 needs 4000000", str(error))

    def test_ports_that_may_be_opened_later_need_descriptors_too(self) -> None:
        configuration = self.configuration(self.server("one", "192.0.2.1"))
        epm = attrs.evolve(
            configuration.frontends["smtp"], mapper=model.Mapper(others="dynamic", dynamic_ports=PortRange(1, 60_000))
        )
        needs: list[int] = []
        self.patch(core, "ensure", lambda need: needs.append(need.total))
        for frontend in (configuration.frontends["smtp"], epm):
            core.ensure_descriptors(attrs.evolve(configuration, frontends={"smtp": frontend}))
        self.assertEqual(needs[1] - needs[0], 60_000)

    def test_it_cannot_be_started_without_a_configuration(self) -> None:
        self.assertRaises(RuntimeError, self.site.start)


class LifeTests(SiteStage):
    def test_clients_reach_servers(self) -> None:
        self.peer("192.0.2.1", greeting=b"220 one\r\n")
        self.start(self.configuration(self.server("one", "192.0.2.1")))
        self.assertEqual(self.client().data, b"220 one\r\n")

    def test_checks_take_a_dead_server_out(self) -> None:
        self.peer("192.0.2.2", greeting=b"220 two\r\n")
        servers = self.server("one", "192.0.2.1", self.check()), self.server("two", "192.0.2.2", self.check())
        self.start(self.configuration(*servers))
        self.settle(2.0)
        before = len(self.network.attempts)
        self.assertEqual(self.client().data, b"220 two\r\n")
        self.assertNotIn("192.0.2.1", [attempt.address[0] for attempt in self.network.attempts[before:]])

    def test_a_client_that_comes_before_the_first_checks_are_done_waits_for_them(self) -> None:
        self.peer("192.0.2.1", greeting=b"220 one\r\n")
        self.start(self.configuration(self.server("one", "192.0.2.1", self.check())))
        self.assertEqual(self.client().data, b"220 one\r\n")

    def test_a_server_is_found_by_name_and_followed(self) -> None:
        self.peer("192.0.2.1", greeting=b"220 one\r\n")
        self.peer("192.0.2.2", greeting=b"220 two\r\n")
        self.names.known["mx.example.com"] = "192.0.2.1"
        self.start(self.configuration(self.server("mx", "mx.example.com")))
        self.assertEqual(self.client().data, b"220 one\r\n")
        self.names.known["mx.example.com"] = "192.0.2.2"
        self.settle(40.0)
        self.assertEqual(self.client().data, b"220 two\r\n")

    def test_when_dns_fails_the_last_answer_is_kept(self) -> None:
        self.peer("192.0.2.1", greeting=b"220 one\r\n")
        self.names.known["mx.example.com"] = "192.0.2.1"
        self.start(self.configuration(self.server("mx", "mx.example.com")))
        self.names.known.clear()
        self.settle(60.0)
        self.assertGreater(len(self.names.asked), 1)
        self.assertEqual(self.client().data, b"220 one\r\n")

    def test_a_name_that_dns_does_not_know_keeps_nobody_waiting(self) -> None:
        self.start(self.configuration(self.server("mx", "mx.example.com")))
        client = self.client()
        self.assertTrue(client.lost or client.eof)


class EndTests(SiteStage):
    def setUp(self) -> None:
        super().setUp()
        self.peer("192.0.2.1", greeting=b"220 one\r\n")

    def test_without_sessions_it_ends_at_once_and_leaves_nothing_behind(self) -> None:
        self.start(self.configuration(self.server("one", "192.0.2.1", self.check())))
        ended = self.site.stop()
        self.settle()
        self.assertOver(ended)
        self.settle(2.0)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def assertOver(self, ended: object) -> None:
        self.assertIsNone(self.successResultOf(ended))

    def test_live_sessions_may_end_by_themselves_and_no_new_one_begins(self) -> None:
        self.start(self.configuration(self.server("one", "192.0.2.1")))
        client = self.client()
        ended = self.site.stop()
        self.settle()
        self.assertNoResult(ended)
        self.assertNotIn(("192.0.2.9", 25), self.network.ports)
        client.stream.close()
        self.settle()
        self.assertIsNone(self.successResultOf(ended))

    def test_after_the_drain_time_they_are_cut(self) -> None:
        self.start(self.configuration(self.server("one", "192.0.2.1"), drain=3.0))
        client = self.client()
        ended = self.site.stop()
        self.settle(4.0)
        self.settle()
        self.assertTrue(client.lost)
        self.assertIsNone(self.successResultOf(ended))

    def test_hurried_they_are_cut_at_once(self) -> None:
        self.start(self.configuration(self.server("one", "192.0.2.1")))
        client = self.client()
        ended = self.site.stop()
        self.site.hurry()
        self.settle()
        self.assertTrue(client.lost)
        self.assertIsNone(self.successResultOf(ended))

    def test_the_last_access_lines_are_written(self) -> None:
        path = Path(self.mktemp())
        self.start(self.configuration(self.server("one", "192.0.2.1"), log=model.Log(access=path)))
        self.client().stream.close()
        self.settle()
        self.site.stop()
        self.settle()
        self.assertEqual(len(path.read_text().splitlines()), 1)

    def test_logs_are_reopened(self) -> None:
        path = Path(self.mktemp())
        self.start(self.configuration(self.server("one", "192.0.2.1"), log=model.Log(access=path)))
        path.rename(path.with_suffix(".1"))
        self.site.reopen_logs()
        self.assertTrue(path.exists())
        self.site.stop()
        self.settle()
