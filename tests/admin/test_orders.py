from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin import orders
from exproxy.admin.answers import Asked, RefusedError
from exproxy.pool import Admin


def asked(body: bytes, kind: str = "application/json") -> Asked:
    return Asked("PUT", (), body=body, kind=kind)


class OrderTests(SynchronousTestCase):
    def test_a_state_and_a_weight_are_read(self) -> None:
        self.assertEqual(orders.state(asked(b'{"state": "drain"}')), Admin.DRAIN)
        self.assertEqual(orders.weight(asked(b'{"weight": 256}')), 256)
        self.assertEqual(orders.read(asked(b"{}"), ()), {})

    def test_what_a_form_can_send_is_no_order(self) -> None:
        for kind in ("", "text/plain", "application/x-www-form-urlencoded"):
            self.assertEqual(self.assertRaises(RefusedError, orders.state, asked(b'{"state": "drain"}', kind)).status, 415)

    def test_what_is_no_json_is_said(self) -> None:
        for body in (b"", b"{", b"\xff", b"[" * 100_000):
            self.assertEqual(self.assertRaises(RefusedError, orders.state, asked(body)).status, 400)

    def test_half_of_a_character_is_no_text(self) -> None:
        for body in (rb'{"state": "\ud800"}', rb'{"\udfff": 1}', rb'{"state": ["\ud800"]}'):
            error = self.assertRaises(RefusedError, orders.state, asked(body))
            self.assertEqual(error.status, 400)
            self.assertIn("half of a character", str(error))
        self.assertRaises(RefusedError, orders.state, asked(rb'{"\ud83d\ude00": 1}'))

    def test_another_table_is_refused_with_the_right_one(self) -> None:
        for body in (b"[]", b"3", b"{}", b'{"state": "drain", "by": "me"}', b'{"stat": "drain"}'):
            error = self.assertRaises(RefusedError, orders.state, asked(body))
            self.assertEqual(error.status, 422)
            self.assertIn('{"state": "…"}', str(error))

    def test_a_state_that_is_none_is_refused_with_those_that_there_are(self) -> None:
        for body in (b'{"state": "DRAIN"}', b'{"state": 3}', b'{"state": null}', b'{"state": []}'):
            error = self.assertRaises(RefusedError, orders.state, asked(body))
            self.assertEqual((error.status, str(error)), (422, "state is one of ready, drain, maint"))

    def test_a_weight_that_is_none_is_refused(self) -> None:
        for body in (b'{"weight": 999}', b'{"weight": -1}', b'{"weight": "1"}', b'{"weight": true}', b'{"weight": 1.5}'):
            error = self.assertRaises(RefusedError, orders.weight, asked(body))
            self.assertEqual((error.status, str(error)), (422, "weight is a whole number from 0 to 256"))
