import io

from twisted.logger import Logger
from twisted.trial.unittest import SynchronousTestCase

from exproxy.simulator.narrator import narrate


class NarratorTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.out = io.StringIO()
        self.stop = narrate(self.out)
        self.addCleanup(self.cleanup)

    def cleanup(self) -> None:
        self.stop()

    def test_the_sites_events_are_told_a_line_each(self) -> None:
        Logger("exproxy.simulator.site").info("{server} took a mail", server="ex1")
        self.assertEqual(self.out.getvalue(), "site  | ex1 took a mail\n")

    def test_other_events_are_not(self) -> None:
        Logger("twisted.internet").info("something")
        self.assertEqual(self.out.getvalue(), "")

    def test_details_are_not(self) -> None:
        Logger("exproxy.simulator.site").debug("something")
        self.assertEqual(self.out.getvalue(), "")

    def test_nothing_is_told_after_the_end(self) -> None:
        self.stop()
        self.stop = lambda: None
        Logger("exproxy.simulator.site").info("too late")
        self.assertEqual(self.out.getvalue(), "")
