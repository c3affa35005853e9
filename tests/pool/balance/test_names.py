from random import Random
from typing import get_args

from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool.balance.names import Balance, balancer


class NamesTests(SynchronousTestCase):
    def test_every_name_has_its_own_algorithm(self) -> None:
        kinds = {type(balancer(name, Random(1))) for name in get_args(Balance)}
        self.assertEqual(len(kinds), 5)

    def test_only_source_wants_a_key(self) -> None:
        self.assertEqual([name for name in get_args(Balance) if balancer(name, Random(1)).keyed], ["source"])
