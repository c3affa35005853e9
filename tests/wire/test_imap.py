"""Tests for :mod:`exproxy.wire.imap`."""

from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.errors import WireError
from exproxy.wire.imap import Continuation, Data, Response, ResponseParser, Status, capabilities, greeting
from tests.wire.cutting import ParserContract, assert_cut_invariant

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\n{}"), max_size=30).map(str.encode)
STATUS = st.tuples(st.sampled_from([b"* OK ", b"* bye ", b"* PREAUTH ", b"a1 OK [CAPABILITY IMAP4rev1] ", b"x NO "]), TEXT)
LITERAL = st.binary(max_size=30).map(lambda octets: b"{%d}\r\n%b" % (len(octets), octets))
DATA = st.lists(st.one_of(TEXT, LITERAL), max_size=4).map(lambda parts: b"* 1 FETCH (" + b" ".join(parts) + b")")
RESPONSE = st.one_of(STATUS.map(b"".join), DATA, TEXT.map(lambda text: b"+ " + text)).map(lambda line: line + b"\r\n")


class ResponseContract(ParserContract, SynchronousTestCase):
    valid = st.lists(RESPONSE, max_size=4).map(b"".join)

    def make(self) -> ResponseParser:
        return ResponseParser()


class ResponseTests(SynchronousTestCase):
    def only(self, data: bytes) -> Response:
        (response,) = assert_cut_invariant(ResponseParser, data, [3, 9]).events
        return response

    def refused(self, data: bytes) -> str:
        error = assert_cut_invariant(ResponseParser, data, [3, 9]).error
        assert error is not None, "it was taken"
        return f"{error[1]}: {error[0]}"

    def test_an_untagged_status(self) -> None:
        self.assertEqual(self.only(b"* OK ready\r\n"), Status(None, "OK", None, "", "ready"))

    def test_a_tagged_status(self) -> None:
        self.assertEqual(self.only(b"a1 no such\r\n"), Status("a1", "NO", None, "", "such"))

    def test_a_status_without_text(self) -> None:
        self.assertEqual(self.only(b"a1 OK\r\n"), Status("a1", "OK", None, "", ""))

    def test_a_response_code(self) -> None:
        self.assertEqual(self.only(b"* OK [alert] look out\r\n"), Status(None, "OK", "ALERT", "", "look out"))

    def test_a_response_code_with_arguments(self) -> None:
        expected = Status(None, "OK", "CAPABILITY", "IMAP4rev1 IDLE", "ready")
        self.assertEqual(self.only(b"* OK [CAPABILITY IMAP4rev1 IDLE] ready\r\n"), expected)

    def test_data(self) -> None:
        self.assertEqual(self.only(b"* 12 EXISTS\r\n"), Data("12 EXISTS"))

    def test_a_continuation(self) -> None:
        self.assertEqual(self.only(b"+ idling\r\n"), Continuation("idling"))
        self.assertEqual(self.only(b"+\r\n"), Continuation(""))

    def test_a_literal_may_hold_anything(self) -> None:
        data = b'* LIST () "/" {7}\r\na\r\nb\r\nc\r\n'
        self.assertEqual(self.only(data), Data('LIST () "/" {7}', (b"a\r\nb\r\nc",)))

    def test_the_response_goes_on_behind_its_literals(self) -> None:
        data = b"* 1 FETCH (A {0}\r\n B ~{2}\r\nxy)\r\n"
        self.assertEqual(self.only(data), Data("1 FETCH (A {0} B ~{2})", (b"", b"xy")))

    def test_the_text_of_a_status_has_no_literals(self) -> None:
        self.assertEqual(self.only(b"* OK take {5}\r\n"), Status(None, "OK", None, "", "take {5}"))

    def test_a_huge_literal_is_refused_before_it_comes(self) -> None:
        self.assertIn("longer than 65536 octets", self.refused(b"* 1 FETCH (A {999999999}\r\n"))

    def test_endless_literals_are_refused(self) -> None:
        self.assertIn("more than 100 literals", self.refused(b"* 1 FETCH" + b" {0}\r\n" * 101))

    def test_another_protocol_is_refused_and_quoted(self) -> None:
        self.assertEqual(
            self.refused(b"220 hello\r\n"), "IMAP response: neither untagged nor tagged nor a continuation: '220 hello'"
        )

    def test_a_tag_may_not_have_a_plus(self) -> None:
        self.assertIn("neither", self.refused(b"a+ OK x\r\n"))

    def test_a_tagged_response_is_never_a_bye(self) -> None:
        self.assertIn("neither", self.refused(b"a1 BYE x\r\n"))

    def test_an_asterisk_alone_is_refused(self) -> None:
        self.assertIn("neither", self.refused(b"*\r\n"))

    def test_people_see_condition_code_and_text(self) -> None:
        self.assertEqual(str(Status(None, "BYE", "UNAVAILABLE", "", "later")), "BYE [UNAVAILABLE] later")
        self.assertEqual(str(Status(None, "OK", None, "", "ready\x07")), r"OK ready\x07")


class CapabilitiesTests(SynchronousTestCase):
    def test_from_data(self) -> None:
        self.assertEqual(capabilities(Data("CAPABILITY IMAP4rev1 StartTLS")), {"IMAP4REV1", "STARTTLS"})

    def test_from_a_response_code(self) -> None:
        self.assertEqual(capabilities(Status(None, "OK", "CAPABILITY", "IMAP4rev1 IDLE", "")), {"IMAP4REV1", "IDLE"})

    def test_other_responses_tell_none(self) -> None:
        self.assertIsNone(capabilities(Data("12 EXISTS")))
        self.assertIsNone(capabilities(Status(None, "OK", "ALERT", "", "")))
        self.assertIsNone(capabilities(Continuation("")))


class GreetingTests(SynchronousTestCase):
    def test_ok_preauth_and_bye_are_greetings(self) -> None:
        for condition in ("OK", "PREAUTH", "BYE"):
            (response,) = ResponseParser().feed(f"* {condition} x\r\n".encode())
            self.assertIs(greeting(response), response)

    def test_others_are_not(self) -> None:
        for line in (b"* NO x\r\n", b"a1 OK x\r\n", b"* 12 EXISTS\r\n", b"+ x\r\n"):
            (response,) = ResponseParser().feed(line)
            error = self.assertRaises(WireError, greeting, response)
            self.assertEqual(str(error), "IMAP greeting: it is not OK, PREAUTH or BYE")
