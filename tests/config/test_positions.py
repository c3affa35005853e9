"""The scanner finds the keys that tomllib finds, and where they are."""

import tomllib
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.config.positions import Position, positions
from exproxy.config.problems import KeyPath


def paths(value: Any, path: KeyPath = ()) -> set[KeyPath]:
    """Every key path of a parsed document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = {path} if path else set()
    return found.union(*(paths(item, (*path, word)) for word, item in items))


def quoted(text: str) -> str:
    escaped = "".join(c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in text)
    return f'"{escaped}"'


WORDS = st.text(st.characters(codec="utf-8"), max_size=4)
KEYS = st.one_of(
    st.text("abAB1_-", min_size=1, max_size=3),
    WORDS.map(quoted),
    st.text('ab.#=[]{}" ', max_size=4).map(lambda text: f"'{text}'"),
)
GAPS = st.sampled_from(["", " ", "\t", "\n", " # ]}\"'\n", "\r\n  "])
SCALARS = st.one_of(
    st.integers(-9, 10**9).map(str),
    st.sampled_from(["true", "1.5e3", "inf", "0x1F", "1_000", "1979-05-27 07:32:00", "1979-05-27T07:32:00.5Z", "07:32:00"]),
    st.text('a b#,]}[{="', max_size=6).map(lambda text: f"'{text}'"),
    WORDS.map(quoted),
    st.text("a'#]}\n,\"", max_size=6).filter(lambda text: "'''" not in text).map(lambda text: f"'''{text}'''"),
    st.text("a'#]}\n,", max_size=6).map(lambda text: f'"""{text}\\""" \\\\"""'),
    st.text("a'#\n", max_size=3).map(lambda text: f'"""{text}"""""'),
)


def arrays(items: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    element = st.tuples(GAPS, items, GAPS).map("".join)
    return st.tuples(st.lists(element, max_size=3), GAPS).map(lambda parts: "[" + ",".join(parts[0]) + parts[1] + "]")


def inline_tables(items: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pair = st.tuples(st.lists(KEYS, min_size=1, max_size=2).map(" . ".join), items).map(" = ".join)
    return st.lists(pair, max_size=3).map(lambda pairs: "{ " + " , ".join(pairs) + " }")


VALUES = st.recursive(SCALARS, lambda items: arrays(items) | inline_tables(items), max_leaves=6)
DOTTED = st.lists(KEYS, min_size=1, max_size=3).map(" . ".join)
LINES = st.one_of(
    st.tuples(DOTTED, VALUES).map(lambda pair: f"{pair[0]} = {pair[1]} # = [x]"),
    DOTTED.map(lambda key: f"[ {key} ]"),
    DOTTED.map(lambda key: f"[[{key}]] # ]"),
    st.just("  # [comment]"),
)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Lines that together are TOML: each that would break the document is left out."""
    text = ""
    ending = draw(st.sampled_from(["\n", "\r\n"]))
    for line in draw(st.lists(LINES, max_size=10)):
        try:
            tomllib.loads(text + line + ending)
        except tomllib.TOMLDecodeError:
            continue
        text += line + ending
    return text


class PositionTests(SynchronousTestCase):
    @settings(max_examples=300)
    @given(documents())
    def test_the_keys_are_those_that_tomllib_finds(self, text: str) -> None:
        self.assertEqual(set(positions(text)), paths(tomllib.loads(text)), text)

    @settings(max_examples=100)
    @given(st.lists(VALUES, min_size=1, max_size=5))
    def test_the_line_is_the_one_on_which_the_key_was_written(self, values: list[str]) -> None:
        text, lines = "", {}
        for number, value in enumerate(values):
            text += "# a gap\n" * number
            lines[f"key{number}",] = text.count("\n") + 1
            text += f"key{number} = {value}\n"
        found = positions(text)
        self.assertEqual({path: found[path].line for path in lines}, lines, text)

    def test_elements_and_inline_keys_have_places_of_their_own(self) -> None:
        found = positions('a = [\n  1,\n  { b = 2, "c" = [3] },\n]\n')
        expected = {
            ("a",): Position(1, 1),
            ("a", 0): Position(2, 3),
            ("a", 1): Position(3, 3),
            ("a", 1, "b"): Position(3, 5),
            ("a", 1, "c"): Position(3, 12),
            ("a", 1, "c", 0): Position(3, 19),
        }
        self.assertEqual(found, expected)

    def test_a_header_below_an_array_of_tables_means_its_last_element(self) -> None:
        found = positions("[[a]]\n[a.b]\n[[a]]\n[a.b]\nc = 1\n")
        self.assertEqual([found["a", 0, "b"].line, found["a", 1, "b"].line, found["a", 1, "b", "c"].line], [2, 4, 5])

    def test_a_table_is_where_its_header_is(self) -> None:
        self.assertEqual(positions("[a.b]\n[a]\nc = 1\n")["a",], Position(2, 2))

    def test_windows_line_endings_count_once(self) -> None:
        self.assertEqual(positions('a = """x\r\ny"""\r\nb = 1\r\n')["b",], Position(3, 1))
