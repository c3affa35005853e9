"""Single values, read by themselves."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from exproxy.config.addresses import BindAddress, ServerAddress
from exproxy.config.kinds import BadValueError, Duration, Name, Port, Size, SyslogAddress
from exproxy.config.reading import READERS, string, table, word
from exproxy.config.sources import FileText


class ReadingTestCase(SynchronousTestCase):
    def refused(self, read: Callable[..., Any], *arguments: Any) -> str:
        return str(self.assertRaises(ValueError, read, *arguments))


class ReadersTests(ReadingTestCase):
    def test_each_kind_of_value_has_its_reader(self) -> None:
        for kind, given, expected in (
            (str, "x", "x"),
            (int, 3, 3),
            (float, 3, 3.0),
            (bool, True, True),
            (Duration, "3s", 3.0),
            (Size, "1KB", 1024),
            (Name, "ex1", "ex1"),
            (Port, 25, 25),
            (SyslogAddress, "udp://10.0.0.5:514", "udp://10.0.0.5:514"),
            (BindAddress, "10.0.0.9:25", BindAddress("10.0.0.9", 25, 25)),
            (ServerAddress, "10.0.0.15:25", ServerAddress("10.0.0.15", 25)),
        ):
            self.assertEqual(READERS[kind](given), expected)

    def test_true_is_no_number_and_1_is_not_true(self) -> None:
        self.assertEqual(self.refused(READERS[int], True), "a whole number is expected, not true")
        self.assertEqual(self.refused(READERS[float], False), "a number is expected, not false")
        self.assertEqual(self.refused(READERS[bool], 1), "true or false is expected, not 1")

    def test_a_number_with_a_point_is_not_whole(self) -> None:
        self.assertEqual(self.refused(READERS[int], 1.5), "a whole number is expected, not 1.5")

    def test_a_name_has_no_blanks(self) -> None:
        self.assertEqual(self.refused(READERS[Name], "a b"), '"a b" is not a name: letters, digits and . _ - : @')


class StringTests(ReadingTestCase):
    def test_a_file_stands_for_its_text(self) -> None:
        path = Path(self.mktemp())
        path.write_text("secret\n", "utf-8")
        self.assertEqual(string(FileText({"file": str(path)}, Path())), "secret")

    def test_a_number_is_offered_in_quotes(self) -> None:
        error = self.assertRaises(BadValueError, string, 2016)
        self.assertEqual((error.message, error.hint), ("a string is expected, not 2016", 'write "2016"'))

    def test_a_list_is_none(self) -> None:
        self.assertEqual(self.refused(string, ["x"]), "a string is expected, not a list")


class TableTests(ReadingTestCase):
    def test_a_table_is_read(self) -> None:
        self.assertEqual(table({"a": 1}), {"a": 1})

    def test_anything_else_is_refused_with_what_is_expected(self) -> None:
        self.assertEqual(self.refused(table, "x"), 'a table is expected, not "x"')
        self.assertEqual(self.refused(table, 25, "a string or a table"), "a string or a table is expected, not 25")


class WordTests(ReadingTestCase):
    def test_the_nearest_is_offered(self) -> None:
        error = self.assertRaises(BadValueError, word, "v3", ("v1", "v2"))
        self.assertEqual(error.message, '"v3" is not known here')
        self.assertIn('"v1"', error.hint)
