from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool.waiting import Line, Ticket
from tests.pool.support import Recorder, get, make_backend, make_server


def ticket(number: int) -> Ticket:
    return Ticket(make_backend(), Recorder(), None, None, number, 0.0)


class LineTests(SynchronousTestCase):
    def test_the_oldest_comes_first_however_late_it_was_put_in(self) -> None:
        line = Line()
        old, young = ticket(1), ticket(2)
        line.put(young)
        line.put(old)
        self.assertIs(line.oldest(), old)

    def test_who_left_is_not_found(self) -> None:
        line = Line()
        old, young = ticket(1), ticket(2)
        line.put(old)
        line.put(young)
        line.remove(old)
        self.assertIs(line.oldest(), young)
        self.assertEqual(len(line), 1)

    def test_who_left_and_came_back_stands_there_once(self) -> None:
        line = Line()
        one = ticket(1)
        line.put(one)
        line.remove(one)
        line.put(one)
        self.assertEqual((line.take_all(), len(line), line.oldest()), ([one], 0, None))

    def test_who_moved_to_another_line_is_in_that_one_only(self) -> None:
        here, there = Line(), Line()
        one = ticket(1)
        here.put(one)
        here.remove(one)
        there.put(one)
        self.assertEqual((here.oldest(), there.oldest()), (None, one))

    def test_an_empty_line_has_no_oldest(self) -> None:
        self.assertIsNone(Line().oldest())

    def test_those_that_leave_from_the_middle_do_not_pile_up(self) -> None:
        line = Line()
        line.put(ticket(0))
        for number in range(1, 500):
            one = ticket(number)
            line.put(one)
            line.remove(one)
        self.assertLess(len(line._heap), 30)

    @given(st.lists(st.tuples(st.booleans(), st.integers(0, 9)), max_size=80))
    def test_it_always_knows_its_oldest_and_its_length(self, steps: list[tuple[bool, int]]) -> None:
        line = Line()
        tickets = [ticket(number) for number in range(10)]
        inside: set[int] = set()
        for enters, number in steps:
            if enters and number not in inside:
                line.put(tickets[number])
                inside.add(number)
            elif not enters and number in inside:
                line.remove(tickets[number])
                inside.remove(number)
            oldest = line.oldest()
            self.assertEqual(None if oldest is None else oldest.number, min(inside, default=None))
            self.assertEqual(len(line), len(inside))


class TicketTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.backend = make_backend(make_server("ex1", maxconn=1))
        self.lease = get(self.backend)
        self.holder = Recorder()

    def wait(self) -> Ticket:
        got = self.backend.acquire(self.holder, None, 1.0)
        assert isinstance(got, Ticket)
        return got

    def test_who_gives_up_is_told_nothing_more(self) -> None:
        self.wait().cancel(2.0)
        self.lease.release(3.0)
        self.assertEqual((self.holder.leases, self.backend.queued, self.backend.sessions), ([], 0, 0))

    def test_giving_up_twice_is_giving_up_once(self) -> None:
        one = self.wait()
        self.wait()
        one.cancel(2.0)
        one.cancel(2.0)
        self.assertEqual(self.backend.queued, 1)

    def test_giving_up_after_the_lease_was_told_leaves_it_alone(self) -> None:
        one = self.wait()
        self.lease.release(3.0)
        one.cancel(4.0)
        self.assertFalse(self.holder.leases[0].released)

    def test_giving_up_between_the_grant_and_the_telling_releases_the_lease(self) -> None:
        """The holder that is told first may end the session of the one that would be told next."""
        backend = make_backend(make_server("ex1", maxconn=2))
        leases = [get(backend), get(backend)]
        second = Recorder()

        class First(Recorder):
            def lease_granted(self, lease: object) -> None:
                tickets[1].cancel(3.0)

        tickets = [backend.acquire(holder, None, 1.0) for holder in (First(), second)]
        assert all(isinstance(one, Ticket) for one in tickets)
        del leases
        backend.servers["ex1"].set_maxconn(4, 2.0)
        self.assertEqual((second.leases, backend.sessions, backend.queued), ([], 3, 0))
