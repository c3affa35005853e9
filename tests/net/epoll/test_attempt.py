"""Connections on their way."""

import socket
from select import EPOLLIN

from exproxy.net.epoll.attempt import FailedAttempt
from exproxy.net.epoll.network import EpollNetwork
from tests.net.epoll.harness import LoopTestCase, SilentRecorder


class AttemptTests(LoopTestCase):
    def test_a_refusal_at_once_is_told_later_and_once(self) -> None:
        recorder = SilentRecorder()
        error = OSError("no")
        FailedAttempt(self.loop, recorder, error)
        self.assertEqual(recorder.events, [])
        self.turn()
        self.assertEqual(recorder.events, [("connect failed", error)])

    def test_a_cancelled_refusal_is_not_told(self) -> None:
        recorder = SilentRecorder()
        FailedAttempt(self.loop, recorder, OSError("no")).cancel()
        self.turn()
        self.assertEqual(recorder.events, [])

    def test_a_dialer_that_raises_loses_its_stream_only(self) -> None:
        class Bad(SilentRecorder):
            def connected(self, stream: object) -> None:
                raise ZeroDivisionError

        network = EpollNetwork(self.loop)
        server = SilentRecorder()
        port = network.listen(("127.0.0.1", 0), server)
        self.addCleanup(port.close)
        port.resume()
        failures: list[object] = []
        network.connect(port.address, Bad(), 5.0)
        self.until(lambda: failures.extend(self.flushLoggedErrors(ZeroDivisionError)) or (failures and server.streams))
        self.assertEqual(len(failures), 1)
        server.streams[0].resume()
        self.until(lambda: server.lost)
        self.assertIsInstance(server.lost[server.streams[0]], ConnectionResetError)

    def test_a_dialer_that_raises_at_a_refusal_ends_nobody_else(self) -> None:
        class Bad(SilentRecorder):
            def connect_failed(self, error: Exception) -> None:
                raise ZeroDivisionError

        network = EpollNetwork(self.loop)
        port = network.listen(("127.0.0.1", 0), SilentRecorder())
        port.close()
        good = SilentRecorder()
        network.connect(port.address, Bad(), 5.0)
        network.connect(port.address, good, 5.0)
        self.until(lambda: good.events)
        self.assertEqual([event for event, _ in good.events], ["connect failed"])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_a_server_that_greets_and_leaves_before_we_look_is_heard_to_its_end(self) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        ours, sink = SilentRecorder(), SilentRecorder()
        EpollNetwork(self.loop).connect(listener.getsockname(), ours, 5.0)
        server, _ = listener.accept()
        server.sendall(b"421 busy\r\n")
        server.close()
        self.until(lambda: ours.streams)
        client, client_end = self.stream(sink)
        ours.streams[0].pipe(client)
        self.until(lambda: ours.happened("eof", ours.streams[0]))
        self.turn()
        self.assertEqual(client_end.recv(100), b"421 busy\r\n")
        self.assertEqual(client_end.recv(100), b"")

    def test_an_event_of_a_port_that_had_this_descriptor_before_is_no_connection(self) -> None:
        recorder = SilentRecorder()
        attempt = EpollNetwork(self.loop).connect(("127.0.0.1", 9), recorder, 5.0)
        attempt.ready(EPOLLIN)
        self.assertEqual(recorder.events, [])
        attempt.cancel()
        self.turn()

    def test_the_deadline_leaves_nothing_behind(self) -> None:
        network = EpollNetwork(self.loop)
        recorder = SilentRecorder()
        attempt = network.connect(("127.0.0.1", 9), recorder, 5.0)
        attempt.cancel()
        self.turn()
        self.assertEqual(self.loop.deadlines._buckets.get(attempt.deadline_tick, set()), set())
        self.assertEqual(recorder.events, [])
