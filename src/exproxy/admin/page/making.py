"""The first page, made a piece at a time: once for all who come meanwhile, or at the same moment."""

from collections.abc import Callable

from attrs import frozen
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from exproxy.admin.overview import Overview
from exproxy.admin.page.facts import Facts
from exproxy.admin.page.flattening import Flat
from exproxy.admin.pieces import Done, Pieces, Work
from exproxy.admin.views import Snapshot


@frozen
class Made:
    """:param main: what all who come are shown; ``facts`` are those of the snapshot."""

    snapshot: Snapshot
    facts: Facts
    main: Flat


class Making:
    """:param make: makes it of what is recent when the work begins."""

    def __init__(self, overview: Overview, pieces: Pieces, make: Callable[[], Work[Made]]) -> None:
        self._overview = overview
        self._pieces = pieces
        self._make = make
        self._made: Made | None = None
        self._age = 0
        """Of the snapshot that something is made of (:attr:`Overview.age`)."""
        self._waiting: list[Deferred[Done[Made]]] = []
        """For what is being made; nobody: nothing is."""
        self._late: list[Deferred[Done[Made]]] = []
        """These know of something that it does not show, and wait for the next."""

    def get(self) -> "Deferred[Done[Made]]":
        """One that nothing has been done after; the work is told to one of those who share it, and is none for the others."""
        if not self._waiting and self._made is not None and self._made.snapshot is self._overview.recent():
            return succeed(Done(self._made, 0.0))
        answer: Deferred[Done[Made]] = Deferred()
        if not self._waiting:
            self._waiting.append(answer)
            self._begin()
        elif self._age == self._overview.age:
            self._waiting.append(answer)
        else:
            self._late.append(answer)
        return answer

    def _begin(self) -> None:
        self._age = self._overview.age
        self._pieces.do(self._make()).addCallbacks(self._done, self._failed)

    def _done(self, done: Done[Made]) -> None:
        self._made = done.value
        first, *others = self._ended()
        first.callback(done)
        for other in others:
            other.callback(Done(done.value, 0.0))

    def _failed(self, failure: Failure) -> None:
        for one in self._ended():
            one.errback(failure)

    def _ended(self) -> "list[Deferred[Done[Made]]]":
        told, self._waiting, self._late = self._waiting, self._late, []
        if self._waiting:
            self._begin()
        return told
