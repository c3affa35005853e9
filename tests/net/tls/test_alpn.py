"""ALPN between two connections in memory."""

from OpenSSL import SSL
from twisted.trial.unittest import SynchronousTestCase

from exproxy.net.tls.alpn import NoProtocolError, offer
from exproxy.net.tls.profiles import BUILT_IN
from tests.net.tls.handshakes import context_of, shake_hands


class OfferTests(SynchronousTestCase):
    def agreed(self, *asked: bytes, version: int = SSL.TLS1_3_VERSION) -> bytes:
        server, client = context_of(BUILT_IN["intermediate"]), SSL.Context(SSL.TLS_CLIENT_METHOD)
        client.set_max_proto_version(version)
        offer(server, ("http/1.1", "http/1.0"))
        if asked:
            client.set_alpn_protos(list(asked))
        near, _ = shake_hands(client, server)
        return near.get_alpn_proto_negotiated()

    def test_our_first_that_the_client_names_is_agreed_to(self) -> None:
        self.assertEqual(self.agreed(b"h2", b"http/1.0", b"http/1.1"), b"http/1.1")
        self.assertEqual(self.agreed(b"h2", b"http/1.0"), b"http/1.0")

    def test_who_asks_for_nothing_is_served(self) -> None:
        self.assertEqual(self.agreed(), b"")

    def test_who_asks_for_nothing_that_there_is_is_refused_in_both_versions(self) -> None:
        for version in (SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION):
            error = self.assertRaises(NoProtocolError, self.agreed, b"h2", b"\x1b[2J", version=version)
            self.assertEqual(str(error), "the client speaks h2, \\x1b[2J inside TLS (ALPN), and here is only http/1.1, http/1.0")
