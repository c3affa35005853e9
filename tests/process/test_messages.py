"""What is said arrives as it was said."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool import Admin, Operational, ServerState
from exproxy.process.messages import (
    A_MESSAGE,
    STATES_A_MESSAGE,
    BackendCounts,
    Counts,
    FrontendCounts,
    LiveSession,
    Pickled,
    ServerCounts,
    Usage,
    pieces,
)
from exproxy.wire.offers import learned


class PickledTests(SynchronousTestCase):
    def test_an_object_of_ours_arrives_as_it_was(self) -> None:
        argument = Pickled()
        counts = Counts({"b/one": ServerCounts(1, 2, 3, 4)}, {}, {"service": Usage(5, 6)})
        self.assertEqual(argument.fromString(argument.toString(counts)), counts)

    def test_a_full_piece_of_states_fits_into_a_message(self) -> None:
        state = ServerState(
            Operational.DOWN,
            "SMTP said " + "x" * 300,
            Admin.MAINT,
            256,
            100,
            None,
            "2001:db8::1",
            "y" * 100,
            65535,
            "z" * 100,
            1.5,
            learned(f"X{number:03}" + "x" * 50 for number in range(100)),
        )
        states = [(f"backend-of-a-long-name/server-{number}", state) for number in range(STATES_A_MESSAGE)]
        self.assertLess(len(Pickled().toString(states)), 0xFFFF)

    def test_a_full_piece_of_sessions_fits_into_a_message(self) -> None:
        servers = tuple(f"backend-{number}-of-a-long-name/server" for number in range(4))
        session = [LiveSession(f"[2001:db8::{number}]:65535", "front", servers, 1e9, 2**60, 2**60) for number in range(A_MESSAGE)]
        self.assertLess(len(Pickled().toString(session)), 0xFFFF)


class FrontendCountsTests(SynchronousTestCase):
    def test_the_newest_fault_of_several_is_the_one_that_is_kept(self) -> None:
        old, new = FrontendCounts(1, fault_at=10.0, fault="old"), FrontendCounts(1, fault_at=11.0, fault="new")
        for together in (old + new, new + old):
            self.assertEqual(together, FrontendCounts(2, fault_at=11.0, fault="new"))

    def test_what_workers_counted_of_a_front_end_adds_up(self) -> None:
        one, other = FrontendCounts(*range(10)), FrontendCounts(*range(10, 20))
        self.assertEqual(one + other, FrontendCounts(*range(10, 30, 2)))

    def test_so_does_what_they_counted_of_clients_of_mail(self) -> None:
        both = FrontendCounts(early_talkers=1, passed_over=2, refused_logins=3) + FrontendCounts(refused_logins=4)
        self.assertEqual((both.early_talkers, both.passed_over, both.refused_logins), (1, 2, 7))

    def test_sessions_end_with_their_worker_and_the_rest_stays(self) -> None:
        self.assertEqual(FrontendCounts(*range(1, 11)).past, FrontendCounts(0, *range(2, 11)))

    def test_prefaces_and_handshakes_that_failed_are_faults(self) -> None:
        self.assertEqual(FrontendCounts(bad_prefaces=2, bad_handshakes=3, left_early=4).faults, 5)


class BackendCountsTests(SynchronousTestCase):
    def test_who_waits_goes_with_the_worker_and_who_was_refused_is_remembered(self) -> None:
        self.assertEqual((BackendCounts(1, 2) + BackendCounts(3, 4)).past, BackendCounts(0, 6))


class ServerCountsTests(SynchronousTestCase):
    def test_sessions_end_with_their_worker_and_the_rest_stays(self) -> None:
        both = ServerCounts(1, 2, 3, 4, 5, 6, 7) + ServerCounts(1, 2, 3, 4, 5, 6, 8)
        self.assertEqual(both.queued, 15)
        self.assertEqual(both.past, ServerCounts(0, 4, 6, 0, 10, 12))


class PiecesTests(SynchronousTestCase):
    def test_all_items_are_in_one_piece_each(self) -> None:
        found = list(pieces(range(2 * A_MESSAGE + 1)))
        self.assertEqual([len(piece) for piece in found], [A_MESSAGE, A_MESSAGE, 1])
        self.assertEqual([item for piece in found for item in piece], list(range(2 * A_MESSAGE + 1)))

    def test_nothing_is_no_piece(self) -> None:
        self.assertEqual(list(pieces(())), [])
