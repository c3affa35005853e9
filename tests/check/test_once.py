"""One check now."""

from pathlib import Path
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.check.checkers.http import HttpChecker, HttpOptions
from exproxy.check.checkers.smtp import SmtpChecker, SmtpOptions
from exproxy.check.once import CheckNowError, ask_port_now, check_now, resolve
from exproxy.check.plan import CheckPlan, PortPlan, security
from exproxy.check.report import Report, Transcript
from exproxy.wire.dialogue.base import Status
from tests.check.mapper import Mapper
from tests.check.peers import smtp_answers
from tests.net.memory import MemoryNetwork, Peer


class Resolver:
    """Answers at once, or never."""

    def __init__(self, *addresses: Any, silent: bool = False) -> None:
        self.addresses = addresses
        self.silent = silent
        self.receiver: Any = None

    def resolveHostName(self, receiver: Any, name: str) -> None:
        self.receiver = receiver
        if not self.silent:
            for address in self.addresses:
                receiver.addressResolved(address)
            receiver.resolutionComplete()


class Reactor(Clock):
    """A clock with a resolver."""

    def __init__(self, resolver: Resolver) -> None:
        super().__init__()
        self.nameResolver = resolver


FOUR = IPv4Address("TCP", "192.0.2.1", 0)
SIX = IPv6Address("TCP", "2001:db8::1", 0)


class ResolveTests(SynchronousTestCase):
    def resolved(self, reactor: Reactor, host: str) -> "Deferred[str]":
        return ensureDeferred(resolve(reactor, host, 5.0))

    def test_an_address_is_its_own(self) -> None:
        self.assertEqual(self.successResultOf(self.resolved(Reactor(Resolver(silent=True)), "2001:db8::1")), "2001:db8::1")

    def test_ipv4_comes_before_ipv6(self) -> None:
        self.assertEqual(self.successResultOf(self.resolved(Reactor(Resolver(SIX, FOUR)), "mail")), "192.0.2.1")

    def test_a_name_without_an_address_is_an_error(self) -> None:
        failure = self.failureResultOf(self.resolved(Reactor(Resolver()), "mail"), CheckNowError)
        self.assertIn("mail has no address", str(failure.value))

    def test_a_resolver_that_does_not_answer_is_an_error_in_time(self) -> None:
        reactor = Reactor(Resolver(silent=True))
        waiting = self.resolved(reactor, "mail")
        reactor.advance(5)
        self.assertIn("within 5 s", str(self.failureResultOf(waiting, CheckNowError).value))
        reactor.nameResolver.receiver.resolutionComplete()


class CheckNowTests(SynchronousTestCase):
    def plan(self, **changes: Any) -> CheckPlan:
        return CheckPlan(name="smtp", host="mail", checker=SmtpChecker(), options=SmtpOptions(), **changes)

    def test_the_report_has_the_dialogue(self) -> None:
        reactor = Reactor(Resolver(FOUR))
        network = MemoryNetwork(reactor)
        network.listen(("192.0.2.1", 25), Peer(b"220 hello\r\n", smtp_answers)).resume()
        asked = ensureDeferred(check_now(reactor, self.plan(), 25, Transcript(), network))
        reactor.advance(0)
        self.assertTrue(network.streams[0].lost)
        report: Report = self.successResultOf(asked)
        self.assertEqual(report.outcome.status, Status.L7OKD)
        self.assertIn(">>> EHLO exproxy", report.transcript)

    def test_a_file_that_cannot_be_used_is_an_error(self) -> None:
        plan = self.plan(security=security("implicit", verify=True, ca=Path("/nowhere")))
        failing = ensureDeferred(check_now(Reactor(Resolver(FOUR)), plan, 25, Transcript()))
        self.assertIn("nowhere", str(self.failureResultOf(failing, CheckNowError).value))

    def test_starttls_of_a_type_that_has_none_is_an_error(self) -> None:
        starttls = security("starttls", verify=False)
        plan = CheckPlan(name="http", host="mail", checker=HttpChecker(), options=HttpOptions(), security=starttls)
        failing = ensureDeferred(check_now(Reactor(Resolver(FOUR)), plan, 80, Transcript()))
        self.assertIn("http know no STARTTLS", str(self.failureResultOf(failing, CheckNowError).value))


class AskPortNowTests(SynchronousTestCase):
    def test_the_mapper_of_a_name_is_asked(self) -> None:
        reactor = Reactor(Resolver(FOUR))
        network = MemoryNetwork(reactor)
        Mapper(network, "192.0.2.1", 6005, 10135)
        transcript = Transcript()
        plan = PortPlan(host="mail", interface="emsmdb", mapper=10135)
        asked = ensureDeferred(ask_port_now(reactor, plan, transcript, network))
        reactor.pump([0.0] * 30)
        self.assertEqual(self.successResultOf(asked).outcome.port, 6005)
        self.assertEqual(transcript.lines[0], "--- connected to 192.0.2.1:10135")

    def test_a_name_without_an_address_is_an_error(self) -> None:
        plan = PortPlan(host="mail", interface="emsmdb")
        self.failureResultOf(ensureDeferred(ask_port_now(Reactor(Resolver()), plan, Transcript())), CheckNowError)
