"""Who logs in, as far as SASL says it in the clear."""

import base64

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.sasl import decoded, login_account, plain_account


def b64(text: bytes) -> bytes:
    return base64.b64encode(text) + b"\r\n"


class AccountTests(SynchronousTestCase):
    def test_plain_tells_whose_the_password_is(self) -> None:
        self.assertEqual(plain_account(b64(b"boss\0anna\0secret")), b"anna")
        self.assertEqual(plain_account(b64(b"\0anna\0secret")), b"anna")

    def test_login_tells_it_alone(self) -> None:
        self.assertEqual(login_account(b64(b"anna")), b"anna")

    def test_what_is_none_tells_nobody(self) -> None:
        for response in (b"*\r\n", b"=\r\n", b"\r\n", b"!!!\r\n", b"YQ\r\n", b64(b"anna"), b64(b"a\0b"), b64(b"a\0b\0c\0d")):
            self.assertEqual(plain_account(response), b"", response)
        self.assertEqual(decoded(b"=\r\n"), b"")
