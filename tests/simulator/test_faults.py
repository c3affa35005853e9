from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from exproxy.simulator.faults import NOISE, Drip, ModeFactory, Refusal
from exproxy.simulator.modes import Mode


class Echo(Protocol):
    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.write(b"hi")

    def dataReceived(self, data: bytes) -> None:
        assert self.transport is not None
        self.transport.write(data)
        self.transport.loseConnection()


class TLSTransport(StringTransport):
    """Remembers what had been said in clear when TLS began."""

    clear_text = b""

    def startTLS(self, context: object) -> None:
        self.clear_text = self.value()


class FaultTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.mode = Mode.WELL
        self.factory = ModeFactory(
            self.clock, lambda: self.mode, Factory.forProtocol(Echo), lambda mode: Refusal(mode.value.encode())
        )
        self.transport = TLSTransport()

    def connect(self, mode: Mode) -> Any:
        self.mode = mode
        server = self.factory.buildProtocol(None)
        server.makeConnection(self.transport)
        return server

    def test_well_speaks_the_protocol(self) -> None:
        self.connect(Mode.WELL)
        self.assertEqual(self.transport.value(), b"hi")

    def test_silent_neither_greets_nor_answers(self) -> None:
        self.connect(Mode.SILENT).dataReceived(b"hello")
        self.assertEqual(self.transport.value(), b"")

    def test_garbage_comes_at_once_and_as_an_answer(self) -> None:
        self.connect(Mode.GARBAGE).dataReceived(b"hello")
        self.assertEqual(self.transport.value(), NOISE * 2)

    def test_a_failing_service_refuses_in_its_own_words_and_closes(self) -> None:
        for mode in (Mode.ERROR, Mode.MAINTENANCE):
            self.transport = TLSTransport()
            self.connect(mode)
            self.assertEqual((self.transport.value(), self.transport.disconnecting), (mode.value.encode(), True))

    def test_slow_says_a_byte_at_a_time(self) -> None:
        self.connect(Mode.SLOW)
        self.assertEqual(self.transport.value(), b"")
        self.clock.advance(Drip.PACE)
        self.assertEqual(self.transport.value(), b"h")

    def test_slow_closes_only_when_all_is_said(self) -> None:
        server = self.connect(Mode.SLOW)
        server.dataReceived(b"!")
        self.clock.pump([Drip.PACE] * 2)
        self.assertFalse(self.transport.disconnecting)
        self.clock.pump([Drip.PACE] * 2)
        self.assertEqual((self.transport.value(), self.transport.disconnecting), (b"hi!", True))

    def test_slow_leaves_no_timer_when_the_client_goes(self) -> None:
        self.connect(Mode.SLOW).connectionLost(Failure(ConnectionDone()))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_slow_cuts_off_a_client_that_asks_for_too_much(self) -> None:
        self.connect(Mode.SLOW).dataReceived(b"x" * Drip.LIMIT)
        self.assertTrue(self.transport.disconnected)

    def test_slow_says_what_precedes_tls_in_clear(self) -> None:
        self.connect(Mode.SLOW).startTLS(None)
        self.assertEqual(self.transport.clear_text, b"hi")

    def test_a_live_session_keeps_the_mode_that_it_began_with(self) -> None:
        server = self.connect(Mode.WELL)
        self.mode = Mode.SILENT
        server.dataReceived(b"!")
        self.assertEqual(self.transport.value(), b"hi!")

    def test_cutting_all_sessions_fires_when_the_last_is_gone(self) -> None:
        server = self.connect(Mode.WELL)
        gone = self.factory.abort_all()
        self.assertTrue(self.transport.disconnected)
        self.assertNoResult(gone)
        server.connectionLost(Failure(ConnectionDone()))
        self.successResultOf(gone)

    def test_cutting_nobody_is_done_at_once(self) -> None:
        self.assertIsNone(self.successResultOf(self.factory.abort_all()))
