"""Tests for :mod:`exproxy.wire.smtp`."""

from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.errors import WireError
from exproxy.wire.smtp import MAX_LINES, Reply, ReplyParser, extensions
from tests.wire.cutting import ParserContract, assert_cut_invariant

EHLO = (
    b"250-ex1.example.com Hello [10.0.0.9]\r\n250-SIZE 37748736\r\n"
    b"250-starttls\r\n250-AUTH NTLM\r\n250-AUTH=LOGIN\r\n250 8BITMIME\r\n"
)


def reply(code: int, texts: list[str]) -> bytes:
    lines = [f"{code}{'-' if at < len(texts) else ' '}{text}\r\n" for at, text in enumerate(texts, 1)]
    return "".join(lines).encode()


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=40)


class ReplyContract(ParserContract, SynchronousTestCase):
    valid = st.lists(st.builds(reply, st.integers(200, 599), st.lists(TEXTS, min_size=1, max_size=4)), max_size=4).map(b"".join)

    def make(self) -> ReplyParser:
        return ReplyParser()


class ReplyTests(SynchronousTestCase):
    def only(self, data: bytes) -> Reply:
        (reply,) = assert_cut_invariant(ReplyParser, data, [7, 11]).events
        return reply

    def refused(self, data: bytes) -> str:
        error = assert_cut_invariant(ReplyParser, data, [7, 11]).error
        assert error is not None, "it was taken"
        return f"{error[1]}: {error[0]}"

    def test_one_line(self) -> None:
        self.assertEqual(self.only(b"220 ex1 ready\r\n"), Reply(220, ("ex1 ready",)))

    def test_several_lines_are_one_reply(self) -> None:
        self.assertEqual(self.only(b"250-a\r\n250-b\r\n250 c\r\n"), Reply(250, ("a", "b", "c")))

    def test_a_code_without_text_is_a_reply(self) -> None:
        self.assertEqual(self.only(b"250\r\n"), Reply(250, ("",)))

    def test_a_bare_lf_ends_a_line(self) -> None:
        self.assertEqual(self.only(b"220 x\n"), Reply(220, ("x",)))

    def test_two_replies_in_one_piece_are_two(self) -> None:
        self.assertEqual(ReplyParser().feed(b"220 x\r\n250 y\r\n"), [Reply(220, ("x",)), Reply(250, ("y",))])

    def test_replies_before_an_error_can_be_taken_one_by_one(self) -> None:
        parser = ReplyParser()
        parser.receive(b"220 x\r\ngarbage\r\n")
        self.assertEqual(parser.next(), Reply(220, ("x",)))
        self.assertRaises(WireError, parser.next)

    def test_the_code_may_not_change_within_a_reply(self) -> None:
        self.assertEqual(
            self.refused(b"250-a\r\n251 b\r\n"), "SMTP reply, line 2: the code changes from 250 to 251 within one reply"
        )

    def test_a_line_without_a_code_is_refused_and_quoted(self) -> None:
        self.assertEqual(
            self.refused(b"HTTP/1.1 400 Bad\r\n"),
            "SMTP reply, line 1: it does not begin with a three-digit code: 'HTTP/1.1 400 Bad'",
        )

    def test_codes_beyond_599_or_below_200_are_refused(self) -> None:
        self.assertIn("three-digit code", self.refused(b"600 x\r\n"))
        self.assertIn("three-digit code", self.refused(b"199 x\r\n"))

    def test_a_code_that_runs_into_its_text_is_refused(self) -> None:
        self.assertIn("three-digit code", self.refused(b"220ready\r\n"))

    def test_an_endless_reply_is_refused(self) -> None:
        self.assertIn("longer than 100 lines", self.refused(b"250-x\r\n" * (MAX_LINES + 1)))

    def test_a_long_reply_of_few_lines_is_refused(self) -> None:
        self.assertIn("65536 octets", self.refused((b"250-" + b"x" * 8000 + b"\r\n") * 9))

    def test_an_endless_line_is_refused(self) -> None:
        self.assertEqual(self.refused(b"220 " + b"x" * 9000), "SMTP reply, line 1: the line is longer than 8192 octets")

    def test_people_see_code_and_all_the_text(self) -> None:
        self.assertEqual(str(Reply(554, ("5.7.1 no", "", "go\x07away"))), r"554 5.7.1 no go\x07away")

    def test_is_quoted_without_its_full_stop_since_the_sentence_goes_on(self) -> None:
        self.assertEqual(str(Reply(220, ("ready.",))), "220 ready")


class EnhancedTests(SynchronousTestCase):
    def test_it_is_read(self) -> None:
        self.assertEqual(Reply(421, ("4.3.2 Service not active",)).enhanced, "4.3.2")

    def test_it_may_stand_alone(self) -> None:
        self.assertEqual(Reply(250, ("2.0.0",)).enhanced, "2.0.0")

    def test_one_of_another_class_is_text(self) -> None:
        self.assertIsNone(Reply(250, ("4.3.2 is my version",)).enhanced)

    def test_an_address_is_text(self) -> None:
        self.assertIsNone(Reply(220, ("2.0.0.1 ready",)).enhanced)

    def test_there_may_be_none(self) -> None:
        self.assertIsNone(Reply(220, ("ready",)).enhanced)


class ExtensionsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.offered = extensions(ReplyParser().feed(EHLO)[0])

    def test_the_server_names_itself(self) -> None:
        self.assertEqual(self.offered.domain, "ex1.example.com")

    def test_keywords_have_their_parameters(self) -> None:
        self.assertEqual(self.offered.keywords["SIZE"], ("37748736",))

    def test_case_does_not_matter(self) -> None:
        self.assertTrue(self.offered.offers("StartTLS"))

    def test_what_is_not_there_is_not_offered(self) -> None:
        self.assertFalse(self.offered.offers("CHUNKING"))

    def test_the_old_form_of_auth_adds_to_it(self) -> None:
        self.assertEqual(self.offered.keywords["AUTH"], ("NTLM", "LOGIN"))

    def test_an_answer_without_text_offers_nothing(self) -> None:
        self.assertEqual(extensions(Reply(250, ("", ""))).keywords, {})
