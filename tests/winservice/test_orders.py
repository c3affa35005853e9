"""Orders that may come too early."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.winservice.orders import Order, Orders


class OrdersTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.orders = Orders()
        self.followed: list[Order] = []

    def test_they_are_followed_at_once(self) -> None:
        self.orders.follow(self.followed.append)
        self.orders.give("stop")
        self.orders.give("shutdown")
        self.assertEqual(self.followed, ["stop", "shutdown"])

    def test_those_that_came_before_are_not_lost(self) -> None:
        self.orders.give("stop")
        self.orders.follow(self.followed.append)
        self.orders.give("shutdown")
        self.assertEqual(self.followed, ["stop", "shutdown"])
