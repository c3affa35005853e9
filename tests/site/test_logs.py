"""The access log that the configuration asks for."""

from pathlib import Path

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.config import model
from exproxy.site.errors import SiteError
from exproxy.site.logs import access_log
from tests.proxy.accesslog.samples import RECORD


class AccessLogTests(SynchronousTestCase):
    def test_lines_go_to_the_file_as_text_or_json(self) -> None:
        for form, start in (("text", "192."), ("json", "{")):
            path = Path(self.mktemp())
            log = access_log(Clock(), model.Log(format=form, access=path))
            log.log(RECORD)
            log.close()
            self.assertTrue(path.read_text().startswith(start))

    def test_a_file_that_cannot_be_opened_is_said(self) -> None:
        error = self.assertRaises(SiteError, access_log, Clock(), model.Log(access=Path("/proc/none/access.log")))
        self.assertIn("service.log: cannot open the access log", str(error))
