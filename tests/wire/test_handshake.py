"""Records, messages and vectors of TLS handshakes."""

from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.errors import WireError
from exproxy.wire.handshake import LIMIT, FirstMessage, Vectors, extensions
from tests.wire.cutting import ParserContract

FINISHED = (20, "finished")


def message(body: bytes) -> bytes:
    return bytes((FINISHED[0],)) + len(body).to_bytes(3, "big") + body


def records(data: bytes, size: int = 16_384) -> bytes:
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    return b"".join(b"\x16\3\3" + len(part).to_bytes(2, "big") + part for part in parts)


def make() -> FirstMessage[bytes]:
    return FirstMessage(FINISHED, "TLS Finished", lambda body: body)


class Once:
    """The reader as a parser of one event."""

    def __init__(self) -> None:
        self._reader = make()
        self._done = False
        self.limit = self._reader.limit

    @property
    def buffered(self) -> int:
        return self._reader.buffered

    def feed(self, data: bytes) -> list[bytes]:
        found = None if self._done else self._reader.feed(data)
        self._done = self._done or found is not None
        return [] if found is None else [found]


class FirstMessageContract(ParserContract, SynchronousTestCase):
    valid = st.builds(
        lambda body, size, behind: records(message(body), size) + behind,
        st.binary(max_size=600),
        st.integers(1, 700),
        st.binary(max_size=20),
    )

    def make(self) -> Once:
        return Once()


class FirstMessageTests(SynchronousTestCase):
    def refusal(self, data: bytes) -> str:
        return str(self.assertRaises(WireError, make().feed, data))

    def test_it_is_there_as_soon_as_it_is_whole_though_its_record_is_not(self) -> None:
        self.assertEqual(make().feed(records(message(b"abc") + bytes(9000))[:12]), b"abc")

    def test_an_empty_message_is_one(self) -> None:
        self.assertEqual(make().feed(records(message(b""))), b"")

    def test_another_message_is_refused_at_its_first_octet(self) -> None:
        self.assertEqual(self.refusal(b"\x16\3\3\0\x09\1"), "TLS handshake: the first message's type is 1, not 20 (finished)")

    def test_another_record_in_the_middle_is_refused(self) -> None:
        self.assertIn("record's type is 21, not 22", self.refusal(records(message(b"abc")[:5]) + b"\x15"))

    def test_what_is_too_long_is_refused(self) -> None:
        self.assertIn(f"{LIMIT + 1} bytes, at most {LIMIT} are taken", self.refusal(records(b"\x14\0\x40\x01")))
        self.assertIn(f"not complete within {LIMIT} bytes", self.refusal(records(message(bytes(4000)), 1)))

    def test_nothing_is_held_beyond_the_limit(self) -> None:
        reader = make()
        self.assertRaises(WireError, reader.feed, records(message(bytes(LIMIT))) + bytes(100_000))
        self.assertLessEqual(reader.buffered, LIMIT)


class VectorTests(SynchronousTestCase):
    def test_numbers_and_vectors_follow_one_another(self) -> None:
        reader = Vectors(b"\1\2\3abc\0\1z", "here")
        self.assertEqual((reader.number(2, "n"), reader.vector(1, "v"), reader.vector(2, "w")), (258, b"abc", b"z"))
        reader.end()

    def test_an_overrun_and_a_rest_are_errors_with_their_place(self) -> None:
        error = self.assertRaises(WireError, Vectors(b"\4abc", "here").vector, 1, "name")
        self.assertEqual(str(error), "here: name overruns the end")
        self.assertEqual(str(self.assertRaises(WireError, Vectors(b"abc", "here").end)), "here: 3 bytes too many")


class ExtensionTests(SynchronousTestCase):
    def test_they_are_known_by_number(self) -> None:
        self.assertEqual(extensions(b"\0\x10\0\2ab\x0a\x0a\0\0", "hello"), {16: b"ab", 2570: b""})

    def test_one_that_comes_twice_is_an_error(self) -> None:
        error = self.assertRaises(WireError, extensions, b"\0\1\0\0\0\1\0\0", "hello")
        self.assertEqual(str(error), "hello, extensions: extension 1 comes twice")
