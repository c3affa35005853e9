from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.epmrelay import bounds
from exproxy.wire.rpc.association import FRAGMENT_SIZE
from exproxy.wire.rpc.pdu import HEADER_SIZE


class BoundsTests(SynchronousTestCase):
    def test_all_buffers_together_are_within_64_kb(self) -> None:
        letterheads = bounds.INCOMPLETE * (HEADER_SIZE + 8 + bounds.TRAILER)
        buffers = bounds.CLIENT_FRAGMENT + bounds.SERVER_FRAGMENT + bounds.ANSWERS + 2 * bounds.READ
        held = buffers + letterheads + bounds.QUESTION + bounds.GATHERED
        self.assertLessEqual(held, 65_536)

    def test_what_is_agreed_on_fits(self) -> None:
        self.assertGreaterEqual(min(bounds.CLIENT_FRAGMENT, bounds.SERVER_FRAGMENT), FRAGMENT_SIZE)

    def test_a_bound_that_is_reached_is_a_wire_error(self) -> None:
        self.assertEqual(str(bounds.BoundError("too much", "RPC bind")), "RPC bind: too much")
