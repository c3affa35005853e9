"""Tests for :mod:`exproxy.wire.smtprelay.offers`."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.mailsettings import Settings, StartTls
from exproxy.wire.smtprelay.offers import Rewriter

EXCHANGE = b"".join(
    b"250-%b\r\n" % line
    for line in (
        b"ex1.example.com Hello [10.0.0.9]",
        b"SIZE 37748736",
        b"PIPELINING",
        b"DSN",
        b"ENHANCEDSTATUSCODES",
        b"STARTTLS",
        b"X-ANONYMOUSTLS",
        b"AUTH NTLM LOGIN",
        b"X-EXPS GSSAPI NTLM",
        b"8BITMIME",
        b"BINARYMIME",
        b"CHUNKING",
    )
)
EXCHANGE += b"250 XRDST\r\n"
PLAIN = Settings()
OFFLOAD = Settings(StartTls.OFFER)
STRICT = Settings(StartTls.OFFER, require_tls=True)


def offered(reply: bytes, settings: Settings, *, secure: bool = False) -> list[bytes]:
    """The lines for the client, without codes; what stands between code and text is judged here."""
    lines = Rewriter(settings).rewritten(reply, secure=secure).octets.removesuffix(b"\r\n").split(b"\r\n")
    assert all(line.startswith(b"250-") for line in lines[:-1])
    assert lines[-1].startswith(b"250 ")
    return [line[4:] for line in lines]


class OffersTests(SynchronousTestCase):
    def test_what_is_not_touched_stays_octet_by_octet(self) -> None:
        self.assertEqual(Rewriter(Settings(StartTls.PASS)).rewritten(EXCHANGE, secure=False).octets, EXCHANGE)

    def test_starttls_of_the_server_is_hidden(self) -> None:
        self.assertEqual(Rewriter(PLAIN).rewritten(EXCHANGE, secure=False).octets, EXCHANGE.replace(b"250-STARTTLS\r\n", b""))

    def test_our_starttls_is_the_last_line(self) -> None:
        lines = offered(EXCHANGE, OFFLOAD)
        self.assertEqual((lines[-2:], lines.count(b"STARTTLS")), ([b"XRDST", b"STARTTLS"], 1))

    def test_within_tls_nobody_offers_starttls(self) -> None:
        for starttls in StartTls:
            self.assertNotIn(b"STARTTLS", offered(EXCHANGE, Settings(starttls), secure=True))

    def test_xclient_and_xforward_are_never_offered(self) -> None:
        reply = b"250-mx\r\n250-XCLIENT NAME ADDR PORT PROTO HELO LOGIN\r\n250-8BITMIME\r\n250 XFORWARD NAME ADDR\r\n"
        for starttls in StartTls:
            for secure in (False, True):
                lines = offered(reply, Settings(starttls), secure=secure)
                self.assertEqual([line for line in lines if line.startswith(b"X")], [])
                self.assertIn(b"8BITMIME", lines)

    def test_a_line_that_was_the_last_and_goes_leaves_a_last_line(self) -> None:
        self.assertEqual(offered(b"250-mx\r\n250 xclient NAME\r\n", PLAIN), [b"mx"])

    def test_a_keyword_is_known_in_any_case_and_with_an_equals_sign(self) -> None:
        self.assertEqual(offered(b"250-mx\r\n250-StartTLS\r\n250-auth=LOGIN\r\n250 Auth LOGIN\r\n", STRICT), [b"mx", b"STARTTLS"])

    def test_auth_is_hidden_until_tls_where_that_is_required(self) -> None:
        lines = offered(EXCHANGE, STRICT)
        self.assertEqual([line for line in lines if b"NTLM" in line], [])
        self.assertIn(b"X-ANONYMOUSTLS", lines)

    def test_auth_is_offered_within_tls(self) -> None:
        lines = offered(EXCHANGE, STRICT, secure=True)
        self.assertEqual([line for line in lines if b"NTLM" in line], [b"AUTH NTLM LOGIN", b"X-EXPS GSSAPI NTLM"])

    def test_auth_is_offered_in_the_clear_where_tls_is_not_required(self) -> None:
        self.assertIn(b"AUTH NTLM LOGIN", offered(EXCHANGE, OFFLOAD))

    def test_what_we_do_not_follow_is_not_offered(self) -> None:
        self.assertEqual(offered(b"250-mx\r\n250-TURN\r\n250-ATRN\r\n250 XEXCH50\r\n", PLAIN), [b"mx"])

    def test_chunking_is_noticed(self) -> None:
        self.assertTrue(Rewriter(PLAIN).rewritten(EXCHANGE, secure=False).chunking)
        self.assertFalse(Rewriter(PLAIN).rewritten(b"250-CHUNKING\r\n250 DSN\r\n", secure=False).chunking)

    def test_a_reply_of_one_line_may_become_two(self) -> None:
        self.assertEqual(offered(b"250 mx\r\n", OFFLOAD), [b"mx", b"STARTTLS"])

    def test_a_bare_lf_and_an_empty_line_are_taken(self) -> None:
        self.assertEqual(offered(b"250-mx\n250-\n250\n", OFFLOAD), [b"mx", b"", b"", b"STARTTLS"])

    def test_a_reply_like_the_one_before_has_its_own_first_line(self) -> None:
        rewriter = Rewriter(OFFLOAD)
        for client in (b"10.0.0.9", b"10.0.0.10"):
            lines = rewriter.rewritten(EXCHANGE.replace(b"10.0.0.9", client), secure=False).octets.split(b"\r\n")
            self.assertEqual((lines[0], lines[-2]), (b"250-ex1.example.com Hello [%b]" % client, b"250 STARTTLS"))

    def test_what_was_said_in_the_clear_is_not_taken_for_what_is_said_within_tls(self) -> None:
        rewriter = Rewriter(STRICT)
        for secure in (False, True, False):
            offers = rewriter.rewritten(EXCHANGE, secure=secure).octets
            self.assertEqual((b"AUTH NTLM" in offers, b"STARTTLS" in offers.replace(b"X-", b"")), (secure, not secure))

    def test_a_reply_unlike_the_one_before_is_read_anew(self) -> None:
        rewriter = Rewriter(PLAIN)
        found = [rewriter.rewritten(reply, secure=False).chunking for reply in (EXCHANGE, b"250 mx\r\n", EXCHANGE)]
        self.assertEqual(found, [True, False, True])

    def test_all_other_lines_stay_in_their_order(self) -> None:
        @given(
            st.lists(st.sampled_from([b"SIZE 1", b"XCLIENT A", b"DSN", b"STARTTLS", b"X-ANONYMOUSTLS", b"XFORWARD"]), max_size=9)
        )
        def check(keywords: list[bytes]) -> None:
            lines = [b"mx", *keywords]
            reply = b"".join(b"250-%b\r\n" % line for line in lines[:-1]) + b"250 %b\r\n" % lines[-1]
            kept = [line for line in lines if line[:2] not in (b"XC", b"XF", b"ST")]
            self.assertEqual(offered(reply, PLAIN), kept)
            self.assertEqual(offered(reply, OFFLOAD), [*kept, b"STARTTLS"])

        check()
