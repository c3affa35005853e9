"""IMAP responses as the server wrote them."""

from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.errors import WireError
from exproxy.wire.imaprelay.responses import Response, Responses
from tests.wire.cutting import ParserContract


class ResponsesContract(ParserContract, SynchronousTestCase):
    valid = st.just(b'* OK hi {3}\r\n* ID ("a" {4}\r\nx\r\ny)\r\n+\r\n+ go\r\na1 OK done\r\n')

    def make(self) -> Responses:
        return Responses()


class ResponsesTests(SynchronousTestCase):
    def test_each_comes_as_it_was_written(self) -> None:
        self.assertEqual(
            Responses().feed(b'* ID ("a" {2}\r\nxy)\r\na1 ok {9}\r\n'),
            [Response(b"*", b"ID", b'* ID ("a" {2}\r\nxy)\r\n'), Response(b"a1", b"OK", b"a1 ok {9}\r\n")],
        )

    def test_a_continuation_may_say_nothing(self) -> None:
        self.assertEqual(Responses().feed(b"+\r\n"), [Response(b"+", b"", b"+\r\n")])

    def test_what_has_no_tag_is_an_error(self) -> None:
        for said in (b"\r\n", b" OK\r\n", b"{x\r\n"):
            self.assertRaises(WireError, Responses().feed, said)

    def test_a_literal_that_is_too_long_is_an_error_at_once(self) -> None:
        self.assertRaises(WireError, Responses().feed, b"* 1 FETCH {99999}\r\n")

    def test_what_is_held_can_be_taken(self) -> None:
        responses = Responses()
        responses.feed(b"* ID {10}\r\nabc")
        self.assertEqual((responses.take_all(), responses.buffered), (b"* ID {10}\r\nabc", 0))
