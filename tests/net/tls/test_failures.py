"""Words for what OpenSSL says."""

from errno import ECONNRESET

from OpenSSL import SSL
from twisted.trial.unittest import SynchronousTestCase

from exproxy.net.tls.failures import (
    PeerLeftError,
    TruncatedError,
    explain_client,
    explain_record,
    explain_server,
    reasons,
)


def openssl(reason: str) -> SSL.Error:
    return SSL.Error([("SSL routines", "", reason)])


class ClientTests(SynchronousTestCase):
    def test_what_is_no_tls_is_named(self) -> None:
        for reason, words in (
            ("http request", "the client spoke plain HTTP to the TLS port"),
            ("wrong version number", "the client does not speak TLS here"),
            ("unsupported protocol", "the client only has TLS versions that the profile does not allow"),
            ("no shared cipher", "client and profile have no cipher in common"),
            ("tlsv1 alert unknown ca", "the client refused the TLS handshake with the alert 'unknown ca'"),
            ("something new", "TLS failed: something new"),
        ):
            self.assertEqual(str(explain_client(openssl(reason))), words)

    def test_one_that_left_is_told_apart(self) -> None:
        gone = explain_client(SSL.SysCallError(-1, "Unexpected EOF"))
        self.assertIsInstance(gone, PeerLeftError)
        self.assertEqual(str(gone), "the client closed the connection during the TLS handshake")
        reset = explain_client(SSL.SysCallError(ECONNRESET, "ECONNRESET"))
        self.assertEqual(str(reset), "the client reset the connection during the TLS handshake")


class ServerTests(SynchronousTestCase):
    def test_what_allows_old_servers_is_named(self) -> None:
        words = explain_server(openssl("unsupported protocol"), "", 'profile = "legacy"')
        self.assertIn('(profile = "legacy" allows them)', words)
        self.assertIn('(profile = "legacy" allows it)', explain_server(openssl("dh key too small"), "", 'profile = "legacy"'))

    def test_a_refused_certificate_says_why(self) -> None:
        words = explain_server(openssl("certificate verify failed"), "it has expired", "x")
        self.assertEqual(words, "the server's certificate is refused: it has expired")

    def test_a_server_that_leaves_is_told(self) -> None:
        words = explain_server(SSL.SysCallError(-1, ""), "", "x")
        self.assertEqual(words, "the server closed the connection during the TLS handshake")


class RecordTests(SynchronousTestCase):
    def test_alerts_and_damage(self) -> None:
        self.assertIn("the alert 'bad record mac'", str(explain_record(openssl("ssl/tls alert bad record mac"))))
        self.assertEqual(str(explain_record(openssl("bad record type"))), "TLS is broken: bad record type")

    def test_an_error_without_reasons_has_none(self) -> None:
        self.assertEqual(reasons(SSL.Error()), [])
        self.assertEqual(str(explain_record(SSL.Error([]))), "TLS is broken: OpenSSL gives no reason")

    def test_a_truncation_knows_whether_we_had_said_goodbye(self) -> None:
        self.assertTrue(TruncatedError(True).told)
        self.assertIn("close_notify", str(TruncatedError(False)))
