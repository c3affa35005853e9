"""What is to be checked."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from exproxy.check.checkers.smtp import SmtpChecker, SmtpOptions
from exproxy.check.interfaces import Target
from exproxy.check.plan import CheckPlan, PortPlan, Security, security
from exproxy.net.tlscontext import TLSContextSettings
from exproxy.wire.interfaces import NSPI


class PlanTests(SynchronousTestCase):
    def plan(self, tls: Security | None) -> CheckPlan:
        return CheckPlan(name="smtp", host="mail.example.com", checker=SmtpChecker(), options=SmtpOptions(), security=tls)

    def test_a_target_is_the_server_as_it_was_configured(self) -> None:
        self.assertEqual(
            self.plan(None).target("hub/ex1", "192.0.2.1", 25), Target("hub/ex1", "192.0.2.1", 25, "mail.example.com", False)
        )

    def test_only_tls_that_is_not_implicit_is_starttls(self) -> None:
        for mode, starttls in (("starttls", True), ("implicit", False)):
            plan = self.plan(security(mode, verify=False))  # type: ignore[arg-type]  # from the list above
            self.assertIs(plan.target("hub/ex1", "192.0.2.1", 25).starttls, starttls)

    def test_security_is_made_of_its_single_settings(self) -> None:
        made = security("implicit", verify=True, ca=Path("/ca.pem"), name="mail", legacy=True, warn_days=3)
        settings = TLSContextSettings(verify=True, ca=Path("/ca.pem"), name="mail", legacy=True)
        self.assertEqual(made, Security(settings=settings, implicit=True, warn_days=3))


class PortPlanTests(SynchronousTestCase):
    def test_the_interface_is_a_name_or_a_uuid(self) -> None:
        found = [PortPlan(host="ex1", interface=text).interface for text in ("nspi", str(NSPI.uuid))]
        self.assertEqual(found, [NSPI, NSPI])

    def test_one_that_there_is_not_is_refused(self) -> None:
        self.assertRaises(ValueError, PortPlan, host="ex1", interface="emsmbd")
