from twisted.internet.defer import Deferred

from exproxy.admin.overview import RECENT
from exproxy.admin.page.facts import version
from exproxy.admin.page.flattening import Flat
from exproxy.admin.page.making import Made, Making
from exproxy.admin.pieces import Done, Work, at_once
from tests.admin.stage import AdminStage
from tests.pool.support import fail


class MakingTests(AdminStage):
    def setUp(self) -> None:
        super().setUp()
        self.begun = 0
        self.broken = False
        self.doing: list[tuple[Work[Made], Deferred[Done[Made]]]] = []
        self.patch(self.pieces, "do", self.do)
        self.making = Making(self.overview, self.pieces, self.make)

    def do(self, work: Work[Made]) -> "Deferred[Done[Made]]":
        """Takes as long as a test wants."""
        next(work)
        done: Deferred[Done[Made]] = Deferred()
        self.doing.append((work, done))
        return done

    def make(self) -> Work[Made]:
        self.begun += 1
        snapshot, name = self.overview.recent(), f"page {self.begun}"
        yield
        if self.broken:
            raise ValueError("no")
        return Made(snapshot, {}, Flat(name))

    def go_on(self) -> None:
        work, done = self.doing.pop(0)
        try:
            done.callback(Done(at_once(work), 0.5))
        except ValueError as error:
            done.errback(error)

    def shown(self, answer: "Deferred[Done[Made]]") -> str:
        return self.successResultOf(answer).value.main.html

    def test_who_come_while_it_is_made_share_it_and_it_is_worked_for_once(self) -> None:
        first = self.making.get()
        self.clock.advance(2 * RECENT)
        second = self.making.get()
        self.assertNoResult(first)
        self.assertNoResult(second)
        self.go_on()
        one, other = self.successResultOf(first), self.successResultOf(second)
        self.assertEqual((one.value.main.html, self.begun), ("page 1", 1))
        self.assertIs(other.value, one.value)
        self.assertEqual((one.took, other.took), (0.5, 0.0))

    def test_who_comes_at_the_same_moment_is_shown_the_same_and_later_another(self) -> None:
        self.making.get()
        self.go_on()
        self.assertEqual(self.shown(self.making.get()), "page 1")
        self.clock.advance(RECENT)
        later = self.making.get()
        self.go_on()
        self.assertEqual(self.shown(later), "page 2")

    def test_who_comes_after_something_was_done_is_not_shown_what_was_before(self) -> None:
        before = self.making.get()
        self.overview.forget()
        after, another = self.making.get(), self.making.get()
        self.go_on()
        self.assertEqual(self.shown(before), "page 1")
        self.assertNoResult(after)
        self.go_on()
        self.assertEqual([self.shown(after), self.shown(another), self.begun], ["page 2", "page 2", 2])

    def test_who_comes_after_an_event_is_not_shown_what_was_before_it(self) -> None:
        before = self.making.get()
        fail(self.server("web/ex1"))
        told = self.facts()
        after = self.making.get()
        self.go_on()
        self.assertNotEqual(version(self.successResultOf(before).value.snapshot, ()), told["version"])
        self.go_on()
        self.assertEqual(version(self.successResultOf(after).value.snapshot, ()), told["version"])

    def test_never_are_two_made_at_once(self) -> None:
        answers = []
        for _ in range(5):
            answers.append(self.making.get())
            self.overview.forget()
        self.assertEqual(len(self.doing), 1)
        self.go_on()
        self.assertEqual(len(self.doing), 1)
        self.go_on()
        self.assertEqual([self.shown(one) for one in answers], ["page 1", *["page 2"] * 4])

    def test_one_that_fails_is_told_to_all_and_the_next_is_made(self) -> None:
        self.broken = True
        answers = [self.making.get(), self.making.get()]
        self.go_on()
        for one in answers:
            self.failureResultOf(one, ValueError)
        self.broken = False
        again = self.making.get()
        self.go_on()
        self.assertEqual(self.shown(again), "page 2")
