"""From the configuration's checks to the check service's plans."""

from pathlib import Path

import attrs
from twisted.trial.unittest import SynchronousTestCase

from exproxy.check.plan import PortPlan
from exproxy.check.plugins import checkers
from exproxy.check.survey import PortSubject, Subject
from exproxy.config import model
from exproxy.site.checks import Plans, subjects
from exproxy.site.tls import TLSContexts
from tests.net.tls.files import certificate_file


class PlansTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.checkers = checkers()
        self.plans = Plans(self.checkers, TLSContexts({}, 0.0))

    def server(self, **more: object) -> model.Server:
        check = model.Check(
            "smtp", "smtp", self.checkers["smtp"].options(helo="lb.example.com"), model.CheckTiming(1.0, 2.0, 3.0, 4.0), **more
        )
        return model.Server("ex1", "ex1", "mx.example.com", 25, checks=(check,), agent=model.Agent(9999, 7.0, "hello\n"))

    def test_times_type_and_options_arrive(self) -> None:
        plan = self.plans.of(self.server(), "192.0.2.77")[0]
        self.assertEqual((plan.interval, plan.fast_interval, plan.down_interval, plan.timeout), (1.0, 2.0, 3.0, 4.0))
        self.assertEqual(
            (plan.name, plan.host, plan.source, plan.options.helo), ("smtp", "mx.example.com", "192.0.2.77", "lb.example.com")
        )
        self.assertIs(plan.checker, self.checkers["smtp"])

    def test_tls_port_address_and_proxy_header_arrive(self) -> None:
        tls = model.CheckTLS("starttls", verify=True, ca=Path("/ca.pem"), name="mail.example.com", warn_days=3, legacy=True)
        plan = self.plans.of(self.server(tls=tls, port=2525, address="192.0.2.5", send_proxy="v2"), None)[0]
        self.assertEqual((plan.port, plan.place.address, plan.send_proxy), (2525, "192.0.2.5", "v2"))
        self.assertEqual((plan.security.implicit, plan.security.warn_days, plan.security.settings.verify), (False, 3, True))
        self.assertEqual((plan.security.settings.name, plan.security.settings.legacy), ("mail.example.com", True))

    def test_what_clients_see_here_is_compared_with(self) -> None:
        front = model.FrontTLS((model.Certificate(certificate_file(self.mktemp()).file),))
        tls = model.CheckTLS("implicit", "same", fronts=(front,), bound=True)
        security = self.plans.of(self.server(tls=tls), None)[0].security
        self.assertEqual((security.same, security.bound, security.settings.verify), (True, True, False))
        self.assertEqual(security.name("mx.example.com"), "mail.example.com")

    def test_a_checks_own_name_is_left_to_dns(self) -> None:
        plan = self.plans.of(self.server(address="check.example.com"), None)[0]
        self.assertEqual(self.plans.named, [(plan.place, "check.example.com", 30.0)])
        self.assertIsNone(plan.place.address)

    def test_the_agent_arrives(self) -> None:
        agent = self.plans.agent_of(self.server(), None)
        self.assertEqual((agent.port, agent.interval, agent.send), (9999, 7.0, "hello\n"))

    def test_every_check_of_every_server_is_a_subject(self) -> None:
        servers = (self.server(), self.server(port=2525, required=False))
        configuration = model.Configuration((), backends={"hub": model.Backend("hub", servers)})
        found = subjects(configuration, self.checkers, TLSContexts({}, 0.0))
        self.assertEqual(
            [(one.server, one.port, one.required) for one in found], [("hub/ex1", 25, True), ("hub/ex1", 2525, False)]
        )
        self.assertEqual(found[0].plan.host, "mx.example.com")


class CertificateTests(SynchronousTestCase):
    """Servers with Extended Protection."""

    def subjects(self, *checks: model.Check, bound: bool = True) -> list[str]:
        front = model.FrontTLS((model.Certificate(certificate_file(self.mktemp()).file),))
        server = model.Server("ex1", "ex1", "192.0.2.1", 443, checks=checks, tls=model.ServerTLS("same", fronts=(front,)))
        configuration = model.Configuration((), backends={"owa": model.Backend("owa", (server,), extended_protection=bound)})
        return [one.name for one in subjects(configuration, checkers(), TLSContexts({}, 0.0))]

    def test_their_certificate_is_looked_at_though_no_check_does(self) -> None:
        options = checkers()["tcp"].options()
        self.assertEqual(self.subjects(model.Check("tcp", "tcp", options, model.CheckTiming())), ["tcp", "certificate"])
        self.assertEqual(self.subjects(), ["certificate"])
        self.assertEqual(self.subjects(bound=False), [])

    def test_once_is_enough(self) -> None:
        front = model.FrontTLS((model.Certificate(certificate_file(self.mktemp()).file),))
        tls = model.CheckTLS("implicit", fronts=(front,), bound=True)
        check = model.Check("tls", "tls", checkers()["tls"].options(), model.CheckTiming(), tls=tls)
        self.assertEqual(self.subjects(check), ["tls"])


class PortTests(SynchronousTestCase):
    """Servers whose port their endpoint mapper tells."""

    def setUp(self) -> None:
        self.checkers = checkers()
        self.mapping = model.Mapping("a4f1db00-ca47-1067-b31f-00dd010662da", 10135, 7.0, 2.0, 5)

    def server(self, *checks: model.Check) -> model.Server:
        return model.Server("ex1", "ex1", "mbx.example.com", None, checks=checks, mapping=self.mapping)

    def check(self, **more: object) -> model.Check:
        return model.Check("tcp", "tcp", self.checkers["tcp"].options(), model.CheckTiming(), **more)

    def test_all_that_is_said_of_the_mapper_arrives(self) -> None:
        plan = Plans(self.checkers, TLSContexts({}, 0.0)).port_of(self.server(), "192.0.2.77")
        expected = PortPlan(
            host="mbx.example.com", interface="emsmdb", mapper=10135, interval=7.0, timeout=2.0, fall=5, source="192.0.2.77"
        )
        self.assertEqual(plan, expected)

    def test_a_server_with_a_port_has_no_such_plan(self) -> None:
        self.assertIsNone(Plans(self.checkers, TLSContexts({}, 0.0)).port_of(model.Server("ex1", "ex1", "192.0.2.1", 25), None))

    def subjects(self, *checks: model.Check) -> list[Subject | PortSubject]:
        configuration = model.Configuration((), backends={"ca": model.Backend("ca", (self.server(*checks),))})
        return subjects(configuration, self.checkers, TLSContexts({}, 0.0))

    def test_its_checks_are_subjects_whose_port_has_to_be_found(self) -> None:
        mapped, fixed = self.subjects(self.check(), attrs.evolve(self.check(port=80), name="other"))
        self.assertEqual((isinstance(mapped.port, PortPlan), fixed.port), (True, 80))

    def test_without_checks_the_port_itself_is_the_subject(self) -> None:
        (subject,) = self.subjects()
        assert isinstance(subject, PortSubject)
        self.assertEqual((subject.server, subject.port.interface.name), ("ca/ex1", "emsmdb"))
