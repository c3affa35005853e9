"""Garbage of clients fills no log."""

from attrs import fields
from twisted.logger import globalLogPublisher

from exproxy.process.messages import FrontendCounts
from exproxy.proxy.admission import Unwanted
from exproxy.proxy.frontend import Frontend
from exproxy.site.clientfaults import EVERY, QUIET, ClientFaults, counts_of
from exproxy.wire.epmrelay import Counters
from tests.proxy.stage import Stage

OF_MAIL = {"early_talkers", "passed_over", "refused_logins"}
"""What annexes have none of."""


class ClientFaultsTests(Stage):
    def setUp(self) -> None:
        super().setUp()
        self.heard: list[str] = []

        def hear(event: dict[str, object]) -> None:
            self.heard.append(str(event["log_format"]).format(**event))

        globalLogPublisher.addObserver(hear)
        self.addCleanup(globalLogPublisher.removeObserver, hear)
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

    def test_another_front_end_of_the_same_name_has_done_nothing_yet(self) -> None:
        self.fail(bad_prefaces=5, left_early=4, limited=3)
        self.pass_time(1)
        self.counts = {}
        self.pass_time(QUIET)
        self.counts = {"web": FrontendCounts()}
        self.assertEqual(self.pass_time(1), [])
        self.fail(bad_prefaces=2, left_early=1, limited=1)
        self.assertEqual(
            self.pass_time(1),
            [
                "web: 1 refusal of sources that want too much, the last one of ",
                "web: 2 prefaces failed, the last one of 192.0.2.7: no TLS; 1 client left before",
            ],
        )

    def test_stopped_it_says_what_was_left_to_say_and_leaves_nothing_behind(self) -> None:
        self.fail(bad_prefaces=1)
        self.pass_time(1)
        self.fail(bad_prefaces=3)
        self.heard.clear()
        self.faults.stop()
        self.faults.stop()
        self.assertEqual(self.heard, ["web: 2 more prefaces failed, the last one of 192.0.2.7: no TLS"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_requests_are_told_with_the_others(self) -> None:
        self.fail(bad_prefaces=1, bad_handshakes=2, bad_requests=3)
        told = self.pass_time(1)
        self.assertEqual(told, ["web: 1 preface, 2 TLS handshakes and 3 HTTP requests failed, the last one of 192.0.2.7: no TLS"])
        self.fail(bad_prefaces=1, bad_handshakes=2, bad_requests=4)
        self.assertEqual(self.pass_time(QUIET), ["web: 1 more HTTP request failed, the last one of 192.0.2.7: no TLS"])

    def test_sources_that_want_too_much_are_told_once_a_minute(self) -> None:
        for limited in range(1, 50):
            self.counts = {"web": FrontendCounts(limited=limited, limit="192.0.2.7: too fast")}
            told = self.pass_time(1)
            expected = ["web: 1 refusal of sources that want too much, the last one of 192.0.2.7: too fast"]
            self.assertEqual(told, expected if limited == 1 else [])
        told = self.pass_time(QUIET)
        self.assertEqual(told, ["web: 48 more refusals of sources that want too much, the last one of 192.0.2.7: too fast"])

    def test_what_rules_refuse_is_no_reason_for_a_line(self) -> None:
        self.counts = {"web": FrontendCounts(denied=7)}
        self.assertEqual(self.pass_time(QUIET), [])

    def test_counts_are_those_of_the_front_ends(self) -> None:
        frontend = self.open(self.backend())
        frontend.total, frontend.refused, frontend.left_early = 10, 3, 4
        frontend.preface_failed(("192.0.2.7", 1), "garbage")
        frontend.request_failed(("192.0.2.9", 1), "no HTTP")
        frontend.handshake_failed(("192.0.2.8", 1), "no TLS")
        frontend.limit_reached(("192.0.2.6", 1), "too fast")
        frontend.turned_away(("192.0.2.5", 1), Unwanted("access denied", limited=False))
        frontend.turned_away(("192.0.2.4", 1), Unwanted("too many", limited=True))
        self.assertEqual(
            counts_of({"smtp": frontend}),
            {
                "smtp": FrontendCounts(
                    0,
                    10,
                    3,
                    1,
                    1,
                    4,
                    bad_requests=1,
                    denied=1,
                    limited=2,
                    fault_at=self.clock.seconds(),
                    fault="192.0.2.8: no TLS",
                    limited_at=self.clock.seconds(),
                    limit="192.0.2.4: too many",
                )
            },
        )

    def test_what_is_counted_of_clients_of_mail_is_counted_too(self) -> None:
        frontend = self.open(self.backend())
        frontend.early_talkers, frontend.passed_over, frontend.refused_logins = 1, 2, 3
        counts = counts_of({"smtp": frontend})["smtp"]
        self.assertEqual((counts.early_talkers, counts.passed_over, counts.refused_logins), (1, 2, 3))

    def test_what_was_done_to_an_endpoint_mapper_s_answers_is_counted_too(self) -> None:
        frontend = self.open(self.backend())
        frontend.broken = 4
        frontend.mapping = Counters(mapped=3, hidden=2, refused=1)
        self.assertEqual(counts_of({"epm": frontend}), {"epm": FrontendCounts(broken=4, mapped=3, hidden=2, refused_calls=1)})

    def test_those_of_annexes_are_counted_with_them_and_stay_when_they_are_no_more(self) -> None:
        names = [field.name for field in fields(FrontendCounts) if hasattr(Frontend, field.name) and field.name != "sessions"]
        frontend, annex = self.open(self.backend()), self.open(self.backend(), address=("192.0.2.9", 40000))
        for place, one in enumerate((frontend, annex), 1):
            for number, name in enumerate(names, 1):
                value = getattr(one, name)
                setattr(one, name, f"{place}" if isinstance(value, str) else type(value)(100 * place + number))
        frontend.annexes.append(annex)
        both = counts_of({"epm": frontend})["epm"]
        numbers = [name for name in names if isinstance(getattr(annex, name), int) and name not in OF_MAIL]
        self.assertIn("denied", numbers)
        for name in numbers:
            self.assertEqual(getattr(both, name), getattr(frontend, name) + getattr(annex, name), name)
        self.assertEqual((both.fault_at, both.fault), (annex.fault_at, "2"))
        frontend.absorb(annex)
        self.assertEqual(counts_of({"epm": frontend})["epm"], both)

    def test_sessions_of_annexes_are_counted_with_them(self) -> None:
        frontend, annex = self.open(self.backend()), self.open(self.backend(), address=("192.0.2.9", 40000))
        frontend.annexes.append(annex)
        for port in (25, 40000):
            self.client(("192.0.2.9", port))
        counts = counts_of({"epm": frontend})["epm"]
        self.assertEqual((counts.sessions, counts.total), (2, 2))
