"""Tests for :mod:`exproxy.wire.web.fields`."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.web.errors import HttpError
from exproxy.wire.web.fields import Fields, bare_lf, line_complaint, read_fields
from tests.wire.web.heads import told

SECTION = b"Host: a\r\nX-MS:  b \r\nSet-Cookie: c=1; Expires=Mon, 1\r\nx-ms:\td\r\nset-cookie:e=2\r\nEmpty:\r\n\r\n"


def read(data: bytes, most: int = 10) -> Fields:
    return read_fields(data, 0, most, "HTTP request", 400, 431)


class FieldsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.fields = read(SECTION)

    def test_lines_are_kept_as_they_came(self) -> None:
        self.assertEqual(b"\r\n".join([*self.fields.lines, b"", b""]), SECTION)

    def test_lookup_has_no_case_and_no_blanks_around(self) -> None:
        self.assertEqual((self.fields.get(b"host"), self.fields.get(b"empty"), self.fields.get(b"none")), (b"a", b"", None))

    def test_lines_of_one_name_are_a_list(self) -> None:
        self.assertEqual(self.fields.get(b"x-ms"), b"b, d")

    def test_every_line_of_one_name(self) -> None:
        self.assertEqual(self.fields.every(b"set-cookie"), [b"c=1; Expires=Mon, 1", b"e=2"])
        self.assertEqual(self.fields.every(b"none"), [])

    def test_items_have_the_case_in_which_they_came(self) -> None:
        self.assertEqual(self.fields.items()[1:4:2], [(b"X-MS", b"b"), (b"x-ms", b"d")])

    def test_a_line_is_rewritten_in_its_place_and_case(self) -> None:
        self.fields.rewrite(b"host", b"z")
        self.assertEqual((self.fields.lines[0], self.fields.get(b"host")), (b"Host: z", b"z"))

    def test_there_may_be_none(self) -> None:
        self.assertEqual((read(b"\r\n").lines, read(b"\r\n").values), ([], {}))

    def test_too_many_are_refused(self) -> None:
        error = self.assertRaises(HttpError, read, b"A: b\r\n" * 11 + b"\r\n")
        self.assertEqual(told(error), (431, "HTTP request: it has more than 10 header lines"))

    def test_octets_beyond_ascii_are_left_in_a_value(self) -> None:
        self.assertEqual(read(b"A: \xe4\xff\r\n\r\n").get(b"a"), b"\xe4\xff")


class RefusalTests(SynchronousTestCase):
    def refused(self, lines: bytes) -> tuple[int, str]:
        return told(self.assertRaises(HttpError, read, b"Host: a\r\n" + lines + b"\r\n\r\n"))

    def test_each_bad_line_is_told_with_its_number(self) -> None:
        bad = {
            b" folded": "it goes on from the line before, which is long forbidden",
            b"\tfolded": "it goes on from the line before, which is long forbidden",
            b"Name : x": "a blank stands before the colon",
            b"Name\t: x": "a blank stands before the colon",
            b"no colon": "'no colon' is no header: it has no colon",
            b": x": "'' is no header's name",
            b"a b: x": "'a b' is no header's name",
            b"name\x00: x": "'name\\x00' is no header's name",
            b"name\xe4: x": "'name\\xe4' is no header's name",
            b"a: b\rc": "a CR stands within the line",
            b"a: b\r\r": "a CR stands within the line",
            b"a: \x00": "the control character 0x00 stands in a value",
            b"a: \x0bchunked": "the control character 0x0b stands in a value",
            b"a: \x7f": "the control character 0x7f stands in a value",
            b"a: x\nb: y": "the line ends in LF without CR",
        }
        for line, what in bad.items():
            status, text = self.refused(line)
            self.assertEqual(status, 400)
            self.assertEqual(text, f"HTTP request, line 3: {what}", line)

    def test_a_bare_lf_is_told_before_all_else(self) -> None:
        self.assertEqual(self.refused(b"no colon\r\na: b\nc: d"), (400, "HTTP request, line 4: the line ends in LF without CR"))

    def test_a_bare_lf_is_found_in_what_is_not_complete(self) -> None:
        error = bare_lf(bytearray(b"GET / HTTP/1.1\r\nHost: a\r\nb\n"), 20, 100, "HTTP request", 400)
        assert error is not None
        self.assertEqual(told(error), (400, "HTTP request, line 3: the line ends in LF without CR"))

    def test_a_cr_before_the_place_where_one_looks_counts(self) -> None:
        self.assertIsNone(bare_lf(b"a\r\nb\r", 2, 100, "HTTP request", 400))

    def test_a_good_line_has_no_complaint(self) -> None:
        self.assertEqual(line_complaint(b"a: b"), "")
