"""Tests for :mod:`exproxy.wire.lines`."""

import attrs
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.errors import WireError
from exproxy.wire.lines import MAX_LINE, Lines, printable, quoted, strict, text
from tests.wire.cutting import ParserContract


@attrs.define
class AllLines:
    """Takes all lines there are, as the parsers do."""

    lines: Lines = attrs.field(factory=lambda: Lines(20))
    limit: int = 20

    @property
    def buffered(self) -> int:
        return self.lines.buffered

    def feed(self, data: bytes) -> list[bytes]:
        self.lines.receive(data)
        taken = []
        while (line := self.lines.take("test")) is not None:
            taken.append(line)
        return taken


class LinesContract(ParserContract, SynchronousTestCase):
    valid = st.lists(st.binary(max_size=18).map(lambda line: line.replace(b"\n", b"") + b"\r\n")).map(b"".join)

    def make(self) -> AllLines:
        return AllLines()


class LinesTests(SynchronousTestCase):
    def test_a_line_comes_with_its_end(self) -> None:
        self.assertEqual(AllLines().feed(b"a\r\nb\nrest"), [b"a\r\n", b"b\n"])

    def test_what_is_not_complete_is_held(self) -> None:
        lines = AllLines()
        lines.feed(b"a\r\nrest")
        self.assertEqual(lines.lines.rest, b"rest")
        self.assertEqual(lines.buffered, 4)

    def test_a_line_of_exactly_the_limit_is_taken(self) -> None:
        self.assertEqual(AllLines().feed(b"x" * 18 + b"\r\n"), [b"x" * 18 + b"\r\n"])

    def test_a_longer_line_is_an_error_that_names_place_and_bound(self) -> None:
        error = self.assertRaises(WireError, AllLines().feed, b"x" * 19 + b"\r\n")
        self.assertEqual(str(error), "test: the line is longer than 20 octets")

    def test_the_beginning_of_a_line_that_is_too_long_is_kept_to_be_quoted(self) -> None:
        lines = Lines()
        lines.receive(b"y" * MAX_LINE)
        self.assertRaises(WireError, lines.take, "test")
        self.assertEqual(lines.last, b"y" * 200)

    def test_octets_can_be_taken_between_lines(self) -> None:
        lines = Lines()
        lines.receive(b"a\nb\nc\n")
        lines.take("test")
        self.assertEqual(lines.take_octets(3), b"b\nc")
        self.assertEqual(lines.take("test"), b"\n")

    def test_nothing_is_left_after_clear(self) -> None:
        lines = Lines()
        lines.receive(b"abc")
        lines.take("test")
        lines.clear()
        lines.receive(b"\n")
        self.assertEqual(lines.take("test"), b"\n")


class EndTests(SynchronousTestCase):
    def test_text_takes_either_end_off(self) -> None:
        self.assertEqual([text(b"a\r\n"), text(b"a\n"), text(b"a\r\r\n")], [b"a", b"a", b"a\r"])

    def test_strict_takes_crlf_off(self) -> None:
        self.assertEqual(strict(b"a\r\n", "here"), b"a")

    def test_strict_refuses_a_bare_lf(self) -> None:
        self.assertEqual(str(self.assertRaises(WireError, strict, b"a\n", "here")), "here: the line ends in LF without CR")

    def test_strict_refuses_a_cr_within(self) -> None:
        self.assertEqual(str(self.assertRaises(WireError, strict, b"a\rb\r\n", "here")), "here: a CR stands within the line")


class PrintableTests(SynchronousTestCase):
    def test_the_end_of_the_line_goes(self) -> None:
        self.assertEqual(printable(b"220 hello\r\n"), "220 hello")

    def test_what_is_not_printable_is_escaped(self) -> None:
        self.assertEqual(printable(b"a\x07b\xffc\x1b[31m"), r"a\x07b\xffc\x1b[31m")

    def test_other_scripts_stay(self) -> None:
        self.assertEqual(printable("Grüße".encode()), "Grüße")

    def test_a_long_line_is_cut_and_says_so(self) -> None:
        self.assertEqual(printable(b"x" * 500, 10), "x" * 9 + "…")

    def test_escapes_do_not_stretch_it_beyond_the_limit(self) -> None:
        self.assertEqual(len(printable(b"\x00" * 200)), 200)


class QuotedTests(SynchronousTestCase):
    def test_a_line_stands_in_quotes_without_its_end(self) -> None:
        self.assertEqual(quoted(b"* OK ready\r\n"), "'* OK ready'")

    def test_a_long_one_is_cut(self) -> None:
        self.assertEqual(quoted("x" * 500), f"'{'x' * 79}…'")

    def test_what_was_made_printable_is_not_escaped_again(self) -> None:
        self.assertEqual(quoted(printable(b"a\x07 bc")), r"'a\x07 bc'")

    def test_words_in_any_language_are_text(self) -> None:
        self.assertEqual(quoted("Grüße aus Köln".encode()), "'Grüße aus Köln'")

    def test_of_what_is_no_text_the_first_octets_are_told(self) -> None:
        self.assertEqual(
            quoted(bytes(range(0xFF, 0xE0, -1)) + b"\r\n"),
            "31 octets that are no text, ff fe fd fc fb fa f9 f8 …",
        )
