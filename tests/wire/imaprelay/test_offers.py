"""What an IMAP server says that it can, made true."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.imaprelay.offers import compresses, rewritten, without_capabilities
from exproxy.wire.mailsettings import Settings, StartTls


class OfferTests(SynchronousTestCase):
    def test_what_tells_none_stays(self) -> None:
        for response in (b"* 1 EXISTS\r\n", b"a OK done\r\n", b"* OK [ALERT] x\r\n", b"* NO [CAPABILITY] x\r\n"):
            self.assertEqual(rewritten(response, Settings(StartTls.OFFER), secure=False), response)

    def test_case_does_not_count(self) -> None:
        self.assertEqual(rewritten(b"* capability starttls a\r\n", Settings(), secure=False), b"* CAPABILITY a\r\n")

    def test_a_greeting_without_its_capabilities(self) -> None:
        self.assertEqual(without_capabilities(b"* OK [CAPABILITY A B] Dovecot ready.\r\n"), b"* OK Dovecot ready.\r\n")
        self.assertEqual(without_capabilities(b"* OK ready\r\n"), b"* OK ready\r\n")

    def test_compress_is_not_offered_before_the_login_nor_in_its_reply_and_is_known(self) -> None:
        self.assertEqual(
            rewritten(b"a OK [CAPABILITY A COMPRESS=DEFLATE] in\r\n", Settings(), secure=True), b"a OK [CAPABILITY A] in\r\n"
        )
        self.assertTrue(compresses(b"* CAPABILITY a compress=deflate\r\n"))
        self.assertFalse(compresses(b"* CAPABILITY a\r\n"))
