"""The algorithms by the names that the configuration gives them."""

from random import Random
from typing import Literal

from exproxy.pool.balance.base import Balancer
from exproxy.pool.balance.first import First
from exproxy.pool.balance.leastconn import LeastConn
from exproxy.pool.balance.random import TwoChoices
from exproxy.pool.balance.roundrobin import RoundRobin
from exproxy.pool.balance.source import Source

Balance = Literal["roundrobin", "leastconn", "source", "first", "random"]


def balancer(name: Balance, rng: Random) -> Balancer:
    """A new balancer without servers.

    :param rng: for ``random``; the others draw no lots.
    """
    match name:
        case "roundrobin":
            return RoundRobin()
        case "leastconn":
            return LeastConn()
        case "source":
            return Source()
        case "first":
            return First()
        case "random":
            return TwoChoices(rng)
