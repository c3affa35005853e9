"""Tests for :mod:`exproxy.wire.smtprelay.content`."""

import itertools

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.smtprelay.content import Content
from tests.wire.cutting import pieces

ENDINGS = (b"\r\n", b"\n", b"\r", b"\n\r", b"\r\r\n", b"\r\0\n")
SMUGGLING = [
    before + b"." + after for before, after in itertools.product(ENDINGS, ENDINGS) if (before + b"." + after) != b"\r\n.\r\n"
]
"""What one server or another has taken for the end of a mail: CVE-2023-51764 (Postfix), -51765 (sendmail), -51766 (Exim)."""
ENDS_AFTER_ALL = {b"\r\r\n.\r\n", b"\r\n.\r\n"}
"""Ends in CRLF.CRLF, whatever stands before."""


def end(chunks: list[bytes]) -> int:
    """How many octets of all chunks are content with its end; -1 if there is none."""
    content, passed = Content(), 0
    for chunk in chunks:
        found = content.end(chunk)
        if found >= 0:
            return passed + found
        passed += len(chunk)
    return -1


class ContentTests(SynchronousTestCase):
    def test_the_end_is_behind_crlf_dot_crlf(self) -> None:
        self.assertEqual(end([b"Subject: x\r\n\r\nHello\r\n.\r\nQUIT\r\n"]), 24)

    def test_a_dot_alone_is_an_empty_mail(self) -> None:
        self.assertEqual(end([b".\r\nQUIT\r\n"]), 3)

    def test_a_line_that_begins_with_dots_is_no_end(self) -> None:
        self.assertEqual(end([b"..\r\n.x\r\n. \r\n...\r\n"]), -1)

    def test_the_end_may_be_cut_anywhere(self) -> None:
        data = b"a\r\n.\r\nb"
        for cut in range(len(data)):
            self.assertEqual(end([data[:cut], data[cut:]]), 6)

    def test_an_end_that_only_began_is_forgotten(self) -> None:
        self.assertEqual(end([b"a\r\n.", b"\r", b"x\r", b"\n", b".", b"\r\n"]), 11)

    def test_nothing_else_is_an_end(self) -> None:
        for form in SMUGGLING:
            if form not in ENDS_AFTER_ALL:
                self.assertEqual(end([b"text" + form + b"MAIL FROM:<x@example.com>\r\n"]), -1, form)

    def test_nothing_else_is_an_end_when_it_comes_octet_by_octet(self) -> None:
        for form in SMUGGLING:
            if form not in ENDS_AFTER_ALL:
                self.assertEqual(end([bytes((octet,)) for octet in b"text" + form + b"x"]), -1, form)

    def test_the_first_of_two_ends_counts(self) -> None:
        self.assertEqual(end([b"a\r\n.\r\n.\r\n"]), 6)

    def test_however_it_is_cut_the_end_is_the_first_crlf_dot_crlf(self) -> None:
        @given(
            st.lists(st.sampled_from([b"\r", b"\n", b".", b"x", b"\r\n"]), max_size=60), st.lists(st.integers(0, 99), max_size=9)
        )
        def check(parts: list[bytes], cuts: list[int]) -> None:
            data = b"".join(parts)
            at = (b"\r\n" + data).find(b"\r\n.\r\n")
            self.assertEqual(end(pieces(data, cuts)), at + 3 if at >= 0 else -1)

        check()
