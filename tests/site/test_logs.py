"""The access log that the configuration asks for."""

import re
import socket
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
        path = Path("/proc/none/access.log")
        error = self.assertRaises(SiteError, access_log, Clock(), model.Log(access=path))
        why = "(No such file|The system cannot find|File not found)"
        self.assertRegex(str(error), f"^service\\.log\\.access: {re.escape(str(path))} cannot be opened: {why}")

    def test_a_syslog_server_whose_name_is_not_known_is_said(self) -> None:
        log = model.Log(syslog="udp://log.example.invalid:514")
        self.patch(socket, "getaddrinfo", self.not_known)
        self.assertEqual(
            str(self.assertRaises(SiteError, access_log, Clock(), log)),
            "service.log.syslog: udp://log.example.invalid:514 cannot be used: Name or service not known",
        )

    def not_known(self, *_arguments: object, **_more: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
