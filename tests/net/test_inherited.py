"""Ports that somebody else has bound."""

import os
from typing import Any

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.net.inherited import InheritedNetwork
from tests.net.memory import MemoryNetwork, Recorder


class Adopting(MemoryNetwork):
    """Remembers what was adopted."""

    def adopt(self, fd: int, acceptor: Any) -> Any:
        self.adopted = fd, acceptor
        return self.adopted


class InheritedNetworkTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.network = Adopting(MemoryReactorClock())
        self.inherited = InheritedNetwork(self.network, {("192.0.2.9", 25): 7})

    def test_a_port_is_the_one_that_was_given(self) -> None:
        acceptor: Any = object()
        self.assertEqual(self.inherited.listen(("192.0.2.9", 25), acceptor), (7, acceptor))

    def test_what_was_not_given_cannot_be_had(self) -> None:
        acceptor: Any = object()
        self.assertRaises(OSError, self.inherited.listen, ("192.0.2.9", 26), acceptor)
        self.inherited.listen(("192.0.2.9", 25), acceptor)
        self.assertRaises(OSError, self.inherited.listen, ("192.0.2.9", 25), acceptor)

    def test_more_may_be_given_later_and_what_nobody_wanted_is_closed(self) -> None:
        acceptor: Any = object()
        fd = os.open(os.devnull, os.O_RDONLY)
        self.inherited.listen(("192.0.2.9", 25), acceptor)
        self.inherited.give(("192.0.2.9", 587), fd)
        self.inherited.forget()
        self.assertRaises(OSError, os.fstat, fd)
        self.assertRaises(OSError, self.inherited.listen, ("192.0.2.9", 587), acceptor)

    def test_connections_are_the_network_s_own(self) -> None:
        self.inherited.connect(("192.0.2.1", 25), Recorder(), 5.0)
        self.assertEqual(self.network.attempts[0].address, ("192.0.2.1", 25))
        self.assertIs(self.inherited.deadlines, self.network.deadlines)
