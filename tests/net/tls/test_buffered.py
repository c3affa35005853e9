"""TLS between two buffers: what the suite on real sockets (tests/integration) does not drive."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.net.tls.buffered import BufferedTLSStream
from exproxy.net.tls.client import ClientTLS, client_context
from exproxy.net.tls.failures import PeerLeftError, TLSError, TruncatedError
from exproxy.net.tls.profiles import BUILT_IN
from exproxy.net.tls.server import ServerTLS
from tests.net.memory import Recorder, pair
from tests.net.tls.files import authority_file, certificate_file


class Owner(Recorder):
    secured = False
    refused: TLSError | None = None

    def tls_secured(self, stream: object) -> None:
        self.secured = True

    def tls_failed(self, stream: object, failure: TLSError) -> None:
        self.refused = failure


class BufferedTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        folder = self.mktemp()
        self.server_side = ServerTLS([certificate_file(folder)], BUILT_IN["intermediate"])
        context = client_context(True, authority_file(folder), BUILT_IN["intermediate"])
        self.client_side = ClientTLS("mail.example.com", True, context)
        self.client, self.server = Owner(), Owner()
        self.below, self.below_server = pair(self.clock)

    def begin(self) -> tuple[BufferedTLSStream, BufferedTLSStream]:
        near = BufferedTLSStream(self.clock, self.below, self.client_side, self.client)
        far = BufferedTLSStream(self.clock, self.below_server, self.server_side, self.server)
        self.settle()
        return near, far

    def settle(self) -> None:
        self.clock.pump([0] * 40)

    def test_both_are_told_and_paused(self) -> None:
        near, far = self.begin()
        self.assertTrue(self.client.secured and self.server.secured)
        self.assertEqual((near.version, near.cipher), (far.version, far.cipher))
        near.write(b"waits")
        self.settle()
        self.assertEqual(self.server.data, b"")
        far.resume()
        self.settle()
        self.assertEqual(self.server.data, b"waits")
        self.assertEqual((near.sent, far.received), (5, 5))

    def test_a_truncation_after_our_goodbye_says_so(self) -> None:
        near, _ = self.begin()
        near.resume()
        near.write_eof()
        self.settle()
        self.below_server.write_eof()
        self.settle()
        assert isinstance(self.client.error, TruncatedError)
        self.assertTrue(self.client.error.told)

    def test_a_peer_that_leaves_before_it_is_secured_fails_the_handshake(self) -> None:
        BufferedTLSStream(self.clock, self.below_server, self.server_side, self.server)
        self.below.close()
        self.settle()
        self.assertIsInstance(self.server.refused, PeerLeftError)
        self.assertIs(self.server.error, self.server.refused)

    def test_bytes_put_back_come_first(self) -> None:
        near, far = self.begin()
        far.unread(b"first ")
        near.write(b"second")
        far.resume()
        self.settle()
        self.assertEqual(self.server.data, b"first second")
