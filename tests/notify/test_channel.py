"""Why a message was not taken."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.notify.channel import DeliveryError


class DeliveryErrorTests(SynchronousTestCase):
    def test_it_says_why_and_whether_trying_again_is_of_use(self) -> None:
        self.assertEqual((str(DeliveryError("no")), DeliveryError("no").final), ("no", False))
        self.assertTrue(DeliveryError("no", final=True).final)
