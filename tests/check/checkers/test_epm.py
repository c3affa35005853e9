"""``epm``."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.check.checkers.epm import EpmChecker, EpmOptions
from exproxy.check.interfaces import Target
from exproxy.wire.dialogue.base import Status
from exproxy.wire.dialogue.epm import EpmCheck
from tests.check.peers import Bench
from tests.net.memory import Peer


class EpmCheckerTests(SynchronousTestCase):
    def test_it_asks_for_exchanges_interface_by_itself(self) -> None:
        self.assertEqual(EpmOptions().interface, "emsmdb")
        dialogue = EpmChecker().dialogue(EpmOptions(), Target("b/s", "192.0.2.1", 135, "mail"))
        self.assertIsInstance(dialogue, EpmCheck)

    def test_a_misspelt_interface_is_refused(self) -> None:
        with self.assertRaises(ValueError):
            EpmOptions("emsmbd")

    def test_a_mapper_that_says_garbage_fails(self) -> None:
        bench = Bench()
        bench.serve(Peer(b"garbage garbage garbage"))
        dialogue = EpmChecker().dialogue(EpmOptions(), Target("b/s", "192.0.2.1", 135, "mail"))
        self.assertEqual(bench.run(dialogue).status, Status.L7RSP)
