from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool import Operational
from tests.pool.support import CHECK, PASSED, Recorder, get, make_backend, make_server


class LeaseTests(SynchronousTestCase):
    def test_a_release_gives_the_slot_back(self) -> None:
        backend = make_backend(make_server("ex1"))
        get(backend).release(2.0)
        self.assertEqual((backend.sessions, backend.servers["ex1"].sessions, backend.servers["ex1"].leases), (0, 0, set()))

    def test_a_second_release_is_an_error_and_counts_nothing(self) -> None:
        backend = make_backend(make_server("ex1"))
        get(backend)
        lease = get(backend)
        lease.release(2.0)
        self.assertRaisesRegex(RuntimeError, "hub/ex1 was released twice", lease.release, 3.0)
        self.assertEqual(backend.sessions, 1)


class PassiveObservationTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.server = make_server("ex1", checks=[CHECK])
        self.backend = make_backend(self.server, error_limit=2, on_marked_down="shutdown-sessions")
        self.server.observe("smtp", PASSED, 0.0)

    def test_failures_in_a_row_count_as_failed_checks(self) -> None:
        lease = get(self.backend)
        transitions = [lease.connect_failed(5.0) for _ in range(6)]
        self.assertEqual(transitions[:5], [None] * 5)
        assert transitions[5] is not None
        self.assertEqual(
            str(transitions[5]), "hub/ex1 is down: 2 connects of sessions in a row failed (L4CON), after 3 failed checks"
        )
        self.assertEqual(self.server.failed_connects, 6)

    def test_a_connect_that_succeeds_starts_the_count_anew(self) -> None:
        lease = get(self.backend)
        for _ in range(10):
            lease.connect_failed(5.0)
            lease.connected()
        self.assertFalse(self.server.health.in_transition)
        self.assertIs(self.server.operational, Operational.UP)

    def test_the_others_are_evicted_but_not_who_found_it(self) -> None:
        finder, other = Recorder(), Recorder()
        lease = self.backend.acquire(finder, None, 1.0)
        self.backend.acquire(other, None, 1.0)
        for _ in range(6):
            lease.connect_failed(5.0)  # type: ignore[union-attr]  # a slot was free, so it is a lease
        self.assertEqual((len(finder.evictions), len(other.evictions)), (0, 1))

    def test_without_a_limit_nobody_counts(self) -> None:
        self.backend.error_limit = None
        lease = get(self.backend)
        self.assertEqual([lease.connect_failed(5.0) for _ in range(50)], [None] * 50)

    def test_a_server_without_checks_is_not_taken_out(self) -> None:
        """Nothing would bring it back."""
        backend = make_backend(make_server("ex1"), error_limit=1)
        lease = get(backend)
        self.assertEqual([lease.connect_failed(5.0) for _ in range(9)], [None] * 9)
        self.assertEqual(backend.usable, 1)
