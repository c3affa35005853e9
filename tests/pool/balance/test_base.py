from random import Random
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool.balance.base import Balancer
from exproxy.pool.balance.names import Balance, balancer
from tests.pool.support import make_server


def all_balancers() -> list[Balancer]:
    return [balancer(name, Random(1)) for name in get_args(Balance)]


class EveryBalancerTests(SynchronousTestCase):
    def test_has_nobody_when_there_is_nobody(self) -> None:
        for each in all_balancers():
            each.arrange([])
            self.assertIsNone(each.pick(b"key", ()), each)

    def test_avoids_the_server_that_was_tried_in_vain(self) -> None:
        servers = [make_server("ex1"), make_server("ex2")]
        for each in all_balancers():
            each.arrange(servers)
            self.assertEqual({each.pick(bytes([key]), (servers[0],)) for key in range(20)}, {servers[1]}, each)

    def test_avoids_all_that_were_tried_in_vain(self) -> None:
        servers = [make_server("ex1"), make_server("ex2"), make_server("ex3")]
        for each in all_balancers():
            each.arrange(servers)
            self.assertEqual({each.pick(bytes([key]), (servers[0], servers[2])) for key in range(20)}, {servers[1]}, each)

    def test_has_nobody_when_the_only_one_is_to_be_avoided(self) -> None:
        server = make_server("ex1")
        for each in all_balancers():
            each.arrange([server])
            self.assertIsNone(each.pick(b"key", (server,)), each)

    def test_an_empty_key_is_a_key(self) -> None:
        server = make_server("ex1")
        for each in all_balancers():
            each.arrange([server])
            self.assertIs(each.pick(None, ()), server, each)

    @given(st.lists(st.tuples(st.integers(1, 256), st.integers(1, 3)), min_size=1, max_size=6))
    def test_fills_every_slot_and_no_more(self, settings: list[tuple[int, int]]) -> None:
        for each in all_balancers():
            if each.keyed:
                continue
            servers = [make_server(f"ex{i}", weight=weight, maxconn=maxconn) for i, (weight, maxconn) in enumerate(settings)]
            each.arrange(servers)
            for _ in range(sum(maxconn for _, maxconn in settings)):
                server = each.pick(None, ())
                assert server is not None
                server.sessions += 1
            self.assertEqual([server.sessions for server in servers], [maxconn for _, maxconn in settings], each)
            self.assertIsNone(each.pick(None, ()), each)
