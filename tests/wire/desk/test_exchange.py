"""The exchanges that can be replayed."""

from base64 import b64encode

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.desk.exchange import Exchange, NoLoginError
from exproxy.wire.desk.login import Login


class ExchangeTests(SynchronousTestCase):
    def test_plain(self) -> None:
        exchange = Exchange(b"PLAIN", b"a1")
        self.assertEqual(exchange.challenge, b"")
        self.assertEqual(exchange.take(b64encode(b"\0anna\0p w") + b"\r\n"), Login(b"anna", b"p w", sasl=True, tag=b"a1"))

    def test_plain_in_the_name_of_somebody_else(self) -> None:
        self.assertEqual(Exchange(b"PLAIN").take(b64encode(b"bob\0anna\0p")), Login(b"anna", b"p", b"bob", sasl=True))
        self.assertEqual(Exchange(b"PLAIN").take(b64encode(b"anna\0anna\0p")), Login(b"anna", b"p", sasl=True))

    def test_login_asks_twice(self) -> None:
        exchange = Exchange(b"LOGIN")
        self.assertEqual(exchange.challenge, b64encode(b"Username:"))
        self.assertIsNone(exchange.take(b64encode(b"anna")))
        self.assertEqual(exchange.challenge, b64encode(b"Password:"))
        self.assertEqual(exchange.take(b64encode(b"p")), Login(b"anna", b"p", sasl=True))

    def test_what_comes_to_nothing_says_nothing_of_what_was_said(self) -> None:
        for line in (b"*", b"secret", b"c2VjcmV0", b64encode(b"\0\0secret"), b64encode(b"\0a\0sec\nret"), b"="):
            error = self.assertRaises(NoLoginError, Exchange(b"PLAIN").take, line)
            self.assertNotIn("secret", str(error))
            self.assertNotIn("c2VjcmV0", str(error))

    def test_nothing_of_it_is_shown(self) -> None:
        exchange = Exchange(b"LOGIN")
        exchange.take(b64encode(b"anna"))
        self.assertNotIn("anna", repr(exchange))
