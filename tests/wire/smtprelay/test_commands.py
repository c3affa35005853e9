"""Tests for :mod:`exproxy.wire.smtprelay.commands`."""

import attrs
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.smtprelay.bounds import AUTH, CHUNK, COMMAND
from exproxy.wire.smtprelay.commands import Chunk, Flaw, Inbox, Kind, chunk_of, countable, flaw, kind_of, whole_command
from tests.wire.cutting import ParserContract, assert_cut_invariant


@attrs.define
class AllLines:
    """Takes all lines there are, as the relay does."""

    inbox: Inbox = attrs.field(factory=Inbox)
    limit: int = AUTH

    @property
    def buffered(self) -> int:
        return self.inbox.buffered

    def feed(self, data: bytes) -> list[bytes]:
        self.inbox.receive(data)
        taken = []
        while (line := self.inbox.line()) is not None:
            taken.append(line)
        return taken


class InboxContract(ParserContract, SynchronousTestCase):
    valid = st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b"") + b"\r\n")).map(b"".join)

    def make(self) -> AllLines:
        return AllLines()


class InboxTests(SynchronousTestCase):
    def lines(self, data: bytes) -> list[bytes]:
        return list(assert_cut_invariant(AllLines, data, [COMMAND - 1, COMMAND, COMMAND + 1]).events)

    def test_a_line_of_exactly_the_limit_is_whole(self) -> None:
        line = b"RCPT TO:<" + b"x" * (COMMAND - 12) + b">\r\n"
        self.assertEqual(self.lines(line + b"NOOP\r\n"), [line, b"NOOP\r\n"])

    def test_of_a_longer_one_the_beginning_comes_and_the_rest_is_skipped(self) -> None:
        line = b"RCPT TO:<" + b"x" * COMMAND
        self.assertEqual(self.lines(line + b">\r\nNOOP\r\n"), [line[:COMMAND], b"NOOP\r\n"])

    def test_a_line_without_end_is_not_held(self) -> None:
        inbox = AllLines()
        self.assertEqual(len(inbox.feed(b"x" * 100_000)), 1)
        self.assertEqual(inbox.buffered, 0)

    def test_auth_may_be_longer(self) -> None:
        line = b"auth GSSAPI " + b"x" * (AUTH - 14) + b"\r\n"
        self.assertEqual(self.lines(line + b"NOOP\r\n"), [line, b"NOOP\r\n"])

    def test_but_not_without_end(self) -> None:
        line = b"AUTH GSSAPI " + b"x" * AUTH + b"\r\n"
        self.assertEqual(self.lines(line + b"NOOP\r\n"), [line[:AUTH], b"NOOP\r\n"])

    def test_octets_are_taken_between_lines(self) -> None:
        inbox = Inbox()
        inbox.receive(b"BDAT 4\r\nabcdNOOP\r\n")
        self.assertEqual([inbox.line(), inbox.octets(4), inbox.line()], [b"BDAT 4\r\n", b"abcd", b"NOOP\r\n"])

    def test_it_is_fresh_where_a_line_begins(self) -> None:
        inbox = Inbox()
        self.assertTrue(inbox.fresh)
        inbox.receive(b"NOOP")
        self.assertFalse(inbox.fresh)
        inbox.receive(b"\r\n")
        inbox.line()
        self.assertTrue(inbox.fresh)

    def test_the_rest_of_a_line_that_was_too_long_is_no_beginning(self) -> None:
        inbox = Inbox()
        inbox.receive(b"x" * COMMAND)
        inbox.line()
        self.assertEqual((inbox.buffered, inbox.fresh), (0, False))

    def test_what_is_forgotten_is_gone(self) -> None:
        inbox = AllLines()
        inbox.feed(b"x" * 5000)
        inbox.inbox.clear()
        self.assertEqual(inbox.feed(b"NOOP\r\n"), [b"NOOP\r\n"])


