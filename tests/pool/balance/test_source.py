from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool import Server
from exproxy.pool.balance.source import Source
from tests.pool.support import make_server

CLIENTS = [bytes([10, 1, number >> 8, number & 255]) for number in range(2000)]


def arranged(*servers: Server) -> Source:
    source = Source()
    source.arrange(servers)
    return source


def choices(*servers: Server) -> list[str]:
    source = arranged(*servers)
    return [server.name for server in (source.pick(client, ()) for client in CLIENTS) if server is not None]


PINNED = ["ex1", "ex2", "ex1", "ex1", "ex2", "ex2", "ex2", "ex1", "ex1", "ex2", "ex2", "ex1"]
weights = st.lists(st.integers(1, 256), min_size=2, max_size=5)


class SourceTests(SynchronousTestCase):
    def test_a_client_always_gets_the_same_server(self) -> None:
        servers = [make_server(f"ex{i}") for i in range(4)]
        self.assertEqual(choices(*servers), choices(*reversed(servers)))

    def test_the_choice_is_the_same_in_every_process_and_release(self) -> None:
        """Workers, and the process after a restart, must agree; these values may never change."""
        self.assertEqual(choices(make_server("ex1"), make_server("ex2"))[:12], PINNED)

    @given(weights, st.data())
    def test_a_server_that_goes_moves_only_its_own_clients(self, given_weights: list[int], data: st.DataObject) -> None:
        servers = [make_server(f"ex{i}", weight=weight) for i, weight in enumerate(given_weights)]
        gone = data.draw(st.sampled_from(servers))
        source, rest = arranged(*servers), arranged(*(server for server in servers if server is not gone))
        for client in CLIENTS[:200]:
            before = source.pick(client, ())
            if before is not gone:
                self.assertIs(rest.pick(client, ()), before)
            self.assertIs(source.pick(client, (gone,)), rest.pick(client, ()))

    @given(weights, st.data())
    def test_a_server_that_grows_only_gains(self, given_weights: list[int], data: st.DataObject) -> None:
        servers = [make_server(f"ex{i}", weight=weight) for i, weight in enumerate(given_weights)]
        grown = data.draw(st.sampled_from(servers))
        source = arranged(*servers)
        before = [source.pick(client, ()) for client in CLIENTS[:200]]
        grown.set_weight(min(256, grown.weight + 50), 1.0)
        source.arrange(servers)
        for client, server in zip(CLIENTS[:200], before, strict=True):
            self.assertIn(source.pick(client, ()), (server, grown))

    def test_clients_spread_by_weight(self) -> None:
        counts = Counter(choices(make_server("ex1", weight=100), make_server("ex2", weight=100), make_server("ex3", weight=200)))
        self.assertApproximates(counts["ex1"], 500, 70)
        self.assertApproximates(counts["ex3"], 1000, 90)

    def test_a_full_server_keeps_its_clients(self) -> None:
        servers = [make_server("ex1", maxconn=1), make_server("ex2", maxconn=1)]
        before = choices(*servers)
        for server in servers:
            server.sessions = 1
        self.assertEqual(choices(*servers), before)
