"""Why TLS with servers failed."""

from OpenSSL import SSL

from exproxy.net.tls.client import ClientTLS, client_context
from exproxy.net.tls.failures import TLSError
from exproxy.net.tls.profiles import BUILT_IN
from exproxy.site.serverfaults import QUIET, ServerFaults
from tests.net.tls.handshakes import converse
from tests.net.tlspeer import certificate, server_context
from tests.site.stage import SiteStage


class ServerFaultsTests(SiteStage):
    def setUp(self) -> None:
        super().setUp()
        self.tls = ClientTLS("mail.example.com", False, client_context(False, None, BUILT_IN["mx"]), ("sha256/other",))
        self.server = server_context(certificate())
        self.faults = ServerFaults()
        self.faults.add("web/ex1", self.tls)
        self.heard = self.hear()

    def fails(self) -> None:
        client, server = self.tls.connection(None, self), SSL.Connection(self.server, None)
        server.set_accept_state()
        converse(client, server)
        self.assertRaises(TLSError, self.tls.judge, client, "")

    def test_the_last_is_told_once_a_minute(self) -> None:
        self.faults.look(0.0)
        self.assertEqual(self.heard, [])
        self.fails()
        self.faults.look(1.0)
        (line,) = self.heard
        self.assertIn("web/ex1: 1 TLS handshake failed: the server's certificate is refused: its key is not a pinned", line)
        self.fails()
        self.fails()
        self.faults.look(QUIET)
        self.assertEqual(len(self.heard), 1)
        self.faults.look(QUIET + 1)
        self.faults.look(3 * QUIET)
        self.assertIn("web/ex1: 2 TLS handshakes failed: ", self.heard[1])
        self.assertEqual(len(self.heard), 2)
