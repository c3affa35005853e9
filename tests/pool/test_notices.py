from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool import Operational, Transition
from exproxy.pool.notices import Announced, Outbox


def transition(at: float) -> Transition:
    return Transition("hub/ex1", Operational.UP, Operational.DOWN, "", at)


class OutboxTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.outbox = Outbox()
        self.told: list[float] = []

    def put(self, *times: float) -> None:
        for at in times:
            self.outbox.put(Announced(transition(at), (self.hear,)))

    def hear(self, heard: Transition) -> None:
        self.told.append(heard.at)
        if heard.at == 1.0:
            self.put(9.0)
            self.outbox.deliver()

    def test_tells_in_order_what_came_about_while_telling_too(self) -> None:
        self.put(1.0, 2.0)
        self.outbox.deliver()
        self.assertEqual(self.told, [1.0, 2.0, 9.0])

    def test_tells_everything_once(self) -> None:
        self.put(2.0)
        self.outbox.deliver()
        self.outbox.deliver()
        self.assertEqual(self.told, [2.0])

    def test_goes_on_with_the_next_call_after_an_exception(self) -> None:
        def raise_it(_: Transition) -> None:
            raise RuntimeError("a listener's bug")

        self.outbox.put(Announced(transition(1.0), (raise_it,)))
        self.put(2.0)
        self.assertRaises(RuntimeError, self.outbox.deliver)
        self.outbox.deliver()
        self.assertEqual(self.told, [2.0])
