"""From [notify] to the ways on which people are told."""

from pathlib import Path

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.config import model
from exproxy.site.channels import channels, troubles
from exproxy.site.errors import SiteError
from tests.net.tlspeer import authority_file

MAIL = model.MailNotice("mx", 25, "a@b.example", ("c@d.example",), "starttls")
WEBHOOK = model.WebhookNotice("https://a.example/")


class ChannelsTests(SynchronousTestCase):
    def test_each_way_that_is_there_is_made(self) -> None:
        notify = model.Notify(webhook=WEBHOOK, smtp=MAIL, command=model.CommandNotice(("tell",)))
        made = channels(MemoryReactorClock(), notify, {})
        self.assertEqual([way.name for way in made], ["notify.webhook", "notify.smtp", "notify.command"])
        self.assertEqual(channels(MemoryReactorClock(), model.Notify(), {}), [])

    def test_authorities_are_read(self) -> None:
        file = Path(authority_file(self.mktemp()))
        webhook = model.WebhookNotice("https://a.example/", ca=file)
        self.assertEqual(len(channels(MemoryReactorClock(), model.Notify(webhook=webhook), {})), 1)

    def test_those_that_cannot_be_used_are_told(self) -> None:
        missing, nothing = Path("/nowhere.pem"), Path(self.mktemp())
        nothing.write_text("hello")
        smtp = model.MailNotice("mx", 25, "a@b.example", ("c@d.example",), "starttls", nothing)
        notify = model.Notify(webhook=model.WebhookNotice("https://a.example/", ca=missing), smtp=smtp)
        wanted = [
            f"notify.webhook.ca: {missing} cannot be read: No such file or directory",
            f"notify.smtp.ca: {nothing} cannot be used: there is no certificate in PEM in it",
        ]
        self.assertEqual(troubles(notify), wanted)
        self.assertEqual(str(self.assertRaises(SiteError, channels, MemoryReactorClock(), notify, {})), "\n".join(wanted))
