"""What the service manager is told."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.winservice.status import RUNNING, START_PENDING, STOP_PENDING, STOPPED, Status, Words


class StatusTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.told: list[Words] = []
        self.status = Status(self.told.append)

    def states(self) -> list[int]:
        return [words[1] for words in self.told]

    def test_a_whole_life_is_told(self) -> None:
        self.status.starting(60)
        self.status.running()
        self.status.stopping(15)
        self.status.stopped()
        self.assertEqual(self.states(), [START_PENDING, RUNNING, STOP_PENDING, STOPPED])

    def test_each_sign_of_life_has_the_next_number_and_says_how_long_the_next_may_take(self) -> None:
        self.status.stopping(15)
        self.status.stopping(7.5)
        self.assertEqual([words[5:] for words in self.told], [(1, 15_000), (2, 7_500)])

    def test_a_stop_is_accepted_during_the_start_too(self) -> None:
        self.status.starting(60)
        self.status.running()
        self.assertEqual([words[2] for words in self.told], [0x5, 0x5])

    def test_while_it_stops_only_the_end_of_the_machine_is_of_interest(self) -> None:
        self.status.stopping(1)
        self.status.stopped()
        self.assertEqual([words[2] for words in self.told], [0x4, 0])

    def test_who_was_asked_to_stop_does_not_say_that_it_runs(self) -> None:
        self.status.stopping(15)
        self.status.running()
        self.assertEqual(self.states(), [STOP_PENDING])

    def test_stopped_is_the_last_word(self) -> None:
        self.status.stopped(2)
        self.status.stopping(15)
        self.status.stopped()
        self.assertEqual(self.told, [(0x10, STOPPED, 0, 1066, 2, 0, 0)])

    def test_asked_it_says_the_same_again(self) -> None:
        self.status.starting(60)
        self.status.again()
        self.assertEqual(self.told[0], self.told[1])
