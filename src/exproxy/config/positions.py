"""Where each key of a TOML document stands.

``tomllib`` says what a document means but not where; this scanner says where and nothing else.  It reads only documents that
``tomllib`` has accepted, so it checks nothing: it has to find the same keys, which a test shows with generated documents.
"""

import re
import tomllib
from bisect import bisect_right

import attrs

from exproxy.config.problems import KeyPath

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BLANKS = re.compile(r"[ \t]*")
_GAP = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_SCALAR = re.compile(r"[^,\]}#\n]*")
_BASIC = re.compile(r'"(?:[^"\\]|\\.)*"')
_LITERAL = re.compile(r"'[^']*'")
# A multi-line string may end in up to five quotes, of which the last three close it (TOML 1.0, "String").
_LONG_BASIC = re.compile(r'"""(?:[^\\]|\\.)*?""""{0,2}', re.DOTALL)
_LONG_LITERAL = re.compile(r"'''.*?''''{0,2}", re.DOTALL)


@attrs.frozen
class Position:
    """Line and column, from 1."""

    line: int
    column: int


def positions(text: str) -> dict[KeyPath, Position]:
    """Where every key, table and list element of ``text`` is written; a table without a header is where it is first meant.

    :param text: a document that ``tomllib.loads`` accepts.
    """
    scanner = _Scanner(text.replace("\r\n", "\n"))
    scanner.document()
    return scanner.found


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[KeyPath, Position] = {}
        self._arrays: dict[KeyPath, int] = {}
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def document(self) -> None:
        table: KeyPath = ()
        while self._skip(_GAP) < len(self.text):
            if self.text.startswith("[[", self.at):
                table = self._array_header()
            elif self.text.startswith("[", self.at):
                table = self._table_header()
            else:
                self._pair(table)

    def _skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise ValueError(f"character {self.at} is not what tomllib makes of it")
        self.at = match.end()
        return self.at

    def _note(self, path: KeyPath, offset: int) -> None:
        if path not in self.found:
            self.found[path] = self._position(offset)

    def _position(self, offset: int) -> Position:
        line = bisect_right(self._starts, offset)
        return Position(line, offset - self._starts[line - 1] + 1)

    def _table_header(self) -> KeyPath:
        self.at += 1
        words = self._key()
        path = self._enter((), words)
        self.found[path] = self._position(words[-1][1])  # [a] may come after [a.b]
        self.at += 1
        return path

    def _array_header(self) -> KeyPath:
        self.at += 2
        *parents, last = self._key()
        path = (*self._enter((), parents), last[0])
        self._note(path, last[1])
        self._arrays[path] = self._arrays.get(path, -1) + 1
        path = (*path, self._arrays[path])
        self._note(path, last[1])
        self.at += 2
        return path

    def _enter(self, path: KeyPath, parts: list[tuple[str, int]]) -> KeyPath:
        """Walk down tables; of an array of tables the last element is meant."""
        for word, offset in parts:
            path = (*path, word)
            self._note(path, offset)
            if path in self._arrays:
                path = (*path, self._arrays[path])
        return path

    def _key(self) -> list[tuple[str, int]]:
        """A dotted key: its words and where each stands; leaves the scanner behind the blanks that follow."""
        words = []
        while True:
            start = self._skip(_BLANKS)
            words.append((self._word(), start))
            self._skip(_BLANKS)
            if not self.text.startswith(".", self.at):
                return words
            self.at += 1

    def _word(self) -> str:
        start = self.at
        if self.text[start] == '"':
            self._skip(_BASIC)
            return str(tomllib.loads(f"key = {self.text[start : self.at]}")["key"])
        if self.text[start] == "'":
            self._skip(_LITERAL)
            return self.text[start + 1 : self.at - 1]
        self._skip(_BARE_KEY)
        return self.text[start : self.at]

    def _pair(self, table: KeyPath) -> None:
        path = table
        for word, offset in self._key():
            path = (*path, word)
            self._note(path, offset)
        self.at += 1  # the equals sign
        self._skip(_BLANKS)
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        rest = self.text[self.at : self.at + 3]
        if rest == '"""':
            self._skip(_LONG_BASIC)
        elif rest == "'''":
            self._skip(_LONG_LITERAL)
        elif rest[0] == '"':
            self._skip(_BASIC)
        elif rest[0] == "'":
            self._skip(_LITERAL)
        elif rest[0] == "[":
            self._array(path)
        elif rest[0] == "{":
            self._inline_table(path)
        else:
            self._skip(_SCALAR)

    def _array(self, path: KeyPath) -> None:
        self.at += 1
        index = 0
        while self.text[self._skip(_GAP)] != "]":
            self._note((*path, index), self.at)
            self._value((*path, index))
            index += 1
            if self.text[self._skip(_GAP)] == ",":
                self.at += 1
        self.at += 1

    def _inline_table(self, path: KeyPath) -> None:
        self.at += 1
        while self.text[self._skip(_GAP)] != "}":
            self._pair(path)
            if self.text[self._skip(_GAP)] == ",":
                self.at += 1
        self.at += 1
