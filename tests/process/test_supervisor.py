"""When to start again, and when to give up waiting."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.process.supervisor import LONGEST, SOON, STEADY, Pulse, Restarts


class RestartsTests(SynchronousTestCase):
    def test_the_first_replacement_comes_at_once(self) -> None:
        restarts = Restarts()
        restarts.started(100.0)
        self.assertEqual(restarts.ended(101.0), SOON)

    def test_who_dies_young_again_and_again_waits_longer_and_longer(self) -> None:
        restarts = Restarts()
        delays = []
        for _ in range(12):
            restarts.started(100.0)
            delays.append(restarts.ended(100.1))
        self.assertEqual(delays[:3], [SOON, 2 * SOON, 4 * SOON])
        self.assertEqual(delays[-1], LONGEST)

    def test_who_has_lived_is_replaced_at_once_again(self) -> None:
        restarts = Restarts()
        for _ in range(5):
            restarts.started(100.0)
            restarts.ended(100.1)
        restarts.started(200.0)
        self.assertEqual(restarts.ended(200.0 + STEADY), SOON)


class PulseTests(SynchronousTestCase):
    def asked(self, times: int) -> Pulse:
        pulse = Pulse(4)
        for _ in range(times):
            pulse.asked()
        return pulse

    def test_silence_is_borne_for_some_questions(self) -> None:
        self.assertEqual((self.asked(3).gone(), self.asked(4).gone()), (False, True))

    def test_an_answer_begins_the_count_anew(self) -> None:
        pulse = self.asked(3)
        pulse.heard()
        pulse.asked()
        self.assertFalse(pulse.gone())
