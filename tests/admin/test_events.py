"""What viewers hear, and what those cost who do not read, or are many."""

import json
from collections.abc import Callable

import attrs
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin.answers import RefusedError
from exproxy.admin.events import ALL, EACH, INTERVAL, KIND, LIFE, SHARE, STUCK, Events, Facts
from exproxy.admin.pieces import Done


@attrs.define(eq=False)
class Ear:
    said: list[bytes] = attrs.field(factory=list)
    full: bool = False
    ended: bool = False
    was_cut: bool = False
    leave: Callable[[], None] = lambda: None

    def tell(self, data: bytes) -> None:
        self.said.append(data)

    def end(self) -> None:
        self.ended = True
        self.leave()

    def cut(self) -> None:
        self.was_cut = True
        self.leave()

    def heard(self) -> list[object]:
        """What was said since the last time."""
        said, self.said = self.said, []
        return [json.loads(one.removeprefix(b"data: ")) for one in said]


class EventsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.facts: dict[str, object] = {"a": "1", "b": ["up", "good"]}
        self.looks = 0
        self.looked: Deferred[Done[Facts]] | None = None
        self.took = 0.0
        self.watch = 0.0
        self.events = Events(self.clock, self.look, self.stopwatch)

    def look(self) -> "Deferred[Done[Facts]]":
        self.looks += 1
        if self.looked is not None:
            return self.looked
        return succeed(Done(dict(self.facts), self.took))

    def stopwatch(self) -> float:
        return self.watch

    def listener(self, name: str = "anna") -> Ear:
        ear = Ear()
        answer = self.events.answer(name)
        assert answer.follow is not None
        self.assertEqual((answer.status, answer.kind), (200, KIND))
        ear.leave = answer.follow(ear)
        return ear

    def test_one_hears_everything_first_and_then_what_has_changed(self) -> None:
        ear = self.listener()
        self.clock.advance(0)
        self.assertEqual(ear.heard(), [{"a": "1", "b": ["up", "good"]}])
        self.facts["a"] = "2"
        self.clock.advance(INTERVAL)
        self.assertEqual(ear.heard(), [{"a": "2"}])
        self.clock.advance(INTERVAL)
        self.assertEqual(ear.heard(), [{}])

    def test_an_event_is_one_line_whatever_is_said(self) -> None:
        self.facts = {"a": "one\n\ndata: two\r\n<script>"}
        ear = self.listener()
        self.clock.advance(0)
        self.assertEqual(ear.said[0].count(b"\n"), 2)
        self.assertEqual(ear.heard(), [self.facts])

    def test_who_comes_later_hears_everything_and_the_others_no_more_than_before(self) -> None:
        first = self.listener()
        self.clock.advance(0)
        first.heard()
        second = self.listener("otto")
        self.clock.advance(INTERVAL)
        self.assertEqual((first.heard(), second.heard()), ([{}], [self.facts]))
        self.assertEqual(self.looks, 2)

    def test_nobody_looks_while_nobody_listens(self) -> None:
        self.clock.advance(10)
        self.assertEqual((self.looks, self.clock.getDelayedCalls()), (0, []))
        ear = self.listener()
        self.clock.advance(0)
        ear.leave()
        self.clock.advance(10)
        self.assertEqual((self.looks, self.clock.getDelayedCalls()), (1, []))

    def test_coming_and_going_does_not_make_it_look_more_often(self) -> None:
        for _ in range(50):
            self.listener().leave()
            self.clock.advance(0.01)
        ear = self.listener()
        self.clock.advance(INTERVAL)
        self.assertLessEqual(self.looks, 2)
        self.assertEqual(len(ear.said), 1)

    def test_who_does_not_read_is_told_nothing_and_everything_afterwards(self) -> None:
        slow, quick = self.listener(), self.listener("otto")
        self.clock.advance(0)
        slow.heard()
        slow.full = True
        for number in range(10):
            self.facts["a"] = str(number)
            self.clock.advance(INTERVAL)
        self.assertEqual((slow.said, len(quick.said)), ([], 11))
        slow.full = False
        self.clock.advance(INTERVAL)
        self.assertEqual(slow.heard(), [self.facts])
        self.facts["a"] = "x"
        self.clock.advance(INTERVAL)
        self.assertEqual(slow.heard(), [{"a": "x"}])

    def test_who_never_reads_is_cut_off(self) -> None:
        ear = self.listener()
        ear.full = True
        for _ in range(int(STUCK) + 2):
            self.clock.advance(INTERVAL)
        self.assertTrue(ear.was_cut)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_after_a_while_one_has_to_ask_again(self) -> None:
        ear = self.listener()
        for _ in range(int(LIFE) + 1):
            self.clock.advance(INTERVAL)
        self.assertTrue(ear.ended)

    def test_the_seventh_window_of_one_viewer_takes_the_place_of_the_first(self) -> None:
        ears = [self.listener() for _ in range(EACH + 1)]
        self.assertEqual([ear.ended for ear in ears], [True] + [False] * EACH)
        self.assertEqual(ears[0].said, [b"event: enough\ndata: \n\n"])

    def test_there_are_so_many_viewers_and_no_more(self) -> None:
        for number in range(ALL):
            self.listener(f"viewer {number}")
        error = self.assertRaises(RefusedError, self.events.answer, "one more")
        self.assertEqual((error.status, error.headers), (429, (("Retry-After", "5"),)))

    def test_what_takes_long_is_done_less_often(self) -> None:
        self.took = 2 * INTERVAL * SHARE
        ear = self.listener()
        for _ in range(40):
            self.clock.advance(INTERVAL / 4)
        self.assertEqual((self.looks, len(ear.said)), (5, 5))

    def test_while_it_looks_it_does_not_begin_again_and_nobody_is_told_before(self) -> None:
        looking = self.looked = Deferred()
        first = self.listener()
        self.clock.advance(0)
        second = self.listener("otto")
        self.clock.advance(3 * INTERVAL)
        self.assertEqual((self.looks, first.said, second.said), (1, [], []))
        self.looked = None
        looking.callback(Done(self.facts, 0.0))
        self.assertEqual((first.heard(), second.heard()), ([self.facts], [self.facts]))
        self.clock.advance(0)
        self.assertEqual((self.looks, first.heard(), second.heard()), (2, [{}], [{}]))

    def test_when_all_leave_while_it_looks_it_rests(self) -> None:
        looking = self.looked = Deferred()
        gone = self.listener()
        self.clock.advance(0)
        gone.leave()
        self.looked = None
        looking.callback(Done(self.facts, 0.0))
        self.assertEqual((gone.said, self.clock.getDelayedCalls()), ([], []))
        ear = self.listener()
        self.clock.advance(INTERVAL)
        self.assertEqual(ear.heard(), [self.facts])

    def test_an_error_is_logged_and_the_next_event_comes(self) -> None:
        looking = self.looked = Deferred()
        ear = self.listener()
        self.clock.advance(0)
        self.looked = None
        looking.errback(ValueError("no"))
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.clock.advance(INTERVAL)
        self.assertEqual(ear.heard(), [self.facts])

    def test_closed_it_has_nobody(self) -> None:
        ears = [self.listener() for _ in range(3)]
        self.events.close()
        self.assertTrue(all(ear.ended for ear in ears))
        self.assertEqual(self.clock.getDelayedCalls(), [])
