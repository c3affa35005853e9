"""Tests for :mod:`exproxy.wire.smtprelay.replies`."""

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.errors import WireError
from exproxy.wire.smtprelay.bounds import REPLY
from exproxy.wire.smtprelay.replies import Replies, whole_reply
from tests.wire.cutting import ParserContract, assert_cut_invariant


@attrs.define
class AllReplies:
    """Takes all replies there are, as the relay does."""

    replies: Replies = attrs.field(factory=Replies)
    limit: int = REPLY

    @property
    def buffered(self) -> int:
        return self.replies.buffered

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        self.replies.receive(data)
        taken = []
        while (reply := self.replies.next()) is not None:
            taken.append(reply)
        return taken


WORDS = st.text(st.characters(min_codepoint=32, max_codepoint=300), max_size=20).map(lambda words: words.encode())
REPLIES = st.builds(
    lambda code, lines, last: b"".join(b"%d-%b\r\n" % (code, line) for line in lines) + b"%d %b\r\n" % (code, last),
    st.integers(200, 599),
    st.lists(WORDS, max_size=3),
    WORDS,
)


class RepliesContract(ParserContract, SynchronousTestCase):
    valid = st.lists(REPLIES, max_size=4).map(b"".join)

    def make(self) -> AllReplies:
        return AllReplies()


class RepliesTests(SynchronousTestCase):
    def error(self, data: bytes) -> str:
        heard = assert_cut_invariant(AllReplies, data)
        assert heard.error is not None, "an error"
        return heard.error[0]

    def test_a_reply_comes_as_it_was_written(self) -> None:
        self.assertEqual(
            AllReplies().feed(b"250-one\r\n250 two\r\n354\r\n"), [(250, b"250-one\r\n250 two\r\n"), (354, b"354\r\n")]
        )

    def test_a_bare_lf_ends_a_line_too(self) -> None:
        self.assertEqual(AllReplies().feed(b"250 Ok\n"), [(250, b"250 Ok\n")])

    def test_a_reply_that_is_not_complete_is_held(self) -> None:
        replies = AllReplies()
        self.assertEqual((replies.feed(b"250-one\r\n250"), replies.buffered), ([], 12))

    def test_what_has_no_code_is_an_error(self) -> None:
        for line in (b"hello\r\n", b"\r\n", b"25 x\r\n", b"1000 x\r\n", b"150 x\r\n", b"650 x\r\n", b"250_x\r\n"):
            self.assertIn("three-digit code", self.error(line))

    def test_a_code_that_changes_is_an_error(self) -> None:
        self.assertIn("from 250 to 550", self.error(b"250-one\r\n550 two\r\n"))

    def test_a_reply_of_exactly_the_limit_is_taken(self) -> None:
        line = b"250 " + b"x" * (REPLY - 6) + b"\r\n"
        self.assertEqual(AllReplies().feed(line), [(250, line)])

    def test_a_line_without_end_is_an_error(self) -> None:
        self.assertIn("longer than 16384", self.error(b"250 " + b"x" * REPLY))

    def test_lines_without_end_are_an_error(self) -> None:
        self.assertIn("longer than 16384", self.error(b"250-again\r\n" * 2000))

    def test_what_is_forgotten_is_no_part_of_the_next(self) -> None:
        replies = AllReplies()
        replies.feed(b"250-one\r\n25")
        replies.replies.clear()
        self.assertEqual(replies.feed(b"354 go\r\n"), [(354, b"354 go\r\n")])

    def test_the_error_is_a_wire_error(self) -> None:
        self.assertRaises(WireError, AllReplies().feed, b"EHLO\r\n")


class WholeReplyTests(SynchronousTestCase):
    def test_it_is_what_is_read_as_one_reply_with_nothing_behind_it(self) -> None:
        marks = st.sampled_from([b"250-", b"250 ", b"250", b"251-", b"25", b"150 ", b"600 "])
        ends = st.sampled_from([b"\r\n", b"\n", b"\r", b"x\r\n", b""])
        lines = st.lists(st.tuples(marks, ends).map(b"".join), max_size=4).map(b"".join)

        @given(st.one_of(lines, REPLIES))
        def check(data: bytes) -> None:
            replies = AllReplies()
            try:
                read = replies.feed(data)
            except WireError:
                read = []
            alone = len(read) == 1 and read[0][1] == data
            self.assertEqual(whole_reply(data), read[0][0] if alone else None)

        check()

    def test_one_that_is_too_long_is_none(self) -> None:
        self.assertEqual(whole_reply(b"250 ".ljust(REPLY - 2, b"x") + b"\r\n"), 250)
        self.assertIsNone(whole_reply(b"250 ".ljust(REPLY - 1, b"x") + b"\r\n"))
