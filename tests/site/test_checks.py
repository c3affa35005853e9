"""From the configuration's checks to the check service's plans."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from exproxy.check.plugins import checkers
from exproxy.config import model
from exproxy.site.checks import Plans, subjects


class PlansTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.checkers = checkers()
        self.plans = Plans(self.checkers)

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
        found = subjects(configuration, self.checkers)
        self.assertEqual(
            [(one.server, one.port, one.required) for one in found], [("hub/ex1", 25, True), ("hub/ex1", 2525, False)]
        )
        self.assertEqual(found[0].plan.host, "mx.example.com")
