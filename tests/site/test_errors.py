"""One sentence a line."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.site.errors import SiteError


class SiteErrorTests(SynchronousTestCase):
    def test_every_sentence_stands_on_its_own_line(self) -> None:
        self.assertEqual(str(SiteError(["port 25 is taken", "port 443 is taken"])), "port 25 is taken\nport 443 is taken")
