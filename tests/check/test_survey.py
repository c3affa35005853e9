"""Every check once."""

from typing import Any

import attrs
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.check.checkers.smtp import SmtpChecker, SmtpOptions
from exproxy.check.plan import CheckPlan, PortPlan, Security
from exproxy.check.survey import AT_ONCE, Finding, PortSubject, Subject, survey
from exproxy.net.tls.profiles import BUILT_IN
from exproxy.net.tls.server import ServerTLS
from exproxy.net.tls.shown import Shown
from exproxy.net.tlscontext import TLSContextSettings
from tests.check.mapper import Mapper
from tests.check.peers import smtp_answers
from tests.net.memory import MemoryNetwork, Peer
from tests.net.tls.files import certificate_file
from tests.net.tlspeer import TLSPeer, certificate, server_context

NOBODY = "nothing listens there, so the service may be stopped"


class Nobody:
    """A resolver that knows no name."""

    def resolveHostName(self, receiver: Any, name: str) -> None:
        receiver.resolutionComplete()


class SurveyTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock: Any = Clock()
        self.clock.nameResolver = Nobody()
        self.network = MemoryNetwork(self.clock)
        self.told: list[Finding] = []

    def subject(self, number: int = 1, host: str | None = None, required: bool = True) -> Subject:
        host = host or f"192.0.2.{number}"
        plan = CheckPlan(name="smtp", host=host, checker=SmtpChecker(), options=SmtpOptions())
        return Subject(f"hub/ex{number}", plan, 25, required)

    def listen(self, host: str, greeting: bytes = b"220 ready\r\n") -> None:
        self.network.listen((host, 25), Peer(greeting, smtp_answers)).resume()

    def survey(self, *subjects: Subject | PortSubject) -> "Deferred[list[Finding]]":
        return ensureDeferred(survey(self.clock, subjects, self.told.append, self.network))

    def lines(self, *subjects: Subject | PortSubject) -> list[str]:
        asked = self.survey(*subjects)
        self.clock.pump([0.0] + [0.5] * 15)
        return [finding.line for finding in self.successResultOf(asked)]

    def test_a_line_names_server_check_status_time_and_words(self) -> None:
        self.listen("192.0.2.1")
        self.assertEqual(self.lines(self.subject()), ["hub/ex1 smtp: L7OKD in 0 ms: SMTP said 220 ready"])
        self.assertTrue(self.told[0].passed)

    def test_a_failure_says_at_which_layer(self) -> None:
        self.assertEqual(
            self.lines(self.subject()),
            [f"hub/ex1 smtp: L4CON in 0 ms: connection refused at 192.0.2.1:25: {NOBODY}"],
        )
        self.assertFalse(self.told[0].harmless)

    def test_a_check_that_is_not_required_does_no_harm(self) -> None:
        self.assertIn("(not required: only a warning)", self.lines(self.subject(required=False))[0])
        self.assertEqual((self.told[0].passed, self.told[0].harmless), (False, True))

    def compared(self, bound: bool | None) -> str:
        """A server by TLS, whose certificate is not ours."""
        server = TLSPeer(server_context(certificate()), greeting=b"220 ready\r\n", answer=smtp_answers)
        self.network.listen(("192.0.2.1", 25), server).resume()
        front = ServerTLS([certificate_file(self.mktemp())], BUILT_IN["intermediate"])
        settings = TLSContextSettings(verify=False)
        tls = Security(settings=settings, implicit=True, shown=Shown((front,)), bound=bound)
        return self.lines(attrs.evolve(self.subject(), plan=attrs.evolve(self.subject().plan, security=tls)))[0]

    def test_another_certificate_than_ours_is_a_failure_where_logins_are_bound_to_it(self) -> None:
        line = self.compared(True)
        self.assertRegex(line, "L7OKD in .*; but the server's certificate .* is not the one that clients see here")
        self.assertEqual((self.told[0].passed, self.told[0].harmless, self.told[0].warnings), (False, False, ()))

    def test_it_is_a_warning_where_nobody_knows(self) -> None:
        self.compared(None)
        self.assertTrue(self.told[0].passed)
        self.assertIn("OWA works while Outlook and phones fail", self.told[0].warnings[0])

    def test_it_is_nothing_where_they_are_not(self) -> None:
        self.compared(False)
        self.assertEqual((self.told[0].passed, self.told[0].warnings), (True, ()))

    def test_a_name_without_an_address_is_a_finding_too(self) -> None:
        self.assertEqual(
            self.lines(self.subject(host="mail")),
            ["hub/ex1 smtp: could not begin: mail has no address, or no name server answers"],
        )

    def port(self) -> PortPlan:
        return PortPlan(host="192.0.2.1", interface="emsmdb")

    def test_a_port_is_asked_for_before_a_check_that_goes_there(self) -> None:
        Mapper(self.network, "192.0.2.1", 25)
        self.listen("192.0.2.1")
        line = "hub/ex1 smtp: L7OKD in 0 ms: SMTP said 220 ready; the endpoint mapper tells port 25 for emsmdb"
        self.assertEqual(self.lines(attrs.evolve(self.subject(), port=self.port())), [line])

    def test_without_a_port_there_is_nothing_to_check(self) -> None:
        Mapper(self.network, "192.0.2.1", None)
        (line,) = self.lines(attrs.evolve(self.subject(), port=self.port()))
        self.assertIn("hub/ex1 smtp: L7STS in 0 ms: the endpoint mapper offers no emsmdb", line)
        self.assertFalse(self.told[0].passed)

    def test_the_port_of_a_server_without_checks_is_looked_at_too(self) -> None:
        Mapper(self.network, "192.0.2.1")
        line = "hub/ex1 port: L7OKD in 0 ms: the endpoint mapper tells port 6005 for emsmdb"
        self.assertEqual(self.lines(PortSubject("hub/ex1", self.port())), [line])

    def test_findings_are_told_in_order_though_a_slow_one_comes_first(self) -> None:
        self.network.blackhole(("192.0.2.1", 25))
        self.listen("192.0.2.2")
        asked = self.survey(self.subject(1), self.subject(2))
        self.clock.advance(0)
        self.assertEqual(self.told, [])
        self.clock.pump([1.0] * 6)
        self.assertEqual([finding.subject.server for finding in self.told], ["hub/ex1", "hub/ex2"])
        self.assertEqual(self.successResultOf(asked), self.told)

    def test_only_so_many_run_at_once(self) -> None:
        subjects = [self.subject(number) for number in range(1, AT_ONCE + 3)]
        for subject in subjects:
            self.network.blackhole((subject.plan.host, 25))
        asked = self.survey(*subjects)
        self.clock.pump([1.0] * 6)
        self.assertEqual(len(self.told), AT_ONCE)
        self.clock.pump([1.0] * 6)
        self.assertEqual(len(self.successResultOf(asked)), AT_ONCE + 2)
