"""Who is at the other end."""

import os
import socket
from types import SimpleNamespace

from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin.peer import peer


class PeerTests(SynchronousTestCase):
    def test_over_the_network_only_the_address_is_known(self) -> None:
        transport = SimpleNamespace(getPeer=lambda: IPv4Address("TCP", "192.0.2.1", 5))
        self.assertEqual(peer(transport), (None, "192.0.2.1"))

    def test_at_a_unix_socket_the_kernel_knows_the_user(self) -> None:
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(theirs.close)
        transport = SimpleNamespace(getPeer=lambda: UNIXAddress(None), getHandle=lambda: ours)
        self.assertEqual(peer(transport), (f"uid {os.getuid()} at the socket", ""))
