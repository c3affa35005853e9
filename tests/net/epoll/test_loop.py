"""The loop's turns."""

import os
import select

from exproxy.net.epoll.loop import EVENTS_A_ROUND, LINGER, ROUNDS_A_TURN, Loop
from tests.net.epoll.harness import LoopTestCase, SilentRecorder


class Pipe:
    """A handler whose descriptor is always ready."""

    def __init__(self, loop: Loop, error: Exception | None = None) -> None:
        self.read, self.write = os.pipe()
        os.write(self.write, b"x")
        self.calls = 0
        self.faults = 0
        self._error = error
        loop.register(self.read, self, select.EPOLLIN)

    def ready(self, mask: int) -> None:
        self.calls += 1
        if self._error is not None:
            raise self._error

    def fault(self) -> None:
        self.faults += 1

    def close(self) -> None:
        os.close(self.read)
        os.close(self.write)


class LoopTests(LoopTestCase):
    def pipe(self, error: Exception | None = None) -> Pipe:
        pipe = Pipe(self.loop, error)
        self.addCleanup(pipe.close)
        return pipe

    def test_its_descriptor_is_the_only_one_that_the_reactor_watches(self) -> None:
        self.pipe()
        self.assertEqual(self.reactor.getReaders(), [self.loop])

    def test_a_handler_that_raises_ends_nobody_else(self) -> None:
        bad, good = self.pipe(ZeroDivisionError()), self.pipe()
        self.loop.round(0)
        self.assertEqual((bad.faults, good.calls), (1, 1))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_a_round_takes_a_bounded_number_of_events(self) -> None:
        pipes = [self.pipe() for _ in range(EVENTS_A_ROUND + 44)]
        self.assertTrue(self.loop.round(0))
        self.assertEqual(sum(pipe.calls for pipe in pipes), EVENTS_A_ROUND)

    def test_a_turn_takes_a_bounded_number_of_rounds_though_there_is_always_more(self) -> None:
        pipe = self.pipe()
        self.loop.doRead()
        self.assertEqual(pipe.calls, 1 + ROUNDS_A_TURN)

    def test_a_turn_is_over_when_the_reactor_has_waited_long_enough(self) -> None:
        class Slow(Pipe):
            def ready(slow, mask: int) -> None:  # noqa: N805 - self is the test's
                super().ready(mask)
                self.reactor.advance(LINGER)

        slow = Slow(self.loop)
        self.addCleanup(slow.close)
        self.loop.doRead()
        self.assertLess(slow.calls, 6)

    def test_what_comes_of_a_round_is_done_in_the_same_turn(self) -> None:
        answers = Pipe(self.loop)
        self.addCleanup(answers.close)
        os.read(answers.read, 1)

        class Asking(Pipe):
            def ready(self, mask: int) -> None:
                os.read(self.read, 1)
                os.write(answers.write, b"x")

        asking = Asking(self.loop)
        self.addCleanup(asking.close)
        self.loop.doRead()
        self.assertGreater(answers.calls, 0)

    def test_a_round_tells_that_there_was_nothing(self) -> None:
        self.assertFalse(self.loop.round(0))

    def test_who_carries_on_does_so_in_the_next_turn_without_an_event(self) -> None:
        class Carrier:
            calls = 0

            def carry_on(self) -> None:
                self.calls += 1

        carrier = Carrier()
        self.loop.again(carrier)
        self.assertEqual(carrier.calls, 0)
        self.reactor.advance(0)
        self.assertEqual(carrier.calls, 1)

    def test_a_receiver_that_raises_at_a_streams_end_ends_nobody_else(self) -> None:
        class Bad(SilentRecorder):
            def stream_lost(self, stream: object, error: Exception | None) -> None:
                raise ZeroDivisionError

        good = SilentRecorder()
        first, _ = self.stream(Bad())
        second, _ = self.stream(good)
        first.close()
        second.close()
        self.turn()
        self.assertIn(second, good.lost)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_now_is_the_beginning_of_the_round(self) -> None:
        self.reactor.advance(5)
        self.loop.doRead()
        self.assertEqual(self.loop.now, 5)

    def test_who_is_called_may_close_it(self) -> None:
        loop = Loop(self.reactor)

        class Last(Pipe):
            def ready(self, mask: int) -> None:
                super().ready(mask)
                loop.close()

        last = Last(loop)
        self.addCleanup(last.close)
        loop.doRead()
        self.assertEqual(last.calls, 1)
        self.assertNotIn(loop, self.reactor.getReaders())

    def test_closed_it_leaves_the_reactor(self) -> None:
        loop = Loop(self.reactor)
        loop.close()
        self.assertNotIn(loop, self.reactor.getReaders())
