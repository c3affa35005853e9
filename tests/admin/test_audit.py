from twisted.internet.task import Clock

from exproxy.admin.audit import KEPT, Audit
from exproxy.admin.views import ActionView
from tests.admin.stage import AdminStage


class AuditTests(AdminStage):
    def test_what_is_done_is_logged_and_remembered_the_newest_first(self) -> None:
        heard = self.hear()
        audit = Audit(self.clock)
        audit.note("anna", "set host ex1 to drain")
        self.clock.advance(1)
        audit.note("otto", "cleared table cas")
        self.assertEqual(heard, ["audit: anna set host ex1 to drain", "audit: otto cleared table cas"])
        self.assertEqual(
            audit.last(), (ActionView(1001.0, "otto", "cleared table cas"), ActionView(1000.0, "anna", "set host ex1 to drain"))
        )

    def test_not_more_is_kept_than_is_shown(self) -> None:
        audit = Audit(Clock())
        for number in range(2 * KEPT):
            audit.note("anna", str(number))
        self.assertEqual([action.what for action in audit.last()][:: KEPT - 1], [str(2 * KEPT - 1), str(KEPT)])
