"""The one place that touches sockets: streams, TLS, relay, dialing, names."""

import sys
from typing import Any

from exproxy.net.interfaces import Network
from exproxy.net.transports import TransportNetwork
from exproxy.net.windows import WindowsNetwork


def network_for(reactor: Any) -> Network:
    """The fastest network that the platform and the reactor carry."""
    if sys.platform == "linux" and hasattr(reactor, "addReader"):
        from exproxy.net.epoll.loop import Loop
        from exproxy.net.epoll.network import EpollNetwork

        return EpollNetwork(Loop(reactor))
    if sys.platform == "win32":
        return WindowsNetwork(reactor)
    return TransportNetwork(reactor)
