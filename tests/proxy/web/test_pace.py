"""Bodies that trickle."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.proxy.web.pace import Pace, pace_of
from tests.proxy.web.test_routes import head

RATE, GRACE = 100.0, 10.0


class PaceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.pace = Pace(RATE, GRACE, True)
        self.pace.left(500, True, 0.0)

    def test_who_sends_enough_may_go_on(self) -> None:
        self.assertEqual(self.pace.left(500 + 1000, True, GRACE), GRACE)
        self.assertEqual(self.pace.left(500 + 2000, True, 2 * GRACE), GRACE)

    def test_who_sends_less_over_a_while_is_too_slow(self) -> None:
        self.assertEqual(self.pace.left(500 + 999, True, GRACE), 0.0)

    def test_a_fast_beginning_is_no_excuse_later(self) -> None:
        self.pace.left(10_000_000, True, GRACE)
        self.assertEqual(self.pace.left(10_000_999, True, 2 * GRACE), 0.0)

    def test_nobody_is_judged_before_a_while_is_over(self) -> None:
        self.assertEqual(self.pace.left(500, True, 3.0), 7.0)

    def test_a_while_in_which_the_server_took_nothing_does_not_count(self) -> None:
        self.pace.excuse()
        self.assertEqual(self.pace.left(500, True, GRACE), GRACE)
        self.assertEqual(self.pace.left(500, True, 2 * GRACE), 0.0)

    def test_while_somebody_else_is_awaited_time_stands_still(self) -> None:
        self.assertEqual(self.pace.left(500, False, GRACE), GRACE)
        self.assertEqual(self.pace.left(500, True, 2 * GRACE), GRACE)
        self.assertEqual(self.pace.left(500, True, 3 * GRACE), 0.0)

    def test_who_asked_whether_it_may_send_is_not_slow_before_it_may(self) -> None:
        pace = Pace(RATE, GRACE, False)
        self.assertEqual([pace.left(0, True, at * GRACE) for at in range(4)], [GRACE] * 4)
        pace.invited = True
        self.assertEqual([pace.left(0, True, at * GRACE) for at in (4, 5)], [GRACE, 0.0])


class PaceOfTests(SynchronousTestCase):
    def test_bodies_have_one(self) -> None:
        for line in ("Content-Length: 7", "Transfer-Encoding: chunked"):
            pace = pace_of(head("/", "a", "POST", line), RATE, GRACE)
            assert pace is not None
            self.assertTrue(pace.invited)

    def test_who_waits_for_a_word_is_not_invited_yet(self) -> None:
        pace = pace_of(head("/", "a", "POST", "Content-Length: 7", "Expect: 100-continue"), RATE, GRACE)
        assert pace is not None
        self.assertFalse(pace.invited)

    def test_what_has_no_body_has_none_and_neither_have_outlooks_channels(self) -> None:
        self.assertIsNone(pace_of(head("/", "a", "POST", "Content-Length: 0"), RATE, GRACE))
        self.assertIsNone(pace_of(head("/"), RATE, GRACE))
        for method in ("RPC_IN_DATA", "RPC_OUT_DATA"):
            self.assertIsNone(pace_of(head("/rpc/rpcproxy.dll", "a", method, "Content-Length: 1073741824"), RATE, GRACE))
