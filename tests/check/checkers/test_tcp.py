"""``tcp``."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.check.checkers.tcp import TcpChecker, TcpOptions
from exproxy.check.interfaces import Target
from exproxy.wire.dialogue.base import Status
from tests.check.peers import Bench
from tests.net.memory import Peer


class TcpCheckerTests(SynchronousTestCase):
    def test_an_open_port_is_enough(self) -> None:
        bench = Bench()
        bench.serve(Peer())
        target = Target("b/s", "192.0.2.1", 25, "mail")
        self.assertEqual(bench.run(TcpChecker().dialogue(TcpOptions(), target)).status, Status.L4OK)

    def test_it_has_no_port_of_its_own(self) -> None:
        self.assertIsNone(TcpChecker().default_port)
