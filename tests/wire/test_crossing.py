"""What a relay has to send."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.crossing import Broken, Crossing
from exproxy.wire.errors import WireError


class CrossingTests(SynchronousTestCase):
    def test_by_itself_it_is_nothing(self) -> None:
        self.assertEqual(Crossing(), Crossing(b"", b""))

    def test_a_session_that_ends_has_last_words(self) -> None:
        broken = Broken("7 bytes are too few", "RPC bind", Crossing(to_client=b"no"))
        self.assertIsInstance(broken, WireError)
        self.assertEqual((str(broken), broken.last.to_client), ("RPC bind: 7 bytes are too few", b"no"))
