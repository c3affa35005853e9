"""Connections on their way."""

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
        network.connect(port.address, Bad(), 5.0)
        self.turn()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        server.streams[0].resume()
        self.turn()
        self.assertIsInstance(server.lost[server.streams[0]], ConnectionResetError)

    def test_the_deadline_leaves_nothing_behind(self) -> None:
        network = EpollNetwork(self.loop)
        recorder = SilentRecorder()
        attempt = network.connect(("127.0.0.1", 9), recorder, 5.0)
        attempt.cancel()
        self.turn()
        self.assertEqual(self.loop.deadlines._buckets.get(attempt.deadline_tick, set()), set())
        self.assertEqual(recorder.events, [])