class FlawTests(SynchronousTestCase):
    def test_a_line_ends_in_crlf_and_has_neither_within(self) -> None:
        for line in (b"NOOP\n", b"NO\rOP\r\n", b"NOOP\r\r\n", b"\n", b"NOOP \0\r\n"):
            self.assertIs(flaw(line), Flaw.BARE, line)

    def test_a_line_without_end_was_too_long(self) -> None:
        self.assertIs(flaw(b"NOOP"), Flaw.TOO_LONG)

    def test_utf_8_and_blanks_are_the_servers_to_judge(self) -> None:
        self.assertIsNone(flaw("MAIL FROM:<jürgen@example.com> SMTPUTF8\r\n".encode()))


class KindTests(SynchronousTestCase):
    def test_a_verb_is_known_in_any_case(self) -> None:
        for line in (b"XCLIENT ADDR=192.0.2.1\r\n", b"xclient\r\n", b"XForward NAME=x\r\n"):
            self.assertIs(kind_of(line), Kind.DENIED)

    def test_a_whole_command_is_one_good_line_and_nothing_else(self) -> None:
        self.assertIs(whole_command(b"mail FROM:<>\r\n"), Kind.MAIL)
        for data in (b"", b"MAIL", b"MAIL\n", b"MAIL\r\nRCPT\r\n", b"MAIL\r\nR", b" MAIL\r\n", b"MAIL \0\r\n", b"MAIL \r \r\n"):
            self.assertIsNone(whole_command(data), data)

    def test_a_longer_word_is_another_verb(self) -> None:
        self.assertIs(kind_of(b"XCLIENTS\r\n"), Kind.OTHER)
        self.assertIs(kind_of(b"DATAX\r\n"), Kind.OTHER)

    def test_what_a_server_might_read_otherwise_is_no_command(self) -> None:
        """Postfix skips blanks before a verb; a tab ends one there."""
        for line in (
            b" XCLIENT ADDR=x\r\n",
            b"\tXCLIENT\r\n",
            b"XCLIENT\tADDR=x\r\n",
            b"X\\CLIENT\r\n",
            b'"XCLIENT"\r\n',
            b"\r\n",
            b":\r\n",
        ):
            self.assertIs(kind_of(line), Flaw.NO_VERB, line)

    def test_a_vertical_tab_ends_no_verb(self) -> None:
        self.assertIs(kind_of(b"XCLIENT\x0bADDR=x\r\n"), Flaw.NO_VERB)

    def test_the_last_burl_ends_a_mail(self) -> None:
        self.assertIs(kind_of(b"BURL imap://x@example.com/INBOX LAST\r\n"), Kind.LAST)
        self.assertIs(kind_of(b"BURL imap://x@example.com/INBOX\r\n"), Kind.OTHER)


class ChunkTests(SynchronousTestCase):
    def test_a_chunk_has_a_size_and_may_be_the_last(self) -> None:
        self.assertEqual(chunk_of(b"BDAT 86\r\n"), Chunk(86, last=False))
        self.assertEqual(chunk_of(b"bdat 0 last\r\n"), Chunk(0, last=True))

    def test_any_other_form_is_of_unknown_size(self) -> None:
        for line in (
            b"BDAT\r\n",
            b"BDAT -1\r\n",
            b"BDAT 1x\r\n",
            b"BDAT 1 LAST x\r\n",
            b"BDAT 0x10\r\n",
            b"BDAT 1,0\r\n",
            b"BDAT +1\r\n",
        ):
            self.assertIsNone(chunk_of(line), line)

    def test_digits_of_other_scripts_are_none(self) -> None:
        self.assertIsNone(chunk_of("BDAT ٣\r\n".encode()))

    def test_more_than_31_bits_are_not_counted_alike_everywhere(self) -> None:
        self.assertTrue(countable(Chunk(CHUNK, last=False)))
        self.assertFalse(countable(Chunk(CHUNK + 1, last=False)))
