"""Reminders are told at the start, after a renewal, and every day."""

import os
from datetime import UTC, datetime, timedelta

from exproxy.config import model
from exproxy.site.reminders import DAY, Reminders
from exproxy.site.tls import LOOK, TLSContexts
from tests.net.tls.files import certificate_file
from tests.site.stage import SiteStage


class RemindersTests(SiteStage):
    def setUp(self) -> None:
        super().setUp()
        self.folder = self.mktemp()
        self.issue(3)
        self.contexts = TLSContexts({}, 0.0)
        self.contexts.front("web", model.FrontTLS((model.Certificate(self.file),)))
        self.reminders = Reminders(self.contexts)
        self.heard = self.hear()

    def issue(self, days: int) -> None:
        now = datetime.now(UTC)
        self.file = certificate_file(self.folder, not_before=now - timedelta(days=1), not_after=now + timedelta(days=days)).file

    def told(self, now: float) -> int:
        """How many sentences of a certificate that expires."""
        self.heard.clear()
        self.reminders.look(now)
        return sum("frontends.web.tls: " in text and "expires in" in text for text in self.heard)

    def test_at_the_start_and_every_day(self) -> None:
        moments = [0.0, 1.0, DAY - 1, DAY, DAY + 1, 2 * DAY]
        self.assertEqual([self.told(now) for now in moments], [1, 0, 0, 1, 0, 1])

    def test_after_a_renewal(self) -> None:
        self.told(0.0)
        self.issue(5)
        os.utime(self.file, (1, 1))
        self.contexts.look(LOOK)
        self.assertEqual(self.told(LOOK), 0)
        self.contexts.look(2 * LOOK)
        self.assertEqual(self.told(2 * LOOK), 1)
