from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool.balance.first import First
from tests.pool.support import make_server


class FirstTests(SynchronousTestCase):
    def test_fills_the_first_before_the_next(self) -> None:
        first = First()
        servers = [make_server("ex1", maxconn=2), make_server("ex2", weight=200, maxconn=2), make_server("ex3")]
        first.arrange(servers)
        picked = []
        for _ in range(5):
            server = first.pick(None, ())
            assert server is not None
            server.sessions += 1
            picked.append(server.name)
        self.assertEqual(picked, ["ex1", "ex1", "ex2", "ex2", "ex3"])

    def test_goes_back_to_the_first_when_that_has_room(self) -> None:
        first = First()
        servers = [make_server("ex1", maxconn=1), make_server("ex2")]
        first.arrange(servers)
        servers[0].sessions = 1
        self.assertIs(first.pick(None, ()), servers[1])
        servers[0].sessions = 0
        self.assertIs(first.pick(None, ()), servers[0])
