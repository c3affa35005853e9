"""From a file to a service."""

import sys
from pathlib import Path

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from exproxy.config.problems import ConfigError
from exproxy.site import starting
from exproxy.site.errors import SiteError
from exproxy.site.service import SiteService
from exproxy.site.starting import service_for
from tests.net.memory import MemoryNetwork

TEXT = """
[frontends.smtp]
bind = "127.0.0.1:2525"
backend = "hub"
[backends.hub]
check = "smtp"
servers = { one = "127.0.0.1:9" }
"""


class ServiceForTests(SynchronousTestCase):
    def write(self, text: str) -> Path:
        path = Path(self.mktemp())
        path.write_text(text)
        return path

    def test_a_file_that_is_wrong_is_said_before_anything_is_bound(self) -> None:
        reactor = MemoryReactorClock()
        path = self.write('[frontends.smtp]\nbind = "127.0.0.1:25"\nbackend = "hub"\n')
        error = self.assertRaises(ConfigError, service_for, path, {}, reactor)
        self.assertIn("frontends.smtp.backend", str(error))
        self.assertEqual(reactor.getReaders(), [])

    def test_a_file_that_is_right_becomes_a_service_on_a_steady_clock(self) -> None:
        reactor = MemoryReactorClock()
        reactor.callFromThread = lambda call: call()
        self.patch(starting, "network_for", MemoryNetwork)
        before = reactor.seconds
        service = service_for(self.write(TEXT), {}, reactor)
        self.addCleanup(service._site.stop)
        self.assertIsInstance(service, SiteService)
        self.assertIsNot(reactor.seconds, before)

    def test_workers_need_an_interpreter_that_the_process_may_run(self) -> None:
        self.patch(starting.sys, "executable", "/root/no/python")
        path = self.write("[service]\nworkers = 2\n" + TEXT)
        error = self.assertRaises(SiteError, service_for, path, {}, MemoryReactorClock())
        self.assertIn("service.workers: /root/no/python may not be run", str(error))

    def test_a_user_that_there_is_not_is_told(self) -> None:
        if sys.platform == "win32":
            raise SkipTest("Windows has no numbers of users")
        error = self.assertRaises(SiteError, service_for, self.write(TEXT), {}, MemoryReactorClock(), 3_999_999_999)
        self.assertIn("there is no user 3999999999", str(error))

    def test_what_a_supervisor_would_not_say_is_told(self) -> None:
        environ = {"NOTIFY_SOCKET": "nonsense"}
        error = self.assertRaises(SiteError, service_for, self.write(TEXT), environ, MemoryReactorClock())
        self.assertIn("the environment: NOTIFY_SOCKET: ", str(error))
