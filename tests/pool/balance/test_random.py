from collections import Counter
from random import Random

from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool import Server
from exproxy.pool.balance.random import TwoChoices
from tests.pool.support import make_server


def arranged(*servers: Server, seed: int = 1) -> TwoChoices:
    lots = TwoChoices(Random(seed))
    lots.arrange(servers)
    return lots


class TwoChoicesTests(SynchronousTestCase):
    def test_idle_servers_get_what_their_weights_say(self) -> None:
        lots = arranged(make_server("heavy", weight=3), make_server("light"))
        counts = Counter(server.name for server in (lots.pick(None, ()) for _ in range(4000)) if server is not None)
        self.assertApproximates(counts["heavy"] / 4000, 0.75, 0.04)

    def test_of_two_the_one_with_fewer_sessions_is_taken(self) -> None:
        servers = [make_server("ex1"), make_server("ex2")]
        servers[0].sessions = 1
        lots = arranged(*servers)
        self.assertEqual({lots.pick(None, ()) for _ in range(50)}, {servers[1]})

    def test_held_sessions_spread_evenly(self) -> None:
        servers = [make_server(f"ex{i}") for i in range(8)]
        lots = arranged(*servers)
        for _ in range(800):
            server = lots.pick(None, ())
            assert server is not None
            server.sessions += 1
        self.assertLessEqual(max(server.sessions for server in servers) - min(server.sessions for server in servers), 8)

    def test_held_sessions_spread_by_weight(self) -> None:
        heavy, light, other = make_server("heavy", weight=2), make_server("light"), make_server("other")
        lots = arranged(heavy, light, other)
        for _ in range(400):
            server = lots.pick(None, ())
            assert server is not None
            server.sessions += 1
        self.assertApproximates(heavy.sessions, 200, 8)

    def test_the_last_free_one_is_found_when_both_lots_are_full(self) -> None:
        servers = [make_server(f"ex{i}", maxconn=1) for i in range(9)]
        for server in servers[1:]:
            server.sessions = 1
        lots = arranged(*servers)
        self.assertEqual({lots.pick(None, ()) for _ in range(50)}, {servers[0]})

    def test_an_equal_seed_draws_equal_lots(self) -> None:
        servers = [make_server(f"ex{i}") for i in range(5)]
        one, other = arranged(*servers, seed=5), arranged(*servers, seed=5)
        self.assertEqual([one.pick(None, ()) for _ in range(30)], [other.pick(None, ()) for _ in range(30)])
