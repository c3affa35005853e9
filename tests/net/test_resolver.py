"""Tests of exproxy.net.resolver."""

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IResolutionReceiver
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from exproxy.net.resolver import NameWatch, preferred


class Resolver:
    """Answers when the test says so."""

    def __init__(self) -> None:
        self.asked: list[IResolutionReceiver] = []

    def resolveHostName(self, receiver: IResolutionReceiver, hostName: str) -> None:
        self.asked.append(receiver)

    def answer(self, *hosts: str, question: int = -1) -> None:
        for host in hosts:
            kind = IPv6Address if ":" in host else IPv4Address
            self.asked[question].addressResolved(kind("TCP", host, 0))
        self.asked[question].resolutionComplete()


class PreferredTests(SynchronousTestCase):
    def test_the_present_one_is_kept_while_it_is_an_answer(self) -> None:
        self.assertEqual(preferred(["10.0.0.1", "fd00::1"], "fd00::1"), "fd00::1")

    def test_ipv4_comes_before_ipv6(self) -> None:
        self.assertEqual(preferred(["fd00::1", "10.0.0.2", "10.0.0.1"], None), "10.0.0.2")

    def test_ipv6_is_taken_where_there_is_no_ipv4(self) -> None:
        self.assertEqual(preferred(["fd00::2", "fd00::1"], "10.0.0.1"), "fd00::2")

    def test_no_answer_is_none(self) -> None:
        self.assertIsNone(preferred([], "10.0.0.1"))


class NameWatchTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.resolver = Resolver()
        self.changes: list[str] = []
        self.watch = NameWatch(
            self.clock, self.resolver, "mx3.example.com", 30.0, self.changes.append, timeout=10.0, uniform=lambda: 0.5
        )
        self.said: list[str] = []
        observer = lambda event: self.said.append(event["log_format"].format(**event))  # noqa: E731 - it has to be removed again
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        self.watch.start()

    def test_the_first_answer_is_told(self) -> None:
        self.resolver.answer("10.0.0.1")
        self.assertEqual((self.changes, self.watch.address), (["10.0.0.1"], "10.0.0.1"))

    def test_it_asks_again_after_the_interval(self) -> None:
        self.resolver.answer("10.0.0.1")
        self.clock.advance(29.9)
        before = len(self.resolver.asked)
        self.clock.advance(0.1)
        self.assertEqual((before, len(self.resolver.asked)), (1, 2))

    def test_the_interval_varies_by_a_tenth(self) -> None:
        self.watch.stop()
        self.watch = NameWatch(self.clock, self.resolver, "a", 30.0, self.changes.append, uniform=lambda: 0.0)
        self.watch.start()
        self.resolver.answer("10.0.0.1")
        self.assertEqual([call.getTime() for call in self.clock.getDelayedCalls()], [27.0])

    def test_the_same_answer_is_not_told_again(self) -> None:
        self.resolver.answer("10.0.0.1")
        self.clock.advance(30)
        self.resolver.answer("10.0.0.2", "10.0.0.1")
        self.assertEqual(self.changes, ["10.0.0.1"])

    def test_another_answer_is_told(self) -> None:
        self.resolver.answer("10.0.0.1")
        self.clock.advance(30)
        self.resolver.answer("10.0.0.2")
        self.assertEqual(self.changes, ["10.0.0.1", "10.0.0.2"])

    def test_an_address_with_a_scope_is_not_taken(self) -> None:
        self.resolver.answer("fe80::1%eth0", "fd00::1")
        self.assertEqual(self.changes, ["fd00::1"])

    def test_the_last_answer_is_kept_when_dns_fails(self) -> None:
        self.resolver.answer("10.0.0.1")
        self.clock.advance(30)
        self.resolver.answer()
        self.assertEqual((self.changes, self.watch.address), (["10.0.0.1"], "10.0.0.1"))

    def test_a_failure_is_said_once_and_the_recovery_once(self) -> None:
        self.resolver.answer("10.0.0.1")
        self.clock.advance(30)
        for _ in range(3):
            self.resolver.answer()
            self.clock.advance(5)
        for _ in range(2):
            self.resolver.answer("10.0.0.1")
            self.clock.advance(30)
        self.assertEqual(
            self.said,
            [
                (
                    "mx3.example.com cannot be looked up in DNS: the name has no address, or no name server answers; "
                    "10.0.0.1 is used on"
                ),
                "DNS answers for mx3.example.com again: 10.0.0.1",
            ],
        )

    def test_while_it_fails_it_asks_sooner(self) -> None:
        self.resolver.answer()
        self.clock.advance(5)
        self.assertEqual(len(self.resolver.asked), 2)

    def test_a_resolver_that_never_answers_is_given_up_and_asked_again(self) -> None:
        self.clock.advance(10)
        self.clock.advance(5)
        self.assertEqual((len(self.resolver.asked), "no answer within 10 s" in self.said[0]), (2, True))

    def test_an_answer_that_comes_too_late_is_nobodys(self) -> None:
        self.clock.advance(10)
        self.resolver.answer("10.0.0.9")
        self.assertEqual(self.changes, [])

    def test_after_stop_nothing_is_asked_or_told(self) -> None:
        self.watch.stop()
        self.resolver.answer("10.0.0.1")
        self.assertEqual((self.changes, self.clock.getDelayedCalls()), ([], []))

    def test_stop_between_questions_ends_the_timer(self) -> None:
        self.resolver.answer("10.0.0.1")
        self.watch.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_stop_from_inside_changed_is_possible(self) -> None:
        self.watch.stop()
        stopped = NameWatch(self.clock, self.resolver, "a", 30.0, lambda _: stopped.stop())
        stopped.start()
        self.resolver.answer("10.0.0.1")
        self.assertEqual(self.clock.getDelayedCalls(), [])
