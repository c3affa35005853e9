from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool import Server
from exproxy.pool.balance.leastconn import LeastConn
from tests.pool.support import make_server


def fill(least: LeastConn, count: int) -> list[str]:
    names = []
    for _ in range(count):
        server = least.pick(None, ())
        assert server is not None
        server.sessions += 1
        names.append(server.name)
    return names


def arranged(*servers: Server) -> LeastConn:
    least = LeastConn()
    least.arrange(servers)
    return least


class LeastConnTests(SynchronousTestCase):
    def test_takes_the_one_with_the_fewest_sessions(self) -> None:
        servers = [make_server("ex1"), make_server("ex2")]
        servers[0].sessions = 3
        self.assertEqual(fill(arranged(*servers), 4), ["ex2", "ex2", "ex2", "ex1"])

    def test_equals_take_turns(self) -> None:
        least = arranged(make_server("ex1"), make_server("ex2"), make_server("ex3"))
        names = [server.name for server in (least.pick(None, ()) for _ in range(6)) if server is not None]
        self.assertEqual(names, ["ex1", "ex2", "ex3", "ex1", "ex2", "ex3"])

    def test_turns_go_on_when_a_server_comes_or_goes(self) -> None:
        servers = [make_server(f"ex{i}") for i in (1, 2, 3)]
        least = arranged(*servers[:2])
        self.assertIs(least.pick(None, ()), servers[0])
        least.arrange(servers)
        self.assertEqual([least.pick(None, ()) for _ in range(3)], [servers[2], servers[1], servers[0]])

    def test_a_heavy_server_gets_its_share(self) -> None:
        heavy, light = make_server("heavy", weight=3), make_server("light")
        fill(arranged(heavy, light), 400)
        self.assertEqual((heavy.sessions, light.sessions), (300, 100))

    @given(st.lists(st.integers(1, 256), min_size=2, max_size=6), st.integers(1, 300))
    def test_no_server_has_a_session_that_another_should_have(self, weights: list[int], count: int) -> None:
        servers = [make_server(f"ex{i}", weight=weight) for i, weight in enumerate(weights)]
        fill(arranged(*servers), count)
        for one in servers:
            for other in servers:
                self.assertLessEqual(one.sessions * other.weight, (other.sessions + 1) * one.weight)
