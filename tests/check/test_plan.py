"""What is to be checked."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from exproxy.check.checkers.smtp import SmtpChecker, SmtpOptions
from exproxy.check.interfaces import Target
from exproxy.check.plan import CheckPlan, Security, security
from exproxy.net.tlscontext import TLSContextSettings


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
