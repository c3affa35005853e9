"""Thousands of clients by one thread, a server that bears them, and a visitor who measures what they cost everybody else."""

import contextlib
import resource
import selectors
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from tests.integration.peers.waiting import eventually
from tests.integration.proxy import Proxy

Address = tuple[str, int]

ROUNDS, MORE, VISITS = 4, 12, 100
"""The best of so many rounds counts, and of so many where none of those was good: a shared machine has its own bad moments,
a proxy that is slow is so in all of them."""
WORD = b"x" * 100
PATIENCE = 60
"""Seconds for which a client waits before it fails."""


def allow_descriptors(count: int) -> None:
    """Let this process have so many.

    :raises ValueError: the system does not allow them.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


class Hall:
    """A server in one thread for as many clients as come: says again what it hears; ``flood``: only talks, without end."""

    def __init__(self, host: str, *, flood: bool = False) -> None:
        self._socket = socket.create_server((host, 0), backlog=4096)
        self._socket.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._socket, selectors.EVENT_READ)
        self._flood = flood
        self._over = False
        self.said = 0
        """Bytes of the flood."""
        self.address: Address = self._socket.getsockname()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Leave, and hang up on everybody."""
        self._over = True
        self._thread.join()

    def _run(self) -> None:
        while not self._over:
            for key, _ in self._selector.select(0.05):
                with contextlib.suppress(OSError):
                    if key.fileobj is self._socket:
                        self._accept()
                    else:
                        self._serve(key.fileobj)  # type: ignore[arg-type]  # only sockets are registered
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]  # likewise
        self._selector.close()

    def _accept(self) -> None:
        client, _ = self._socket.accept()
        client.setblocking(False)
        self._selector.register(client, selectors.EVENT_WRITE if self._flood else selectors.EVENT_READ)

    def _serve(self, client: socket.socket) -> None:
        try:
            if self._flood:
                self.said += client.send(WORD * 1000)
                return
            heard = client.recv(65536)
            client.sendall(heard)
            over = not heard
        except BlockingIOError:
            return
        except OSError:
            over = True
        if over:
            self._selector.unregister(client)
            client.close()


class Visitor:
    """An ordinary client: connects, says a word, hears it, leaves.

    :param before: what it says ahead of everything else.
    """

    def __init__(self, address: Address, before: bytes = b"", tls: ssl.SSLContext | None = None) -> None:
        self._address = address
        self._before = before
        self._tls = tls
        self.visits = 0

    def visit(self) -> float:
        """Seconds that it took."""
        begun = perf_counter()
        with socket.create_connection(self._address, PATIENCE) as plain:
            plain.sendall(self._before)
            if self._tls is None:
                self._talk(plain)
            else:
                with self._tls.wrap_socket(plain, server_hostname="mail.example.com") as secured:
                    self._talk(secured)
                    secured.unwrap()
        self.visits += 1
        return perf_counter() - begun

    def _talk(self, connection: socket.socket) -> None:
        connection.sendall(WORD)
        size = 0
        while size < len(WORD):
            heard = connection.recv(4096)
            assert heard, "the proxy hung up"
            size += len(heard)


class Visitors:
    """Two who go in turn: one to a proxy with a crowd, one to a proxy of the same kind without, for which the machine is as busy.

    :param times: a visit among the crowd may take so many times as long as one apart from it,
    :param beside: and so many milliseconds more.
    """

    def __init__(self, among: Visitor, apart: Visitor, times: float, beside: float) -> None:
        self.among = among
        self._apart = apart
        self._times = times
        self._beside = beside
        for _ in range(VISITS):  # what is made once, is made by then
            among.visit()
            apart.visit()

    def assert_unharmed(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        """99 of 100 visits are over in time, in the best round.

        :param meanwhile: called before each visit.
        :raises AssertionError: in no round.
        """
        taken: list[str] = []
        unharmed = False
        while len(taken) < ROUNDS or not unharmed:
            assert len(taken) < MORE, f"p99 apart from the crowd and among it: {', '.join(taken)}"
            among, apart = self._round(meanwhile)
            unharmed = unharmed or among < self._times * apart + self._beside
            taken.append(f"{apart:.1f} and {among:.1f} ms")

    def _round(self, meanwhile: Callable[[], object]) -> tuple[float, float]:
        among, apart = [], []
        for _ in range(VISITS):
            meanwhile()
            among.append(self.among.visit())
            apart.append(self._apart.visit())
        return _p99(among), _p99(apart)


def _p99(seconds: list[float]) -> float:
    """Milliseconds."""
    return 1000 * sorted(seconds)[len(seconds) * 99 // 100 - 1]


class Crowd:
    """Clients of one address, in our hands."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self.clients: list[socket.socket] = []

    def come(self, count: int, buffer: int = 0) -> None:
        """:param buffer: bytes that the kernel may keep for each, about; 0: as many as it likes."""
        for _ in range(count):
            client = socket.socket()
            self.clients.append(client)
            client.settimeout(PATIENCE)
            if buffer:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
            client.connect(self._address)

    def leave(self) -> None:
        for client in self.clients:
            client.close()
        self.clients.clear()


def settles(count: Callable[[], int], what: str) -> None:
    """Wait until ``count`` has been the same for ten looks."""
    seen = [0]

    def same() -> bool:
        seen.append(count())
        return len(seen) > 10 and seen[-1] == seen[-10]

    eventually(same, what)


def reset(address: Address, words: bytes) -> None:
    """Connect, say ``words``, reset."""
    with socket.create_connection(address, PATIENCE) as client:
        client.sendall(words)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def resident(proxy: Proxy) -> int:
    """Its kilobytes."""
    status = Path(f"/proc/{proxy.process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def holds(proxy: Proxy, descriptors: int) -> None:
    """Wait until it has so many."""
    folder = Path(f"/proc/{proxy.process.pid}/fd")
    eventually(lambda: len(list(folder.iterdir())) >= descriptors, f"{descriptors} descriptors of the proxy")
