"""The open loop: what is asked is due at fixed times, whatever came of what was asked before."""

import select
import socket

from twisted.trial.unittest import SynchronousTestCase

from bench.openloop import latencies


class Echo:
    """A client whose answers are there at once."""

    def __init__(self) -> None:
        self.epoll = select.epoll()
        self.due: list[float] = []
        self.answers = 0
        self.closed = False
        self._mine, self._peer = socket.socketpair()
        self.epoll.register(self._mine, select.EPOLLIN)

    def ask(self, due: float) -> None:
        self.due.append(due)
        self._peer.send(b"x")

    def answered(self, fd: int) -> float:
        self._mine.recv(1)
        self.answers += 1
        return self.due[self.answers - 1]

    def close(self) -> None:
        self.closed = True
        self.epoll.close()
        self._mine.close()
        self._peer.close()


class Broken(Echo):
    def answered(self, fd: int) -> float:
        raise OSError("reset")


class OpenLoopTests(SynchronousTestCase):
    def test_everything_that_is_due_is_asked_and_has_its_latency(self) -> None:
        client = Echo()
        self.assertEqual((len(latencies(client, 1000, 0.02)), len(client.due)), (20, 20))

    def test_times_are_due_at_one_distance(self) -> None:
        client = Echo()
        latencies(client, 1000, 0.02)
        distances = [after - before for before, after in zip(client.due, client.due[1:], strict=False)]
        self.assertTrue(all(abs(distance - 0.001) < 1e-6 for distance in distances), distances)

    def test_latencies_are_in_order_and_never_before_their_time(self) -> None:
        found = latencies(Echo(), 1000, 0.02)
        self.assertEqual((found == sorted(found), found[0] > 0), (True, True))

    def test_the_client_is_closed(self) -> None:
        client = Echo()
        latencies(client, 1000, 0.005)
        self.assertTrue(client.closed)

    def test_the_client_is_closed_when_it_fails(self) -> None:
        client = Broken()
        self.assertRaises(OSError, latencies, client, 1000, 0.005)
        self.assertTrue(client.closed)
