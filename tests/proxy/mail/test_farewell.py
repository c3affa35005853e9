"""The end of a connection that nobody needs any more."""

from exproxy.proxy.mail.farewell import Farewell
from tests.net.memory import pair
from tests.proxy.stage import Stage


class FarewellTests(Stage):
    def setUp(self) -> None:
        super().setUp()
        self.frontend = self.open(self.backend())
        self.near, self.far = pair(self.clock)

    def test_the_last_word_is_sent_and_the_connection_closed(self) -> None:
        Farewell(self.frontend, self.near, b"QUIT\r\n")
        self.settle()
        self.assertEqual((bytes(self.far.inbox), self.near.closed), (b"QUIT\r\n", True))

    def test_a_peer_that_does_not_let_go_is_cut_off(self) -> None:
        self.near.capacity = 2
        Farewell(self.frontend, self.near, b"QUIT\r\n")
        self.clock.advance(4.2)
        self.assertTrue(self.near.aborted)

    def test_one_that_has_gone_needs_no_cut(self) -> None:
        Farewell(self.frontend, self.near)
        self.clock.advance(4.2)
        self.assertFalse(self.near.aborted)
