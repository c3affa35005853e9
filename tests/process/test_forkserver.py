"""The fork server without forks; those are tested with real processes (tests/integration/test_workers.py)."""

import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.protocols import amp
from twisted.trial.unittest import SynchronousTestCase

from exproxy.process.forkserver import ForkServer
from exproxy.process.messages import CannotChangeError, CannotForkError, Configure, Ended, Fork, Kill


class Heirloom:
    def __init__(self) -> None:
        self.files: list[bytes] = []
        self.looks = 0

    def configure(self, file: int) -> None:
        self.files.append(os.read(file, 100))
        os.close(file)
        if self.files[-1] == b"wrong":
            raise CannotChangeError("no")

    def look(self) -> None:
        self.looks += 1
        raise ValueError("a file that nobody expected")


class MasterEnd(amp.AMP):
    """Sends descriptors as Twisted does, and notes who has ended."""

    def __init__(self, pair: socket.socket) -> None:
        super().__init__()
        self.pair = pair
        self.ends: list[tuple[int, int]] = []
        self.descriptors: list[int] = []
        self.makeConnection(self)

    def getPeer(self) -> str:
        return "the fork server"

    def getHost(self) -> str:
        return "the master"

    def write(self, data: bytes) -> None:
        while self.descriptors:
            socket.send_fds(self.pair, [data[:1]], [self.descriptors.pop(0)])
            data = data[1:]
        self.pair.sendall(data)

    def sendFileDescriptor(self, descriptor: int) -> None:
        self.descriptors.append(descriptor)

    @Ended.responder
    def ended(self, pid: int, status: int) -> dict[str, object]:
        self.ends.append((pid, status))
        return {}


class ForkServerTests(SynchronousTestCase):
    """The whole dialogue is written first: the fork server answers it in one go, until there is no master any more."""

    def setUp(self) -> None:
        self.addCleanup(signal.signal, signal.SIGCHLD, signal.getsignal(signal.SIGCHLD))
        before = signal.set_wakeup_fd(-1)
        self.addCleanup(lambda: signal.set_wakeup_fd(before))
        ours, self.theirs = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(self.theirs.close)
        self.master = MasterEnd(ours)
        self.heirloom = Heirloom()
        self.pids = iter(range(100, 200))
        self.dead: list[tuple[int, int]] = []
        self.killed: list[tuple[int, int]] = []
        self.patch(os, "waitpid", lambda pid, options: self.dead.pop(0) if self.dead else (0, 0))
        self.patch(os, "kill", lambda *arguments: self.killed.append(arguments))

    def run_server(self, fork: Callable[[], int] | None = None, says_more: bool = False) -> bool:
        """What it returns when all that the master has said is done."""
        if not says_more:
            self.master.pair.shutdown(socket.SHUT_WR)
        server = ForkServer(self.theirs, self.heirloom, fork or (lambda: next(self.pids)))
        forked = server.run()
        signal.set_wakeup_fd(-1)
        for end in (server._woken, server._wake, self.theirs):
            end.close()
        while data := self.master.pair.recv(65536):
            self.master.dataReceived(data)
        if self.heirloom.looks:
            self.assertEqual(len(self.flushLoggedErrors(ValueError)), self.heirloom.looks)
        return forked

    def order(self) -> Any:
        """A worker; the ends of its pairs are readable when everybody else has closed them."""
        mine, link = socket.socketpair()
        self.addCleanup(mine.close)
        errors = os.open(os.devnull, os.O_WRONLY)
        answer = self.master.callRemote(Fork, link=link.fileno(), errors=errors)
        link.close()
        os.close(errors)
        self.mine = mine
        return answer

    def test_without_a_master_it_ends(self) -> None:
        self.assertFalse(self.run_server())

    def test_it_is_configured_before_it_forks(self) -> None:
        path = self.mktemp()
        Path(path).write_bytes(b"pickled")
        file = os.open(path, os.O_RDONLY)
        self.addCleanup(os.close, file)
        self.master.callRemote(Configure, file=file)
        seen: list[list[bytes]] = []

        def fork() -> int:
            seen.append(list(self.heirloom.files))
            return 100

        self.order()
        self.run_server(fork)
        self.assertEqual(seen, [[b"pickled"]])

    def test_who_is_asked_for_has_the_configuration_of_that_moment(self) -> None:
        seen: list[list[bytes]] = []
        refused: list[Any] = []

        def fork() -> int:
            seen.append(list(self.heirloom.files))
            return 100

        for said in (b"first", b"wrong"):
            path = self.mktemp()
            Path(path).write_bytes(said)
            file = os.open(path, os.O_RDONLY)
            self.addCleanup(os.close, file)
            self.master.callRemote(Configure, file=file).addErrback(refused.append)
            self.order()
        self.run_server(fork)
        self.assertEqual(seen, [[b"first"], [b"first", b"wrong"]])
        self.assertEqual([str(failure.value) for failure in refused], ["no"])

    def test_it_says_whom_it_has_forked_and_keeps_nothing_of_his(self) -> None:
        answers = [self.order(), self.order()]
        self.assertFalse(self.run_server())
        self.assertEqual([self.successResultOf(answer) for answer in answers], [{"pid": 100}, {"pid": 101}])
        self.assertEqual(self.mine.recv(1), b"")

    def test_in_a_fork_it_returns_at_once(self) -> None:
        became: list[int] = []
        self.patch(ForkServer, "_become_worker", lambda server, order, parent: became.append(parent))
        answer = self.order()
        self.assertTrue(self.run_server(lambda: 0))
        self.assertEqual(became, [os.getpid()])
        self.assertNoResult(answer)

    def test_who_has_ended_is_told(self) -> None:
        self.dead = [(100, signal.SIGKILL), (101, 1 << 8)]
        self.order()
        self.order()
        self.run_server()
        self.assertEqual(self.master.ends, [(100, -signal.SIGKILL), (101, 1)])

    def test_it_kills_its_own_and_nobody_else(self) -> None:
        def fork() -> int:
            for pid in (99, 100):
                self.master.callRemote(Kill, pid=pid)
            self.master.pair.shutdown(socket.SHUT_WR)
            return 100

        self.order()
        self.run_server(fork, says_more=True)
        self.assertEqual(self.killed, [(100, signal.SIGKILL)])

    def test_a_system_that_allows_no_fork_is_told_and_survived(self) -> None:
        def fork() -> int:
            raise BlockingIOError(11, "Resource temporarily unavailable")

        why: list[str] = []
        for _ in range(2):
            self.order().addErrback(lambda failure: why.append(str(failure.trap(CannotForkError) and failure.value)))
        self.assertFalse(self.run_server(fork))
        self.assertEqual(why, 2 * ["Resource temporarily unavailable"])
