"""Long work a piece at a time: the loop has its turn between, so that nobody's octets wait for the whole of it."""

import time
from collections.abc import Callable, Generator, Iterator
from typing import Generic, TypeVar

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Cooperator

SLICE = 0.005
"""Seconds of work, of all that there is, before the loop has its turn; the last piece may go beyond that."""

T = TypeVar("T")
Work = Generator[None, None, T]
"""Goes on from piece to piece, and returns what it has made; pieces are to be small beside :data:`SLICE`."""


@frozen
class Done(Generic[T]):
    """:param took: seconds of work, without the turns of others between."""

    value: T
    took: float


class Pieces:
    """:param stopwatch: seconds, finely."""

    def __init__(self, clock: IReactorTime, stopwatch: Callable[[], float] = time.perf_counter) -> None:
        self._stopwatch = stopwatch
        self._cooperator = Cooperator(self._slice, lambda call: clock.callLater(0, call))

    def do(self, work: Work[T]) -> "Deferred[Done[T]]":
        """From the loop's next turn on, beside all other work; it fails as the work does."""
        done: Deferred[Done[T]] = Deferred()
        self._cooperator.coiterate(self._measured(work, done)).addErrback(done.errback)
        return done

    def _measured(self, work: Work[T], done: "Deferred[Done[T]]") -> Iterator[None]:
        took = 0.0
        while True:
            began = self._stopwatch()
            try:
                next(work)
            except StopIteration as end:
                done.callback(Done(end.value, took + self._stopwatch() - began))
                return
            took += self._stopwatch() - began
            yield

    def _slice(self) -> Callable[[], bool]:
        end = self._stopwatch() + SLICE
        return lambda: self._stopwatch() >= end


def at_once(work: Work[T]) -> T:
    """The whole of it, for where it is small."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            value: T = end.value
            return value
