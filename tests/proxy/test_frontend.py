"""A front end's limits and counters."""

from exproxy.pool.key import SourceKeys
from exproxy.proxy.admission import Admission, Gatekeeping
from tests.proxy.stage import Stage

OTHER = ("192.0.2.9", 587)
TIMES = ("client_timeout", "client_fin_timeout", "preface_timeout", "handshake_timeout")


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

    def test_it_is_held_by_a_session_of_an_annex(self) -> None:
        frontend, annex = self.open(self.backend()), self.open(self.backend(), address=OTHER)
        frontend.annexes.append(annex)
        self.assertFalse(frontend.held)
        client = self.client(OTHER)
        self.assertTrue(frontend.held)
        client.stream.abort()
        self.settle()
        self.assertFalse(frontend.held)

    def test_of_two_faults_the_later_one_is_kept_when_an_annex_is_no_more(self) -> None:
        frontend, annex, later = self.open(self.backend()), *(self.open(self.backend(), address=(OTHER[0], n)) for n in (1, 2))
        for number, one in enumerate((annex, frontend, later)):
            self.clock.advance(1)
            one.preface_failed((f"192.0.2.{number}", 1), "garbage")
            one.limit_reached((f"192.0.2.{number}", 1), "too fast")
        frontend.annexes += [annex, later]
        frontend.absorb(annex)
        self.assertEqual(
            (frontend.bad_prefaces, frontend.fault, frontend.limit), (2, "192.0.2.1: garbage", "192.0.2.1: too fast")
        )
        frontend.absorb(later)
        self.assertEqual((frontend.limited, frontend.fault, frontend.limit), (3, "192.0.2.2: garbage", "192.0.2.2: too fast"))

    def test_what_it_becomes_is_for_who_comes_to_an_annex_too(self) -> None:
        backend, lines = self.backend(), list[object]()
        frontend, annex = self.open(backend), self.open(backend, address=OTHER, log=lines.append)
        frontend.annexes.append(annex)
        admission = Admission(SourceKeys(32, 64), (Gatekeeping(allows=False),))
        times = {name: float(number) for number, name in enumerate(TIMES, 1)}
        fresh = self.open(None, address=(OTHER[0], 1), maxconn=1, dontlognull=True, admission=admission, **times)
        frontend.become(fresh)
        self.assertEqual({name: getattr(annex, name) for name in TIMES}, times)
        self.assertEqual((annex.dontlognull, annex.maxconn, annex.backend), (True, None, backend))
        self.assertTrue(self.client(OTHER).lost)
        self.assertEqual((annex.denied, annex.total, len(lines), self.records), (1, 0, 1, []))
