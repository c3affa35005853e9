"""Garbage of clients fills no log."""

from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher

from exproxy.process.messages import FrontendCounts
from exproxy.site.clientfaults import EVERY, QUIET, ClientFaults, counts_of
from exproxy.wire.epmrelay import Counters
from tests.proxy.stage import Stage


class ClientFaultsTests(Stage):
    def setUp(self) -> None:
        super().setUp()
        self.heard: list[str] = []

        def hear(event: dict[str, object]) -> None:
            self.heard.append(str(event["log_format"]).format(**event))

        globalLogPublisher.addObserver(hear)
        self.addCleanup(globalLogPublisher.removeObserver, hear)
        self.clock = Clock()
        self.clock.advance(1000)
        self.counts: dict[str, FrontendCounts] = {"web": FrontendCounts(total=7)}
        self.faults = ClientFaults(self.clock, lambda: self.counts)
        self.faults.start()

    def pass_time(self, seconds: float) -> list[str]:
        self.heard.clear()
        self.clock.pump([EVERY] * int(seconds / EVERY))
        return self.heard

    def fail(self, **counts: int) -> None:
        self.counts = {"web": FrontendCounts(total=100, fault="192.0.2.7: no TLS", **counts)}

    def test_nothing_wrong_nothing_said(self) -> None:
        self.assertEqual(self.pass_time(2 * QUIET), [])

    def test_the_first_is_told_at_once(self) -> None:
        self.fail(bad_handshakes=1)
        self.assertEqual(self.pass_time(1), ["web: 1 TLS handshake failed, the last one of 192.0.2.7: no TLS"])

    def test_the_rest_is_told_once_a_minute(self) -> None:
        self.fail(bad_handshakes=1)
        self.pass_time(1)
        for count in range(2, 50):
            self.fail(bad_handshakes=count, bad_prefaces=count)
            self.assertEqual(self.pass_time(1), [])
        told = self.pass_time(QUIET)
        self.assertEqual(told, ["web: 49 more prefaces and 48 more TLS handshakes failed, the last one of 192.0.2.7: no TLS"])

    def test_who_only_left_is_told_with_the_others_and_no_reason_for_a_line(self) -> None:
        self.fail(left_early=5)
        self.assertEqual(self.pass_time(QUIET), [])
        self.fail(left_early=5, bad_prefaces=2)
        told = self.pass_time(QUIET)
        self.assertEqual(told, ["web: 2 prefaces failed, the last one of 192.0.2.7: no TLS; 5 clients left before"])

    def test_stopped_it_says_what_was_left_to_say_and_leaves_nothing_behind(self) -> None:
        self.fail(bad_prefaces=1)
        self.pass_time(1)
        self.fail(bad_prefaces=3)
        self.heard.clear()
        self.faults.stop()
        self.faults.stop()
        self.assertEqual(self.heard, ["web: 2 more prefaces failed, the last one of 192.0.2.7: no TLS"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_counts_are_those_of_the_front_ends(self) -> None:
        frontend = self.open(self.backend())
        frontend.total, frontend.refused, frontend.left_early = 10, 3, 4
        frontend.preface_failed(("192.0.2.7", 1), "garbage")
        frontend.handshake_failed(("192.0.2.8", 1), "no TLS")
        self.assertEqual(
            counts_of({"smtp": frontend}),
            {"smtp": FrontendCounts(0, 10, 3, 1, 1, 4, fault_at=self.clock.seconds(), fault="192.0.2.8: no TLS")},
        )

    def test_what_was_done_to_an_endpoint_mapper_s_answers_is_counted_too(self) -> None:
        frontend = self.open(self.backend())
        frontend.broken = 4
        frontend.mapping = Counters(mapped=3, hidden=2, refused=1)
        self.assertEqual(counts_of({"epm": frontend}), {"epm": FrontendCounts(broken=4, mapped=3, hidden=2, refused_calls=1)})
