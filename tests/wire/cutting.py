"""The one proof for every parser in :mod:`exproxy.wire`: how the input is cut changes nothing, and nothing escapes its bounds.

A test module says ``class ReplyContract(ParserContract, SynchronousTestCase)`` with ``make`` and ``valid`` and has the tests;
:func:`assert_cut_invariant` proves the same for one input.  Dialogues have :mod:`tests.wire.dialogue.playing`.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import attrs
from hypothesis import given
from hypothesis import strategies as st

from exproxy.wire.errors import WireError


class Parser(Protocol):
    """What the helper knows of a parser.  After a :class:`WireError` it is fed no more."""

    limit: int
    """Bytes that it may hold between two calls of ``feed``."""

    def feed(self, data: bytes) -> Sequence[Any]:
        """Take ``data`` and tell the events that it completed."""

    @property
    def buffered(self) -> int:
        """Bytes held now."""


@attrs.frozen
class Heard:
    """What came of one input.  With an error the events before it do not count: in one piece, nobody sees them."""

    events: tuple[Any, ...]
    error: tuple[str, str] | None = None


def pieces(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    """Cut ``data`` at the given offsets, taken modulo its length; equal offsets make empty pieces."""
    at = sorted(cut % (len(data) + 1) for cut in cuts)
    return [data[a:b] for a, b in zip([0, *at], [*at, len(data)], strict=True)]


def hear(make: Callable[[], Parser], chunks: Sequence[bytes]) -> Heard:
    """Feed a new parser; its bound is checked after every chunk, and any error but :class:`WireError` escapes."""
    parser = make()
    events: list[Any] = []
    for chunk in chunks:
        try:
            events += parser.feed(chunk)
        except WireError as error:
            assert error.what, "a WireError says what is wrong"
            assert error.where, "a WireError says where"
            return Heard((), (error.what, error.where))
        assert parser.buffered <= parser.limit, f"{parser.buffered} bytes held, {parser.limit} declared"
    return Heard(tuple(events))


def assert_cut_invariant(make: Callable[[], Parser], data: bytes, cuts: Sequence[int] = ()) -> Heard:
    """Whole, byte by byte and cut at ``cuts``: the same events, or the same error in the same place.  Returns them."""
    whole = hear(make, [data])
    for name, chunks in (("byte by byte", [bytes([b]) for b in data]), (f"cut at {list(cuts)}", pieces(data, cuts))):
        cut = hear(make, chunks)
        assert cut == whole, f"{name}: {cut}\n     whole: {whole}\n     input: {data!r}"
    return whole


class ParserContract:
    """Mix into a ``SynchronousTestCase``; gives the tests that every parser has to pass."""

    valid: st.SearchStrategy[bytes] = st.just(b"")
    """Inputs that the parser takes without an error."""

    def make(self) -> Parser:
        """A new parser."""
        raise NotImplementedError

    def test_valid_input_is_understood_however_it_is_cut(self) -> None:
        @given(self.valid, st.lists(st.integers(0, 5000), max_size=6))
        def check(data: bytes, cuts: list[int]) -> None:
            heard = assert_cut_invariant(self.make, data, cuts)
            assert heard.error is None, f"{data!r} is valid, but: {heard.error}"

        check()

    def test_damaged_input_gives_the_same_error_however_it_is_cut(self) -> None:
        @given(self.valid, st.integers(0, 5000), st.binary(max_size=8), st.lists(st.integers(0, 5000), max_size=6))
        def check(data: bytes, at: int, noise: bytes, cuts: list[int]) -> None:
            at %= len(data) + 1
            assert_cut_invariant(self.make, data[:at] + noise + data[at + len(noise) // 2 :], cuts)

        check()

    def test_arbitrary_bytes_never_raise_anything_but_a_wire_error(self) -> None:
        @given(st.binary(max_size=300), st.lists(st.integers(0, 5000), max_size=6))
        def check(data: bytes, cuts: list[int]) -> None:
            assert_cut_invariant(self.make, data, cuts)

        check()

    def test_endless_input_is_never_held_beyond_the_bound(self) -> None:
        @given(st.binary(min_size=1, max_size=16), self.valid)
        def check(drop: bytes, data: bytes) -> None:
            limit = self.make().limit
            stream = data + drop * min(2 * limit // len(drop) + 1, 200_000 // len(drop))
            hear(self.make, [stream[at : at + 1000] for at in range(0, len(stream), 1000)])

        check()
