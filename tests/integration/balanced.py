"""What holds for every protocol: two real servers behind the proxy, a real client in front, and one of the servers fails."""

import contextlib
import signal
from collections.abc import Iterator
from typing import Protocol

from tests.integration.peers.liar import Liar
from tests.integration.peers.process import PeerTestCase
from tests.integration.proxy import FALL, RISE, Proxy

FRONT, FIRST, SECOND = "127.0.0.1", "127.0.0.2", "127.0.0.3"

ENOUGH = 6
"""So many clients in a row reach both of two servers, and so many in a row that reach the same one show that it is alone."""


class Failing(Protocol):
    """The second server."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


class BalancedTests:
    """A mixin: a protocol's own test case says what runs, how a client goes there, and how the second server fails."""

    backends: tuple[str, ...]
    """Those that a client goes through; the second server has to leave each of them."""
    proxy: Proxy
    second: Failing

    def balance(self, port: int, configuration: str) -> None:
        """Run the proxy, and ask of it that it ends cleanly."""
        assert isinstance(self, PeerTestCase)
        self.proxy = Proxy("proxy", FRONT, port, configuration)
        self.started(self.proxy)
        self.addCleanup(self.proxy.end)

    def client(self) -> str:
        """One client from its connect to its goodbye: the name of the server that it reached.  Raises when it failed."""
        raise NotImplementedError

    def liars(self) -> list[Liar]:
        """Who takes the second server's place to answer wrongly."""
        raise NotImplementedError

    def spoil(self) -> None:
        """Make the second server accept TCP but answer wrongly."""
        with self.unseen():
            self.second.stop()
            self._liars = self.liars()
            self.begin(self._liars)

    def begin(self, liars: list[Liar]) -> None:
        """Have them lie until the end of the test."""
        assert isinstance(self, PeerTestCase)
        for liar in liars:
            self.addCleanup(liar.stop)
            liar.start()

    @contextlib.contextmanager
    def unseen(self) -> Iterator[None]:
        """While the proxy stands still: it would find a port refused where one server leaves it to another."""
        self.proxy.process.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.proxy.process.signal(signal.SIGCONT)

    def mend(self) -> None:
        """The opposite of :meth:`spoil`."""
        for liar in self._liars:
            liar.stop()
        self.second.start()

    def wait_until_up(self) -> None:
        for backend in self.backends:
            for server in ("ex1", "ex2"):
                self.proxy.wait_until(f"{backend}/{server}", "up")

    def wait_until_down(self, after: int) -> list[str]:
        return [self.proxy.wait_until(f"{backend}/ex2", "down", after) for backend in self.backends]

    def serve_until_it_is_back(self, after: int) -> None:
        """Clients go on; it takes ``RISE`` checks until one of them reaches the second server."""
        for backend in self.backends:
            self.assertIn(f"after {RISE} passed checks", self.proxy.wait_until(f"{backend}/ex2", "up", after))
        self.assertIn("ex2", [self.client() for _ in range(ENOUGH)])

    def test_traffic_reaches_both_servers(self) -> None:
        self.wait_until_up()
        self.assertEqual({self.client() for _ in range(ENOUGH)}, {"ex1", "ex2"})

    def test_no_client_fails_when_a_server_is_stopped_and_when_it_comes_back(self) -> None:
        self.wait_until_up()
        self.client()
        before = self.proxy.written()
        self.second.stop()
        reached = [self.client() for _ in range(ENOUGH)]
        sentences = self.wait_until_down(before)
        reached += [self.client() for _ in range(ENOUGH)]
        self.assertEqual(set(reached), {"ex1"})
        for sentence in sentences:
            self.assertRegex(sentence, rf"after {FALL} failed checks")
        before = self.proxy.written()
        self.second.start()
        self.serve_until_it_is_back(before)

    def test_a_server_that_answers_wrongly_gets_nobody_until_it_answers_rightly(self) -> None:
        self.wait_until_up()
        before = self.proxy.written()
        self.spoil()
        for sentence in self.wait_until_down(before):
            self.assertIn(f"after {FALL} failed checks", sentence)
            self.assertNotIn("refused", sentence)
        self.assertEqual({self.client() for _ in range(ENOUGH)}, {"ex1"})
        before = self.proxy.written()
        self.mend()
        self.serve_until_it_is_back(before)


def servers(port: int) -> str:
    """Both servers of a back end, as TOML."""
    return f'servers = {{ ex1 = "{FIRST}:{port}", ex2 = "{SECOND}:{port}" }}'
