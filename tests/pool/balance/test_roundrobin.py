from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool import Server
from exproxy.pool.balance.roundrobin import RoundRobin
from tests.pool.support import make_server


def arranged(*servers: Server) -> RoundRobin:
    robin = RoundRobin()
    robin.arrange(servers)
    return robin


def names(robin: RoundRobin, count: int) -> str:
    return "".join(server.name for server in (robin.pick(None, ()) for _ in range(count)) if server is not None)


class RoundRobinTests(SynchronousTestCase):
    def test_equals_take_turns(self) -> None:
        self.assertEqual(names(arranged(make_server("a"), make_server("b"), make_server("c")), 7), "abcabca")

    def test_weights_are_smooth(self) -> None:
        self.assertEqual(names(arranged(make_server("a", weight=5), make_server("b"), make_server("c")), 14), "aabacaa" * 2)

    def test_a_full_server_is_passed_over(self) -> None:
        full = make_server("b", maxconn=1)
        full.sessions = 1
        self.assertEqual(names(arranged(make_server("a"), full, make_server("c")), 4), "acac")

    def test_the_round_goes_on_when_weights_change(self) -> None:
        """Slow start changes them every second: a new round each time would begin with the first server each time."""
        servers = [make_server("a"), make_server("b")]
        robin = arranged(*servers)
        picked = ""
        for _ in range(6):
            picked += names(robin, 1)
            robin.arrange(servers)
        self.assertEqual(picked, "ababab")

    @given(st.lists(st.integers(1, 20), min_size=1, max_size=6))
    def test_each_round_gives_everybody_exactly_his_weight(self, weights: list[int]) -> None:
        servers = [make_server(chr(97 + i), weight=weight) for i, weight in enumerate(weights)]
        round_ = names(arranged(*servers), sum(weights))
        self.assertEqual([round_.count(server.name) for server in servers], weights)

    @given(st.lists(st.integers(1, 20), min_size=2, max_size=6))
    def test_nobody_gets_much_more_than_his_share_at_any_time(self, weights: list[int]) -> None:
        servers = [make_server(chr(97 + i), weight=weight) for i, weight in enumerate(weights)]
        round_ = names(arranged(*servers), sum(weights))
        for end in range(1, len(round_) + 1):
            for server in servers:
                due = end * server.weight / sum(weights)
                self.assertLess(abs(round_[:end].count(server.name) - due), len(servers))
