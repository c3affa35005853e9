"""A network with ports from elsewhere."""

from typing import Any
from unittest.mock import Mock

from twisted.trial.unittest import SynchronousTestCase

from exproxy.net.ported import PortedNetwork


class PortedNetworkTests(SynchronousTestCase):
    def test_all_but_ports_is_the_other_networks(self) -> None:
        other = Mock()
        network: Any = PortedNetwork(other)
        self.assertIs(network.deadlines, other.deadlines)
        asked = {
            "adopt": (5, "acceptor"),
            "secure_server": ("stream", "tls", "owner"),
            "secure_client": ("stream", "tls", "owner"),
            "connect": (("192.0.2.1", 25), "dialer", 5.0, "192.0.2.9", True),
        }
        for name, words in asked.items():
            self.assertIs(getattr(network, name)(*words), getattr(other, name).return_value)
            getattr(other, name).assert_called_once_with(*words)
