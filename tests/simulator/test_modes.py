from twisted.trial.unittest import SynchronousTestCase

from exproxy.simulator.modes import Mode, ModeError, mode_named


class ModeNamedTests(SynchronousTestCase):
    def test_a_mode_is_found_whatever_its_case(self) -> None:
        self.assertIs(mode_named("Maintenance"), Mode.MAINTENANCE)

    def test_an_unknown_word_is_answered_with_the_known_ones(self) -> None:
        error = self.assertRaises(ModeError, mode_named, "broken")
        self.assertEqual(
            str(error), "no mode is called 'broken'; there are well, maintenance, error, garbage, silent, refuse, slow"
        )
