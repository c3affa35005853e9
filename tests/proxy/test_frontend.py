"""A front end's limits and counters."""

from tests.proxy.stage import Stage

OTHER = ("192.0.2.9", 587)


class FrontendTests(Stage):
    def test_at_its_maxconn_it_accepts_nobody_and_the_next_waits_in_the_backlog(self) -> None:
        frontend = self.open(self.backend(), maxconn=2)
        first, _, third = self.client(), self.client(), self.client()
        self.assertEqual((len(frontend.sessions), self.network.ports[frontend.listeners[0].address].paused), (2, True))
        self.assertFalse(third.lost)
        first.stream.abort()
        self.settle()
        self.assertEqual((len(frontend.sessions), frontend.total), (2, 3))

    def test_its_maxconn_leaves_other_front_ends_alone(self) -> None:
        self.open(self.backend(), maxconn=1)
        other = self.open(self.backend(), address=OTHER)
        self.client()
        self.client()
        self.client(OTHER)
        self.assertEqual(len(other.sessions), 1)

    def test_the_maxconn_of_the_process_holds_for_all_of_them(self) -> None:
        self.gate.maxconn = 2
        one, two = self.open(self.backend()), self.open(self.backend(), address=OTHER)
        self.client()
        self.client(OTHER)
        self.client()
        waiting = self.client(OTHER)
        self.assertEqual((len(one.sessions), len(two.sessions)), (1, 1))
        next(iter(one.sessions)).kill("K")
        self.settle()
        self.assertEqual(self.gate.taken, 2)
        self.assertFalse(waiting.lost)

    def test_faults_are_counted_and_the_last_one_is_kept_shortened(self) -> None:
        frontend = self.open(self.backend())
        frontend.preface_failed(("192.0.2.7", 1), "garbage")
        frontend.handshake_failed(("192.0.2.8", 1), "x" * 10_000)
        self.assertEqual((frontend.bad_prefaces, frontend.bad_handshakes), (1, 1))
        self.assertTrue(frontend.fault.startswith("192.0.2.8: xxx"))
        self.assertEqual(len(frontend.fault), 200)

    def test_room_is_the_smaller_of_its_own_and_the_processes(self) -> None:
        frontend = self.open(self.backend(), maxconn=3)
        self.assertEqual(frontend.room(), 3)
        self.gate.maxconn = 2
        self.assertEqual(frontend.room(), 2)
