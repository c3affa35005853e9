"""Slots of the process and who gets the next one."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.proxy.gate import Gate


class FakeListener:
    def __init__(self, gate: Gate, order: list["FakeListener"]) -> None:
        self._gate = gate
        self._order = order
        self.accepting = True
        gate.add(self)

    def follow(self) -> None:
        self.accepting = self._gate.open
        if self.accepting:
            self._order.append(self)


class GateTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.gate = Gate(4)
        self.order: list[FakeListener] = []
        self.one, self.two = FakeListener(self.gate, self.order), FakeListener(self.gate, self.order)

    def test_each_listener_may_take_its_part_of_what_is_free_in_a_turn(self) -> None:
        self.assertEqual(self.gate.room(), 2)
        self.gate.take(self.one)
        self.assertEqual(self.gate.room(), 1)

    def test_full_nobody_accepts(self) -> None:
        for _ in range(4):
            self.gate.take(self.one)
        self.assertEqual((self.gate.open, self.gate.room(), self.one.accepting, self.two.accepting), (False, 0, False, False))

    def test_a_slot_that_comes_free_is_offered_first_to_who_did_not_take_the_last(self) -> None:
        for _ in range(4):
            self.gate.take(self.one)
        self.gate.free()
        self.assertEqual(self.order, [self.two, self.one])

    def test_several_slots_that_are_fewer_than_the_listeners_go_around(self) -> None:
        gate = Gate(2)
        order: list[FakeListener] = []
        listeners = [FakeListener(gate, order) for _ in range(3)]
        taken = []
        for _ in range(3):
            order.clear()
            gate.free() if gate.taken else None
            gate.free() if gate.taken else None
            for listener in (order or listeners)[:2]:
                gate.take(listener)
                taken.append(listeners.index(listener))
        self.assertEqual(taken, [0, 1, 2, 0, 1, 2])

    def test_a_busy_listener_cannot_starve_a_quiet_one(self) -> None:
        for _ in range(4):
            self.gate.take(self.one)
        firsts = []
        for _ in range(6):
            self.order.clear()
            self.gate.free()
            firsts.append(self.order[0])
            self.gate.take(self.order[0])
        self.assertEqual(firsts, [self.two, self.one] * 3)

    def test_a_closed_listener_takes_no_part(self) -> None:
        self.gate.remove(self.two)
        self.assertEqual(self.gate.room(), 4)
