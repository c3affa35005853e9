"""The memory network keeps the promises of ``net/interfaces.py`` that tests lean on."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.net.memory import MemoryNetwork, Peer, Recorder, pair


class MemoryPairTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.near, self.far = pair(self.clock, capacity=10)
        self.near_told, self.far_told = Recorder(), Recorder()
        self.near.attach(self.near_told)
        self.far.attach(self.far_told)

    def test_bytes_wait_until_the_reader_resumes(self) -> None:
        self.near.write(b"hello")
        self.clock.advance(0)
        self.assertEqual(bytes(self.far_told.data), b"")
        self.far.resume()
        self.assertEqual(bytes(self.far_told.data), b"")
        self.clock.advance(0)
        self.assertEqual(bytes(self.far_told.data), b"hello")

    def test_a_full_peer_holds_the_writer_up_until_it_reads(self) -> None:
        self.assertFalse(self.near.write(b"x" * 25))
        self.clock.advance(0)
        self.assertEqual(self.near_told.drained, 0)
        self.far.resume()
        self.clock.advance(0)
        self.assertEqual(len(self.far_told.data), 25)
        self.assertEqual(self.near_told.drained, 1)

    def test_half_close_leaves_the_other_direction_open(self) -> None:
        self.near.resume()
        self.far.resume()
        self.near.write_eof()
        self.clock.advance(0)
        self.assertTrue(self.far_told.eof)
        self.assertFalse(self.far_told.lost)
        self.far.write(b"late")
        self.far.write_eof()
        self.clock.advance(0)
        self.assertEqual(bytes(self.near_told.data), b"late")
        self.assertEqual((self.near_told.lost, self.near_told.error), (True, None))
        self.assertTrue(self.far_told.lost)

    def test_an_abort_is_a_reset_at_the_peer(self) -> None:
        self.near.abort()
        self.assertFalse(self.near_told.lost)
        self.clock.advance(0)
        self.assertEqual((self.near_told.lost, self.near_told.error), (True, None))
        self.assertIsInstance(self.far_told.error, ConnectionResetError)

    def test_close_sends_what_is_queued_first(self) -> None:
        self.near.write(b"x" * 25)
        self.near.close()
        self.clock.advance(0)
        self.assertFalse(self.near_told.lost)
        self.far.resume()
        self.clock.advance(0)
        self.assertEqual(len(self.far_told.data), 25)
        self.assertTrue(self.far_told.eof)
        self.assertTrue(self.near_told.lost)

    def test_unread_bytes_come_first(self) -> None:
        self.near.write(b"world")
        self.far.unread(b"hello ")
        self.far.resume()
        self.clock.advance(0)
        self.assertEqual(bytes(self.far_told.data), b"hello world")

    def test_a_watched_stream_tells_that_the_peer_left_while_it_is_paused(self) -> None:
        self.far.watch()
        self.near.write(b"bye")
        self.near.close()
        self.clock.advance(0)
        self.assertEqual((self.far_told.left, self.far_told.eof, bytes(self.far_told.data)), (True, False, b""))

    def test_a_pipe_relays_with_back_pressure_and_the_end(self) -> None:
        third, fourth = pair(self.clock, capacity=10)
        last = Recorder()
        third.attach(Recorder())
        fourth.attach(last)
        self.far.pipe(third)
        self.near.write(b"y" * 50)
        self.near.write_eof()
        self.clock.advance(0)
        self.assertTrue(self.near.outbox)
        fourth.resume()
        self.clock.advance(0)
        self.assertEqual((len(last.data), last.eof), (50, True))


class MemoryNetworkTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.network = MemoryNetwork(self.clock)

    def test_nobody_listening_refuses(self) -> None:
        told = Recorder()
        self.network.connect(("192.0.2.1", 25), told, 5.0)
        self.assertIsNone(told.failure)
        self.clock.advance(0)
        self.assertIsInstance(told.failure, ConnectionRefusedError)

    def test_a_silent_host_times_out(self) -> None:
        told = Recorder()
        self.network.blackhole(("192.0.2.1", 25))
        self.network.connect(("192.0.2.1", 25), told, 5.0)
        self.clock.advance(4.9)
        self.assertIsNone(told.failure)
        self.clock.advance(0.2)
        self.assertIsInstance(told.failure, TimeoutError)

    def test_a_cancelled_attempt_tells_nobody(self) -> None:
        told = Recorder()
        self.network.connect(("192.0.2.1", 25), told, 5.0).cancel()
        self.clock.advance(10)
        self.assertIsNone(told.failure)
        self.assertIsNone(told.stream)

    def test_a_listener_greets_whoever_connects(self) -> None:
        told = Recorder()
        peer = Peer(greeting=b"220 hello\r\n")
        self.network.listen(("192.0.2.1", 25), peer).resume()
        self.network.connect(("192.0.2.1", 25), told, 5.0, source="192.0.2.7")
        self.clock.advance(0)
        self.assertEqual(bytes(told.data), b"220 hello\r\n")
        self.assertEqual(peer.sessions[0].stream.peer[0], "192.0.2.7")

    def test_a_port_in_use_is_refused(self) -> None:
        self.network.listen(("192.0.2.1", 25), Peer())
        with self.assertRaises(OSError):
            self.network.listen(("192.0.2.1", 25), Peer())

    def test_a_paused_port_lets_connections_wait(self) -> None:
        peer = Peer()
        port = self.network.listen(("192.0.2.1", 25), peer)
        self.network.connect(("192.0.2.1", 25), Recorder(), 5.0)
        self.clock.advance(0)
        self.assertEqual(peer.sessions, [])
        port.resume()
        self.clock.advance(0)
        self.assertEqual(len(peer.sessions), 1)
