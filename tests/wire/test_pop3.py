"""Tests for :mod:`exproxy.wire.pop3`."""

import attrs
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.errors import WireError
from exproxy.wire.pop3 import ReplyReader, Status, capabilities
from tests.wire.cutting import ParserContract, assert_cut_invariant


@attrs.define
class Statuses:
    """Asks for a status line each time."""

    reader: ReplyReader = attrs.field(factory=ReplyReader)

    @property
    def limit(self) -> int:
        return self.reader.limit

    @property
    def buffered(self) -> int:
        return self.reader.buffered

    def feed(self, data: bytes) -> list[object]:
        self.reader.receive(data)
        events: list[object] = []
        while (event := self.next()) is not None:
            events.append(event)
        return events

    def next(self) -> object:
        return self.reader.next_status()


@attrs.define
class Listings(Statuses):
    """Asks for a listing behind each +OK."""

    listing: bool = False

    def next(self) -> object:
        if self.listing:
            lines = self.reader.next_listing()
            self.listing = lines is None
            return lines
        status = self.reader.next_status()
        self.listing = status is not None and status.ok
        return status


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=30)
STATUS = st.tuples(st.sampled_from(["+OK", "-ERR", "+OK ", "-ERR [SYS/TEMP] ", "+ok "]), st.just("\r\n")).map("".join)
LISTING = st.lists(TEXT, max_size=4).map(lambda lines: "".join(f"..{line}\r\n" for line in lines) + ".\r\n")


class StatusContract(ParserContract, SynchronousTestCase):
    valid = st.lists(STATUS).map("".join).map(str.encode)

    def make(self) -> Statuses:
        return Statuses()


class ListingContract(ParserContract, SynchronousTestCase):
    valid = st.lists(LISTING.map(lambda lines: "+OK\r\n" + lines), max_size=4).map("".join).map(str.encode)

    def make(self) -> Listings:
        return Listings()


class StatusTests(SynchronousTestCase):
    def only(self, data: bytes) -> Status:
        (status,) = assert_cut_invariant(Statuses, data, [2, 5]).events
        return status

    def test_ok(self) -> None:
        self.assertEqual(self.only(b"+OK ready <1@ex1>\r\n"), Status(True, None, "ready <1@ex1>"))

    def test_err(self) -> None:
        self.assertEqual(self.only(b"-ERR no\r\n"), Status(False, None, "no"))

    def test_a_response_code_is_taken_off(self) -> None:
        self.assertEqual(self.only(b"-ERR [sys/temp] later\r\n"), Status(False, "SYS/TEMP", "later"))

    def test_there_may_be_no_text(self) -> None:
        self.assertEqual(self.only(b"+OK\r\n"), Status(True, None, ""))

    def test_another_protocol_is_refused_and_quoted(self) -> None:
        error = self.assertRaises(WireError, Statuses().feed, b"220 hello\r\n")
        self.assertEqual(str(error), "POP3 reply: it begins neither with +OK nor with -ERR: '220 hello'")

    def test_a_word_that_only_begins_with_ok_is_refused(self) -> None:
        self.assertRaises(WireError, Statuses().feed, b"+OKAY\r\n")

    def test_an_endless_line_is_refused(self) -> None:
        error = assert_cut_invariant(Statuses, b"+OK " + b"x" * 9000).error
        self.assertEqual(error, ("the line is longer than 8192 octets", "POP3 reply"))

    def test_people_see_all_of_it(self) -> None:
        self.assertEqual(str(Status(False, "SYS/TEMP", "later")), "-ERR [SYS/TEMP] later")
        self.assertEqual(str(Status(True, None, "")), "+OK")


class ListingTests(SynchronousTestCase):
    def test_it_ends_with_a_dot(self) -> None:
        events = assert_cut_invariant(Listings, b"+OK\r\nTOP\r\nUIDL\r\n.\r\n+OK bye\r\n", [3, 8]).events
        self.assertEqual(events, (Status(True, None, ""), ("TOP", "UIDL"), Status(True, None, "bye")))

    def test_dots_are_unstuffed(self) -> None:
        self.assertEqual(Listings().feed(b"+OK\r\n..a\r\n...\r\n.\r\n")[1], (".a", ".."))

    def test_an_endless_one_is_refused(self) -> None:
        error = assert_cut_invariant(Listings, b"+OK\r\n" + b"x\r\n" * 101).error
        self.assertEqual(error, ("the listing is longer than 100 lines or 65536 octets", "POP3 listing, line 101"))


class CapabilitiesTests(SynchronousTestCase):
    def test_names_have_their_parameters(self) -> None:
        self.assertEqual(
            capabilities(("TOP", "sasl PLAIN NTLM", "", "EXPIRE 60")),
            {"TOP": (), "SASL": ("PLAIN", "NTLM"), "EXPIRE": ("60",)},
        )
