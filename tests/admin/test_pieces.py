from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin.pieces import SLICE, Done, Pieces, Work, at_once


class PiecesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.watch = 0.0
        self.turns = 0
        self.seen: list[tuple[str, int]] = []
        self.pieces = Pieces(self.clock, lambda: self.watch)
        self.clock.callLater = self.later  # type: ignore[method-assign]  # a turn has what was due before it, and no more

    def later(self, delay: float, call: object, *rest: object) -> object:
        self.assertEqual(delay, 0)
        return Clock.callLater(self.clock, 1.0, call, *rest)  # type: ignore[arg-type]  # as it was given

    def turn(self) -> None:
        self.turns += 1
        self.clock.advance(1.0)

    def work(self, name: str, pieces: int, each: float = SLICE) -> Work[str]:
        for _ in range(pieces):
            self.watch += each
            self.seen.append((name, self.turns))
            yield
        return f"{name} is done"

    def test_the_loop_has_its_turn_between_pieces(self) -> None:
        done = self.pieces.do(self.work("a", 3))
        self.assertEqual(self.seen, [])
        for _ in range(4):
            self.assertNoResult(done)
            self.turn()
        self.assertEqual(self.seen, [("a", 1), ("a", 2), ("a", 3)])
        self.assertEqual(self.successResultOf(done).value, "a is done")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_small_pieces_share_a_turn(self) -> None:
        done = self.pieces.do(self.work("a", 4, SLICE / 2))
        self.turn()
        self.assertEqual(self.seen, [("a", 1), ("a", 1)])
        self.turn()
        self.turn()
        self.assertEqual(self.successResultOf(done), Done("a is done", 2 * SLICE))

    def test_all_work_together_takes_no_more_of_a_turn_than_one(self) -> None:
        first, second = self.pieces.do(self.work("a", 2)), self.pieces.do(self.work("b", 2))
        for _ in range(6):
            self.turn()
        self.assertEqual(len({turn for _, turn in self.seen}), 4)
        self.assertEqual([name for name, _ in self.seen], ["a", "b", "a", "b"])
        # and what it took is its own
        for done in (first, second):
            self.assertAlmostEqual(self.successResultOf(done).took, 2 * SLICE)

    def test_work_that_fails_says_so_and_keeps_nothing_from_the_others(self) -> None:
        def fails() -> Work[str]:
            yield
            raise ValueError("no")

        failed, done = self.pieces.do(fails()), self.pieces.do(self.work("a", 1))
        for _ in range(4):
            self.turn()
        self.failureResultOf(failed, ValueError)
        self.assertEqual(self.successResultOf(done).value, "a is done")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_what_is_small_is_done_at_once(self) -> None:
        self.assertEqual(at_once(self.work("a", 3)), "a is done")
