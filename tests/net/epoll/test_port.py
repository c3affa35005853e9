"""Accepting: bounded, fair, and never spinning."""

import errno
import os
import socket

from exproxy.net.epoll.network import EpollNetwork
from exproxy.net.epoll.port import ACCEPTS_A_ROUND, REST, SHARED_ACCEPTS_A_ROUND, EpollPort
from exproxy.net.interfaces import Stream
from tests.net.epoll.harness import PATIENCE, LoopTestCase, SilentRecorder


class FakeListener:
    """A descriptor that is always ready and whose ``_accept`` raises."""

    family = 2

    def __init__(self, error: OSError) -> None:
        self._read, self._write = os.pipe()
        os.write(self._write, b"x")
        self.tries = 0
        self._error = error

    def fileno(self) -> int:
        return self._read

    def getsockname(self) -> tuple[str, int]:
        return "192.0.2.1", 25

    def _accept(self) -> None:
        self.tries += 1
        raise self._error

    def close(self) -> None:
        os.close(self._read)
        os.close(self._write)


class Crowded(FakeListener):
    """There is always one more who waits."""

    def __init__(self) -> None:
        super().__init__(OSError())
        self.far: list[socket.socket] = []

    def _accept(self) -> tuple[int, tuple[str, int]]:
        near, far = socket.socketpair()
        self.far.append(far)
        return near.detach(), ("192.0.2.7", 1)

    def close(self) -> None:
        super().close()
        for far in self.far:
            far.close()


class PortTests(LoopTestCase):
    def test_it_accepts_as_many_as_are_ready_and_leaves_the_round_to_the_others(self) -> None:
        for batch in (ACCEPTS_A_ROUND, SHARED_ACCEPTS_A_ROUND):
            recorder = SilentRecorder(room=1000)
            port = EpollPort(self.loop, Crowded(), recorder, batch)
            port.resume()
            self.loop.round(0)
            self.assertEqual(len(recorder.streams), batch)
            port.close()
            for stream in recorder.streams:
                stream.abort()
            self.turn()

    def test_it_accepts_no_more_than_there_is_room_for(self) -> None:
        recorder = SilentRecorder(room=3)
        port = EpollPort(self.loop, Crowded(), recorder)
        port.resume()
        self.loop.round(0)
        self.assertEqual(len(recorder.streams), 3)
        port.close()
        for stream in recorder.streams:
            stream.abort()
        self.turn()

    def test_out_of_descriptors_it_rests_instead_of_spinning(self) -> None:
        recorder = SilentRecorder()
        listener = FakeListener(OSError(errno.EMFILE, "Too many open files"))
        port = EpollPort(self.loop, listener, recorder)
        self.addCleanup(port.close)
        port.resume()
        self.turn(5)
        self.assertEqual(listener.tries, 1)
        self.assertEqual([event for event, _ in recorder.events], ["accept failed"])
        self.reactor.advance(REST + 0.2)
        self.turn(1)
        self.assertEqual(listener.tries, 2)

    def test_a_client_that_gave_up_in_the_backlog_is_no_event(self) -> None:
        recorder = SilentRecorder()
        port = EpollPort(self.loop, FakeListener(OSError(errno.ECONNABORTED, "aborted")), recorder)
        self.addCleanup(port.close)
        port.resume()
        self.turn()
        self.assertEqual(recorder.events, [])

    def test_no_room_no_accept(self) -> None:
        listener = FakeListener(OSError(errno.EMFILE, "Too many open files"))
        port = EpollPort(self.loop, listener, SilentRecorder(room=0))
        self.addCleanup(port.close)
        port.resume()
        self.turn()
        self.assertEqual(listener.tries, 0)

    def test_paused_while_it_rests_it_stays_paused(self) -> None:
        listener = FakeListener(OSError(errno.EMFILE, "Too many open files"))
        port = EpollPort(self.loop, listener, SilentRecorder())
        self.addCleanup(port.close)
        port.resume()
        self.turn()
        port.pause()
        self.reactor.advance(REST + 0.2)
        self.turn()
        self.assertEqual(listener.tries, 1)

    def test_a_client_whose_acceptor_raises_is_let_go(self) -> None:
        class Bad(SilentRecorder):
            def accepted(self, stream: Stream) -> None:
                super().accepted(stream)
                raise ZeroDivisionError

        recorder = Bad()
        port = EpollNetwork(self.loop).listen(("127.0.0.1", 0), recorder)
        self.addCleanup(port.close)
        port.resume()
        clients = [socket.create_connection(port.address) for _ in range(2)]
        for client in clients:
            self.addCleanup(client.close)
        self.until(lambda: len(recorder.lost) == 2)
        self.assertEqual((len(recorder.streams), len(recorder.lost)), (2, 2))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)

    def test_closed_it_is_out_of_the_loop(self) -> None:
        port = EpollNetwork(self.loop).listen(("127.0.0.1", 0), SilentRecorder())
        port.close()
        port.resume()
        port.close()
        self.turn()
        self.assertEqual(self.reactor.getDelayedCalls(), [])


