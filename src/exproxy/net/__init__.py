"""The one place that touches sockets: streams, TLS, relay, dialing, names."""

import select
from typing import Any

from exproxy.net.epoll.loop import Loop
from exproxy.net.epoll.network import EpollNetwork
from exproxy.net.interfaces import Network
from exproxy.net.transports import TransportNetwork


def network_for(reactor: Any) -> Network:
    """The fastest network that the platform and the reactor carry."""
    if hasattr(select, "epoll") and hasattr(reactor, "addReader"):
        return EpollNetwork(Loop(reactor))
    return TransportNetwork(reactor)
