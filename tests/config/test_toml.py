"""Plain values as text."""

import tomllib
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from exproxy.config.reference import referred
from exproxy.config.toml import table_lines, value


class ValueTests(SynchronousTestCase):
    def test_every_kind_of_value_is_read_again(self) -> None:
        items: list[Any] = [True, False, 3, 0.5, 'a"b\\c\n\t\x01ä', [], ["a", 1], {}, {"X-A.b": {"c d": [1, {"e": False}]}}]
        for item in items:
            self.assertEqual(tomllib.loads(f"x = {value(item)}")["x"], item)

    def test_paths_are_strings_and_tuples_lists(self) -> None:
        self.assertEqual(value((PurePosixPath("/a"), PureWindowsPath("C:\\a"))), '["/a", "C:\\\\a"]')

    def test_what_looks_like_a_variable_is_text(self) -> None:
        self.assertEqual(value("${X}"), '"$${X}"')

    def test_a_reference_is_written_as_it_was(self) -> None:
        self.assertEqual(value(referred("secret", 'a"${X}$${y}')), '"a\\"${X}$${y}"')
        self.assertEqual(value({"a": [referred("secret", {"file": "/a${b"})]}), '{ a = [{ file = "/a$${b" }] }')


class TableTests(SynchronousTestCase):
    def test_keys_have_a_line_each(self) -> None:
        lines = table_lines("a.b", {"c": 1, "d.e": "f", "g": ["h", "i"]})
        self.assertEqual(list(lines), ["[a.b]", "c = 1", '"d.e" = "f"', 'g = ["h", "i"]'])

    def test_a_list_with_tables_has_one_on_each_line(self) -> None:
        lines = list(table_lines("a", {"check": ["imap", {"type": "smtp"}]}))
        self.assertEqual(lines, ["[a]", "check = [", '  "imap",', '  { type = "smtp" },', "]"])
        self.assertEqual(tomllib.loads("\n".join(lines)), {"a": {"check": ["imap", {"type": "smtp"}]}})