class TakingInTests(LoopTestCase):
    """Who waits in the backlog of a port that is about to be closed; the loop does not turn meanwhile."""

    def port(self, listener: FakeListener, recorder: SilentRecorder) -> EpollPort:
        port = EpollPort(self.loop, listener, recorder, SHARED_ACCEPTS_A_ROUND)
        self.addCleanup(self.turn)
        self.addCleanup(lambda: [stream.abort() for stream in recorder.streams])
        self.addCleanup(port.close)
        port.resume()
        return port

    def test_all_of_them_are_accepted_and_live_on_when_it_is_closed(self) -> None:
        recorder = SilentRecorder(room=1000)
        port = EpollNetwork(self.loop).listen(("127.0.0.1", 0), recorder, 128)
        port.resume()
        clients = [socket.create_connection(port.address, timeout=PATIENCE) for _ in range(100)]
        port.take_in(129)
        port.close()
        self.assertEqual(len(recorder.streams), 100)
        for stream in recorder.streams:
            stream.write(b"hello")
            stream.close()
        self.until(lambda: len(recorder.lost) == 100)
        for client in clients:
            with client:
                self.assertEqual(client.recv(10), b"hello")

    def test_who_comes_when_one_process_has_closed_it_is_for_the_others(self) -> None:
        network = EpollNetwork(self.loop)
        recorders = [SilentRecorder(), SilentRecorder()]
        first = network.listen(("127.0.0.1", 0), recorders[0])
        second = network.adopt(os.dup(first.fileno()), recorders[1])
        for port, recorder, count in ((first, recorders[0], 2), (second, recorders[1], 3)):
            port.resume()
            for _ in range(count):
                self.addCleanup(socket.create_connection(first.address, timeout=PATIENCE).close)
            port.take_in(129)
            port.close()
            self.addCleanup(self.turn)
            self.addCleanup(lambda streams: [stream.abort() for stream in streams], recorder.streams)
        self.assertEqual([len(recorder.streams) for recorder in recorders], [2, 3])

    def test_a_flood_cannot_hold_it(self) -> None:
        recorder = SilentRecorder(room=1000)
        self.port(Crowded(), recorder).take_in(70)
        self.assertEqual(len(recorder.streams), 70)

    def test_no_more_than_there_is_room_for(self) -> None:
        class Small(SilentRecorder):
            def room(self) -> int:
                return 3 - len(self.streams)

        recorder = Small()
        self.port(Crowded(), recorder).take_in(70)
        self.assertEqual(len(recorder.streams), 3)

    def test_paused_it_leaves_them(self) -> None:
        recorder = SilentRecorder()
        port = self.port(Crowded(), recorder)
        port.pause()
        port.take_in(70)
        self.assertEqual(recorder.streams, [])

    def test_who_gave_up_is_no_reason_to_leave_the_others(self) -> None:
        listener = FakeListener(OSError(errno.ECONNABORTED, "aborted"))
        self.port(listener, SilentRecorder()).take_in(5)
        self.assertEqual(listener.tries, 5)

    def test_out_of_descriptors_it_leaves_them(self) -> None:
        listener = FakeListener(OSError(errno.EMFILE, "Too many open files"))
        recorder = SilentRecorder()
        self.port(listener, recorder).take_in(5)
        self.assertEqual(listener.tries, 1)
        self.assertEqual([event for event, _ in recorder.events], ["accept failed"])

    def test_an_acceptor_that_raises_costs_one_client(self) -> None:
        class Bad(SilentRecorder):
            def accepted(self, stream: Stream) -> None:
                super().accepted(stream)
                if len(self.streams) == 2:
                    raise ZeroDivisionError

        recorder = Bad(room=1000)
        port = self.port(Crowded(), recorder)
        port.take_in(5)
        port.close()
        self.turn()
        self.assertEqual((len(recorder.streams), len(recorder.lost)), (5, 1))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_they_are_as_young_as_they_are_though_the_loop_has_slept(self) -> None:
        recorder = SilentRecorder()
        port = self.port(Crowded(), recorder)
        self.reactor.advance(100.0)
        port.take_in(1)
        self.assertEqual(recorder.streams[0].last_active, self.reactor.seconds())
