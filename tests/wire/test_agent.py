"""Tests for :mod:`exproxy.wire.agent`."""

from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.agent import AgentAnswer, AgentParser, parse
from exproxy.wire.errors import WireError
from tests.wire.cutting import ParserContract, assert_cut_invariant

WORD = st.sampled_from(["up", "DOWN", "drain", "ready", "75%", "maxconn:30", "what", ",", "\t"])


class AgentContract(ParserContract, SynchronousTestCase):
    valid = st.tuples(st.lists(WORD), st.sampled_from(["", "#why not"]), st.sampled_from(["\n", "\r\n", "\r"])).map(
        lambda parts: f"up {' '.join(parts[0])}{parts[1]}{parts[2]}".encode()
    )

    def make(self) -> AgentParser:
        return AgentParser()


class ParserTests(SynchronousTestCase):
    def test_one_line_is_one_answer(self) -> None:
        heard = assert_cut_invariant(AgentParser, b"up 75%\r\n", [1, 4])
        self.assertEqual(heard.events, (AgentAnswer("up", weight_percent=75),))

    def test_what_comes_behind_the_line_is_not_looked_at(self) -> None:
        self.assertEqual(assert_cut_invariant(AgentParser, b"up\n\x00garbage\ndown\n", [4]).events, (AgentAnswer("up"),))

    def test_a_line_without_its_end_is_no_answer_yet(self) -> None:
        self.assertEqual(assert_cut_invariant(AgentParser, b"maxconn:30", [4]).events, ())

    def test_an_endless_line_is_refused(self) -> None:
        heard = assert_cut_invariant(AgentParser, b"up " * 500 + b"\n", [1000])
        self.assertEqual(heard.error, ("the line is longer than 1024 octets", "agent answer"))


class ParseTests(SynchronousTestCase):
    def test_everything_at_once(self) -> None:
        expected = AgentAnswer("up", "drain", 75, 30, "reason")
        self.assertEqual(parse(b"up 75% maxconn:30 drain#reason"), expected)

    def test_words_are_parted_by_blanks_tabs_and_commas_in_any_case(self) -> None:
        self.assertEqual(parse(b" Ready,UP\t50% "), AgentAnswer("up", "ready", 50))

    def test_all_ways_to_say_down(self) -> None:
        for word in (b"down", b"failed", b"fail", b"stopped"):
            self.assertEqual(parse(word).operational, "down")

    def test_all_administrative_words(self) -> None:
        for word in (b"ready", b"drain", b"maint"):
            self.assertEqual(parse(word), AgentAnswer(administrative=word.decode()))

    def test_what_is_not_mentioned_is_none(self) -> None:
        self.assertEqual(parse(b"30%"), AgentAnswer(weight_percent=30))

    def test_the_last_word_of_a_kind_wins(self) -> None:
        self.assertEqual(parse(b"up down 10% 20%"), AgentAnswer("down", weight_percent=20))

    def test_unknown_words_are_told(self) -> None:
        self.assertEqual(parse(b"up -5% sideways"), AgentAnswer("up", unknown=("-5%", "sideways")))

    def test_the_reason_is_printable(self) -> None:
        self.assertEqual(parse(b"down # disk\x07 full, really").reason, r"disk\x07 full, really")

    def test_a_line_without_any_known_word_is_refused(self) -> None:
        for line in (b"", b"hello", b"# only a reason", b"SSH-2.0-OpenSSH"):
            self.assertIn("no word in it is known", str(self.assertRaises(WireError, parse, line)))
