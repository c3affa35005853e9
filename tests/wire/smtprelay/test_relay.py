"""Tests for :mod:`exproxy.wire.smtprelay.relay`."""

import os

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.smtprelay import SHUTDOWN, TIMEOUT, Broken, Ending, Settings, SmtpRelay, StartTls, Step, Then
from exproxy.wire.smtprelay.bounds import COMMAND, HELD, OUTSTANDING, REPLY
from tests.wire.cutting import pieces
from tests.wire.smtprelay.talking import (
    BYE,
    DATA,
    DENIED,
    DOT,
    EHLO,
    GO,
    HELLO,
    LOST,
    MAIL,
    NOTHING,
    OFFLOAD,
    OK,
    PASSING,
    QUIT,
    RCPT,
    SECURED,
    START,
    STARTTLS,
    STRICT,
    Talk,
    Turn,
    assert_cut_invariant,
    client,
    converse,
    greeted,
    in_content,
    in_mail,
    secured,
    server,
)
from tests.wire.smtprelay.test_content import ENDS_AFTER_ALL, SMUGGLING

XCLIENT = b"XCLIENT ADDR=10.0.0.15 LOGIN=admin\r\n"
NOOP = b"NOOP\r\n"
RSET = b"RSET\r\n"
AUTH = b"AUTH LOGIN\r\n"
ASKED = b"334 VXNlcm5hbWU6\r\n"
SAID_NO = b"535 5.7.8 Error: authentication failed\r\n"
SAID_YES = b"235 2.7.0 Authentication successful\r\n"
UNKNOWN = b"502 5.5.2 Error: command not recognized\r\n"
REFUSED = b"550 5.1.1 No such user\r\n"
NOT_NOW = b"421 4.3.2 Service not active\r\n"
ONE_MAIL = [
    client(EHLO),
    server(HELLO),
    client(MAIL + RCPT + DATA),
    server(OK + OK + GO),
    client(b"Subject: x\r\n\r\nHello" + DOT),
    server(OK),
    client(QUIT),
    server(BYE),
]


def broken(take, data: bytes) -> Broken:  # type: ignore[no-untyped-def] # a bound method of the relay
    try:
        take(data)
    except Broken as error:
        return error
    raise AssertionError(f"{data!r} is no fault")


class SessionTests(SynchronousTestCase):
    """What passes."""

    def test_a_session_passes_octet_by_octet_but_for_the_reply_to_ehlo(self) -> None:
        talk = assert_cut_invariant(lambda: SmtpRelay(Settings()), ONE_MAIL, [3, 5, 8])
        self.assertEqual(talk.to_server, b"".join(turn.data for turn in ONE_MAIL if turn.who == "client"))
        self.assertEqual(talk.to_client, b"".join(turn.data for turn in ONE_MAIL if turn.who == "server"))

    def test_the_facts_of_a_session(self) -> None:
        facts = converse(SmtpRelay(Settings()), ONE_MAIL).facts
        self.assertEqual((facts.helo, facts.mails, facts.last, facts.bad), ("client.example", 1, 221, 0))
        self.assertIs(facts.ending, Ending.QUIT)

    def test_the_answer_to_quit_is_the_end(self) -> None:
        self.assertEqual(converse(SmtpRelay(Settings()), ONE_MAIL).then, (Then.FINISH,))

    def test_the_reply_to_helo_is_not_touched(self) -> None:
        to = SmtpRelay(OFFLOAD)
        to.from_client(b"HELO client.example\r\n")
        self.assertEqual(to.from_server(b"250 XCLIENT\r\n").to_client, b"250 XCLIENT\r\n")
        self.assertEqual(to.facts.helo, "client.example")

    def test_a_refused_ehlo_is_not_touched(self) -> None:
        to = SmtpRelay(OFFLOAD)
        to.from_client(EHLO)
        self.assertEqual(to.from_server(b"504-5.5.2 no\r\n504 5.5.2 name\r\n").to_client, b"504-5.5.2 no\r\n504 5.5.2 name\r\n")

    def test_extensions_of_mail_and_rcpt_pass(self) -> None:
        """RFC 6152 8BITMIME, RFC 6531 SMTPUTF8, RFC 3461 DSN, RFC 1870 SIZE."""
        mail = "MAIL FROM:<jürgen@example.com> SIZE=1000 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=QQ314159\r\n".encode()
        rcpt = b"RCPT TO:<b@example.org> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;" + b"x" * 500 + b"\r\n"
        self.assertEqual(greeted().from_client(mail + rcpt), Step(mail + rcpt))

    def test_8_bit_content_passes(self) -> None:
        body = bytes(range(256)) * 100
        self.assertEqual(in_content().from_client(body), Step(body))

    def test_content_that_does_not_end_is_not_copied(self) -> None:
        body = os.urandom(65_536)
        self.assertIs(in_content().from_client(body).to_server, body)

    def test_a_line_of_the_mail_is_no_command(self) -> None:
        body = XCLIENT + STARTTLS + QUIT
        to = in_content()
        self.assertEqual(to.from_client(body), Step(body))
        self.assertEqual((to.facts.bad, to.facts.denied), (0, 0))

    def test_commands_may_follow_the_end_of_a_mail_at_once(self) -> None:
        to = in_content()
        self.assertEqual(to.from_client(b"x" + DOT + MAIL + QUIT).to_server, b"x" + DOT + MAIL + QUIT)
        self.assertEqual(to.from_server(OK + OK + BYE), Step(b"", OK + OK + BYE, Then.FINISH))

    def test_a_mail_that_is_refused_is_not_counted(self) -> None:
        to = in_content()
        to.from_client(b"x" + DOT)
        to.from_server(b"554 5.7.1 spam\r\n")
        self.assertEqual((to.facts.mails, to.facts.last), (0, 554))

    def test_what_comes_behind_quit_is_nobodys(self) -> None:
        to = greeted()
        self.assertEqual(to.from_client(QUIT + MAIL).to_server, QUIT)
        self.assertEqual(to.from_client(MAIL), NOTHING)

    def test_an_unknown_command_is_the_servers_to_judge(self) -> None:
        to = greeted()
        self.assertEqual(to.from_client(b"ETRN example.com\r\n").to_server, b"ETRN example.com\r\n")
        self.assertEqual(to.from_server(b"250 2.0.0 Queuing started\r\n").to_client, b"250 2.0.0 Queuing started\r\n")

    def test_what_we_could_not_follow_is_refused(self) -> None:
        for command in (b"TURN\r\n", b"ATRN example.com\r\n", b"XEXCH50 100 2\r\n"):
            step = greeted().from_client(command)
            self.assertEqual((step.to_server, step.to_client[:4]), (b"", b"502 "))


class OrderTests(SynchronousTestCase):
    """Replies come in the order of the commands, whoever gives them (RFC 2920 3.2)."""

    def test_ours_waits_for_the_servers(self) -> None:
        to = greeted()
        self.assertEqual(to.from_client(MAIL + XCLIENT + RCPT), Step(MAIL + RCPT))
        self.assertEqual(to.from_server(OK).to_client, OK + DENIED)
        self.assertEqual(to.from_server(REFUSED).to_client, REFUSED)

    def test_with_nothing_awaited_ours_comes_at_once(self) -> None:
        self.assertEqual(greeted().from_client(XCLIENT + XCLIENT), Step(b"", DENIED + DENIED))

    def test_however_commands_are_mixed(self) -> None:
        @given(st.lists(st.booleans(), max_size=15), st.lists(st.integers(0, 999), max_size=5))
        def check(ours: list[bool], cuts: list[int]) -> None:
            commands = b"".join(XCLIENT if own else b"NOOP %d\r\n" % number for number, own in enumerate(ours))
            replies = b"".join(b"250 %d\r\n" % number for number, own in enumerate(ours) if not own)
            expected = b"".join(DENIED if own else b"250 %d\r\n" % number for number, own in enumerate(ours))
            talk = assert_cut_invariant(greeted, [client(commands), server(replies)], cuts)
            self.assertEqual(talk.to_client, expected)

        check()

    def test_what_follows_data_waits_for_the_reply(self) -> None:
        to = in_mail()
        self.assertEqual(to.from_client(DATA + XCLIENT + DOT), Step(DATA))
        self.assertTrue(to.holding)
        self.assertEqual(to.from_server(GO), Step(XCLIENT + DOT, GO))

    def test_what_follows_a_refused_data_is_commands(self) -> None:
        to = in_mail()
        to.from_client(DATA + XCLIENT + RSET)
        self.assertEqual(to.from_server(b"554 no valid recipients\r\n"), Step(RSET, b"554 no valid recipients\r\n" + DENIED))

    def test_whoever_does_not_wait_is_counted(self) -> None:
        to = in_mail()
        to.from_client(DATA + b"x")
        to.from_client(b"y")
        self.assertEqual(to.facts.early, 1)

    def test_more_than_can_wait_is_refused(self) -> None:
        to = in_mail()
        to.from_client(DATA + b"x" * HELD)
        error = broken(to.from_client, b"x")
        self.assertEqual((error.last.to_server, error.last.to_client[:3]), (b"", b"554"))

    def test_too_many_commands_wait_for_replies(self) -> None:
        to = greeted()
        self.assertEqual(to.from_client(NOOP * (OUTSTANDING + 3)).to_server, NOOP * OUTSTANDING)
        self.assertTrue(to.holding)
        self.assertEqual(to.from_server(OK * 2).to_server, NOOP * 2)
        self.assertEqual(to.from_server(OK * 2).to_server, NOOP)
        self.assertFalse(to.holding)


STATES = {
    "before EHLO": lambda: SmtpRelay(OFFLOAD),
    "after EHLO": greeted,
    "in a transaction": in_mail,
    "within TLS": lambda: greeted(secure=True),
    "after STARTTLS": secured,
    "where TLS is required": lambda: greeted(STRICT),
    "where STARTTLS passes": lambda: greeted(PASSING),
}


class DeniedTests(SynchronousTestCase):
    """The server trusts our address: a client that could say XCLIENT would have an open relay."""

    def test_it_never_passes(self) -> None:
        for state, make in STATES.items():
            for command in (XCLIENT, b"xclient name=x\r\n", b"XFORWARD ADDR=192.0.2.1\r\n", b"XCLIENT\r\n"):
                self.assertEqual(make().from_client(command), Step(b"", DENIED), state)

    def test_not_after_rset(self) -> None:
        to = in_mail()
        to.from_client(RSET)
        to.from_server(OK)
        self.assertEqual(to.from_client(XCLIENT), Step(b"", DENIED))

    def test_not_behind_a_mail(self) -> None:
        to = in_content()
        self.assertEqual(to.from_client(b"x" + DOT + XCLIENT).to_server, b"x" + DOT)
        self.assertEqual(to.from_server(OK).to_client, OK + DENIED)

    def test_not_behind_a_chunk(self) -> None:
        to = in_mail()
        self.assertEqual(to.from_client(b"BDAT 3 LAST\r\nabc" + XCLIENT).to_server, b"BDAT 3 LAST\r\nabc")

    def test_not_in_another_form(self) -> None:
        for line in (
            b" XCLIENT ADDR=x\r\n",
            b"\tXCLIENT\r\n",
            b"NOOP\nXCLIENT ADDR=x\r\n",
            b"NOOP\rXCLIENT ADDR=x\r\n",
            b"XCLIENT ADDR=x\n",
        ):
            self.assertEqual(greeted().from_client(line).to_server, b"", line)

    def test_not_as_the_rest_of_a_line_that_is_too_long(self) -> None:
        talk = assert_cut_invariant(greeted, [client(b"NOOP " + b"x" * COMMAND + b"\r\n" + XCLIENT)])
        self.assertEqual(talk.to_server, b"")
        self.assertTrue(talk.to_client.endswith(DENIED))

    def test_a_response_of_an_exchange_is_none(self) -> None:
        """It passes only where the server has asked for it."""
        to = greeted()
        to.from_client(AUTH + XCLIENT)
        self.assertEqual(to.from_server(UNKNOWN), Step(b"", UNKNOWN + DENIED))

    def test_it_is_counted(self) -> None:
        to = greeted()
        to.from_client(XCLIENT * 3)
        self.assertEqual((to.facts.denied, to.facts.bad, to.facts.last), (3, 3, 550))

    def test_no_command_of_a_client_puts_one_on_the_wire(self) -> None:
        """Whatever is said, in whatever pieces, to a server that takes it all: it reads none as a command."""
        parts = [
            EHLO,
            MAIL,
            RCPT,
            DATA,
            NOOP,
            RSET,
            XCLIENT,
            b" ",
            b"\t",
            b"\r",
            b"\n",
            b"\r\n",
            b".",
            DOT,
            b"BDAT 5\r\n",
            b"abcde",
            AUTH,
        ]

        @given(st.lists(st.sampled_from(parts), max_size=14), st.lists(st.integers(0, 999), max_size=5))
        def check(said: list[bytes], cuts: list[int]) -> None:
            to, peer = greeted(), Server()
            try:
                for data in pieces(b"".join(said), cuts):
                    step = to.from_client(data)
                    while step.to_server:
                        step = to.from_server(peer.take(step.to_server))
            except Broken:
                pass
            self.assertEqual([line for line in peer.commands if line.strip().upper().startswith(b"XCLIENT")], [])

        check()


@attrs.define
class Server:
    """Reads as RFC 5321 says, and takes every command; in DATA it waits for CRLF.CRLF."""

    commands: list[bytes] = attrs.field(factory=list)
    _held: bytes = b""
    _content: bool = False
    _response: bool = False
    _chunk: int = 0

    def take(self, data: bytes) -> bytes:
        """What it answers."""
        self._held += data
        said = b""
        while self._held:
            if self._chunk:
                taken = min(self._chunk, len(self._held))
                self._held = self._held[taken:]
                self._chunk -= taken
                said += OK * (not self._chunk)
                continue
            mark = DOT if self._content else b"\r\n"
            line, found, rest = self._held.partition(mark)
            if not found:
                break
            self._held = rest
            said += self._answer(line)
        return said

    def _answer(self, line: bytes) -> bytes:
        if self._content or self._response:
            self._content = self._response = False
            return OK
        self.commands.append(line)
        verb = line.upper()
        if verb.startswith(b"DATA"):
            self._content = True
            self._held = b"\r\n" + self._held
            return GO
        if verb.startswith(b"AUTH"):
            self._response = True
            return ASKED
        if verb.startswith(b"BDAT"):
            self._chunk = int(line.split()[1])
            return OK if not self._chunk else b""
        return OK


class BadCommandTests(SynchronousTestCase):
    def test_bare_cr_and_lf_are_refused_and_counted(self) -> None:
        for line in (b"NOOP\n", b"MAIL FROM:<a@\rexample.com>\r\n", b"NOOP\r\r\n", b"RCPT TO:<\0>\r\n"):
            to = greeted()
            step = to.from_client(line)
            self.assertEqual((step.to_server, step.to_client[:9], to.facts.bad), (b"", b"500 5.5.2", 1), line)

    def test_a_line_that_is_too_long_is_refused_once(self) -> None:
        to = greeted()
        self.assertEqual(to.from_client(b"x" * 100_000).to_client[:4], b"500 ")
        self.assertEqual(to.from_client(b"x" * 100_000), NOTHING)
        self.assertEqual(to.from_client(b"\r\n" + NOOP).to_server, NOOP)

    def test_too_many_bad_ones_are_the_end(self) -> None:
        talk = assert_cut_invariant(lambda: greeted(Settings(most_bad=3)), [client(XCLIENT * 5), client(MAIL)], [50])
        self.assertEqual(talk.to_client[: 3 * len(DENIED)], DENIED * 3)
        self.assertEqual(talk.to_client[3 * len(DENIED) :][:9], b"421 4.7.0")
        self.assertEqual((talk.to_server, talk.then, talk.facts.ending), (QUIT, (Then.FINISH,), Ending.BAD_COMMANDS))

    def test_the_end_waits_for_the_mail_before(self) -> None:
        to = in_content(Settings(most_bad=2))
        self.assertEqual(to.from_client(b"x" + DOT + XCLIENT * 2).to_client, b"")
        step = to.from_server(OK)
        self.assertTrue(step.to_client.startswith(OK + DENIED * 2 + b"421 "))
        self.assertEqual(to.facts.mails, 1)

    def test_what_the_server_takes_for_no_command_counts_too(self) -> None:
        to = greeted(Settings(most_bad=2))
        to.from_client(b"FOO\r\nBAR\r\n")
        step = to.from_server(UNKNOWN * 2)
        self.assertEqual((step.to_server, step.then, to.facts.bad), (QUIT, Then.FINISH, 2))

    def test_a_refused_recipient_is_no_bad_command(self) -> None:
        to = greeted()
        to.from_client(MAIL + RCPT * 50)
        to.from_server(OK + REFUSED * 49 + b"503 5.5.1 Error: need MAIL command\r\n")
        self.assertEqual(to.facts.bad, 0)

    def test_a_mail_that_is_taken_begins_the_count_again(self) -> None:
        to = in_content(Settings(most_bad=2))
        to.from_client(b"x" + DOT)
        to.from_server(OK)
        to.from_client(XCLIENT)
        self.assertEqual(to.from_client(MAIL).to_server, MAIL)


class SmugglingTests(SynchronousTestCase):
    """CVE-2023-51764 and its kin: no other end of a mail is created, completed or changed by us."""

    def test_other_forms_pass_as_content(self) -> None:
        for form in SMUGGLING:
            if form in ENDS_AFTER_ALL:
                continue
            smuggled = b"text" + form + MAIL + RCPT + DATA + b"evil"
            talk = assert_cut_invariant(in_content, [client(smuggled)], [5, 8, 12])
            self.assertEqual((talk.to_server, talk.to_client, talk.facts.bad), (smuggled, b"", 0), form)

    def test_a_mail_that_is_cut_off_is_not_completed(self) -> None:
        for part in (b"x", b"x\r\n", b"x\r\n.", b"x\r\n.\r"):
            for end in (lambda to: to.dismiss(TIMEOUT), lambda to: to.dismiss(SHUTDOWN)):
                to = in_content()
                to.from_client(part)
                self.assertEqual(end(to).to_server, b"")

    def test_a_server_that_takes_another_form_for_the_end_is_found_out(self) -> None:
        to = in_content()
        to.from_client(b"text\n.\r\nMAIL FROM:<evil@example.com>\r\n")
        error = broken(to.from_server, OK)
        self.assertIn("another line than CRLF.CRLF", error.what)
        self.assertEqual(error.last.to_client[:4], b"421 ")
        self.assertEqual(to.facts.mails, 0)


class ChunkTests(SynchronousTestCase):
    """BDAT (RFC 3030 2)."""

    def test_chunks_pass_octet_by_octet(self) -> None:
        said = MAIL + RCPT + b"BDAT 10\r\n\r\n.\r\nQUIT\nBDAT 0\r\nBDAT 5 LAST\r\nXCLIE" + NOOP
        talk = assert_cut_invariant(greeted, [client(said), server(OK * 6)], [7, 70, 75])
        self.assertEqual((talk.to_server, talk.to_client), (said, OK * 6))
        self.assertEqual(talk.facts.mails, 1)

    def test_a_chunk_of_any_size_is_not_held(self) -> None:
        to = in_mail()
        to.from_client(b"BDAT 2000000000 LAST\r\n")
        body = os.urandom(65_536)
        self.assertIs(to.from_client(body).to_server, body)
        self.assertEqual(to.buffered, 8)

    def test_one_whose_size_cannot_be_known_is_the_end(self) -> None:
        for line in (b"BDAT\r\n", b"BDAT x\r\n", b"BDAT 1 FIRST\r\n", b"BDAT -1 LAST\r\n"):
            to = in_mail()
            step = to.from_client(line + MAIL)
            self.assertEqual((step.to_server, step.to_client[:4], step.then), (QUIT, b"501 ", Then.FINISH), line)
            self.assertIs(to.facts.ending, Ending.BAD_CHUNK)

    def test_one_that_servers_might_count_otherwise_is_the_end(self) -> None:
        step = in_mail().from_client(b"BDAT 4294967296 LAST\r\n")
        self.assertEqual((step.to_client[:4], step.then), (b"552 ", Then.FINISH))

    def test_a_server_without_chunking_does_not_see_the_chunk(self) -> None:
        to = SmtpRelay(OFFLOAD)
        to.from_client(EHLO)
        to.from_server(b"250 mx\r\n")
        to.from_client(MAIL)
        to.from_server(OK)
        step = to.from_client(b"BDAT %d LAST\r\n" % len(XCLIENT) + XCLIENT + NOOP)
        self.assertEqual((step.to_server, step.to_client[:4]), (NOOP, b"502 "))

    def test_nor_one_that_knows_of_no_mail(self) -> None:
        step = greeted().from_client(b"BDAT %d LAST\r\n" % len(XCLIENT) + XCLIENT + NOOP)
        self.assertEqual((step.to_server, step.to_client[:4]), (NOOP, b"503 "))

    def test_helo_takes_chunking_back(self) -> None:
        to = greeted()
        to.from_client(b"HELO client.example\r\n" + MAIL)
        to.from_server(OK + OK)
        self.assertEqual(to.from_client(b"BDAT 1\r\nx").to_client[:4], b"502 ")

    def test_a_refusal_may_come_before_the_chunk_has(self) -> None:
        to = in_mail()
        to.from_client(b"BDAT 10 LAST\r\nabc")
        self.assertEqual(to.from_server(b"552 5.3.4 too big\r\n").to_client, b"552 5.3.4 too big\r\n")
        self.assertEqual(to.from_client(b"defghij" + NOOP).to_server, b"defghij" + NOOP)

    def test_a_chunk_that_has_not_all_come_cannot_have_been_taken(self) -> None:
        to = in_mail()
        to.from_client(b"BDAT 10 LAST\r\nabc")
        self.assertIn("says 250 to LAST", broken(to.from_server, OK).what)
        self.assertEqual(to.facts.mails, 0)


class StartTlsTests(SynchronousTestCase):
    """RFC 3207, done by us."""

    def test_it_is_answered_by_us(self) -> None:
        self.assertEqual(greeted().from_client(b"starttls\r\n"), Step(b"", START, Then.START_TLS))

    def test_it_is_offered(self) -> None:
        to = SmtpRelay(OFFLOAD)
        to.from_client(EHLO)
        self.assertTrue(to.from_server(HELLO).to_client.endswith(b"250-SMTPUTF8\r\n250 STARTTLS\r\n"))

    def test_it_waits_for_replies_before(self) -> None:
        to = greeted()
        self.assertEqual(to.from_client(NOOP + STARTTLS), Step(NOOP))
        self.assertEqual(to.from_server(OK), Step(b"", OK + START, Then.START_TLS))

    def test_what_comes_behind_it_is_thrown_away(self) -> None:
        """CVE-2011-0411: it came in the clear, and would be taken for the client's own."""
        for turns in (
            [client(STARTTLS + MAIL + XCLIENT), SECURED],
            [client(STARTTLS), client(MAIL), SECURED],
            [client(NOOP + STARTTLS + MAIL), server(OK), client(MAIL), SECURED],
            [client(STARTTLS + b"EHLO ev"), SECURED],
        ):
            talk = assert_cut_invariant(greeted, [*turns, client(EHLO), server(HELLO)])
            self.assertEqual(talk.to_server.replace(NOOP, b""), EHLO)
            self.assertEqual((talk.facts.early, talk.then), (1, (Then.START_TLS,)))

    def test_what_was_known_before_is_forgotten(self) -> None:
        to = secured()
        self.assertEqual((to.facts.helo, to.facts.tls), ("", True))
        step = to.from_client(MAIL)
        self.assertEqual((step.to_server, step.to_client[:9]), (b"", b"503 5.5.1"))

    def test_a_new_ehlo_begins_anew(self) -> None:
        to = secured()
        to.from_client(EHLO)
        self.assertNotIn(b"STARTTLS", to.from_server(HELLO).to_client)
        self.assertEqual(to.from_client(MAIL).to_server, MAIL)

    def test_an_ehlo_that_is_refused_begins_nothing(self) -> None:
        to = secured()
        to.from_client(b"EHLO\r\n")
        to.from_server(b"501 Syntax: EHLO hostname\r\n")
        self.assertEqual(to.from_client(MAIL).to_client[:4], b"503 ")

    def test_a_mail_that_was_begun_before_is_not_gone_on_with(self) -> None:
        to = in_mail()
        to.from_client(STARTTLS)
        to.secured()
        self.assertEqual(to.from_client(DATA).to_server, b"")
        self.assertTrue(to.between_mails)

    def test_chunking_is_learned_again(self) -> None:
        to = secured()
        to.from_client(EHLO)
        to.from_server(b"250 mx\r\n")
        to.from_client(MAIL)
        to.from_server(OK)
        self.assertEqual(to.from_client(b"BDAT 1\r\nx").to_server, b"")

    def test_an_authentication_cannot_be_forgotten(self) -> None:
        """Somebody in the middle could log in in the clear, and have the client's mails go under that name."""
        to = greeted()
        to.from_client(b"AUTH PLAIN AGEAYg==\r\n")
        to.from_server(SAID_YES)
        step = to.from_client(STARTTLS)
        self.assertEqual((step.to_client[:4], step.then), (b"503 ", Then.GO_ON))

    def test_it_is_refused_within_tls(self) -> None:
        for settings in (OFFLOAD, PASSING, Settings()):
            step = greeted(settings, secure=True).from_client(STARTTLS)
            self.assertEqual((step.to_server, step.to_client[:4]), (b"", b"503 "))

    def test_it_is_refused_where_it_is_not_offered(self) -> None:
        step = greeted(Settings(StartTls.HIDE)).from_client(STARTTLS)
        self.assertEqual((step.to_server, step.to_client[:4]), (b"", b"502 "))

    def test_it_has_no_parameters(self) -> None:
        self.assertEqual(greeted().from_client(b"STARTTLS now\r\n").to_client[:4], b"501 ")

    def test_what_the_server_says_meanwhile_is_said_within_tls(self) -> None:
        to = greeted()
        to.from_client(STARTTLS)
        self.assertEqual(to.from_server(NOT_NOW), NOTHING)
        self.assertEqual(to.secured(), Step(b"", NOT_NOW, Then.FINISH))

    def test_it_cannot_say_much(self) -> None:
        to = greeted()
        to.from_client(STARTTLS)
        self.assertEqual(broken(to.from_server, b"220 x\r\n" * REPLY).last.to_client, b"")

    def test_a_server_that_goes_meanwhile_is_not_talked_about(self) -> None:
        to = greeted()
        to.from_client(STARTTLS)
        self.assertEqual(to.server_lost(), Step(then=Then.FINISH))


class RequireTlsTests(SynchronousTestCase):
    def test_nothing_of_weight_is_said_before(self) -> None:
        for command in (MAIL, RCPT, DATA, AUTH, b"VRFY root\r\n", b"ETRN x\r\n", b"X-EXPS NTLM\r\n"):
            step = greeted(STRICT).from_client(command)
            self.assertEqual(step, Step(b"", b"530 5.7.0 Must issue a STARTTLS command first\r\n"), command)

    def test_what_is_harmless_passes(self) -> None:
        for command in (NOOP, EHLO, b"HELO x\r\n", RSET, QUIT):
            self.assertEqual(greeted(STRICT).from_client(command).to_server, command)

    def test_a_refused_chunk_is_swallowed(self) -> None:
        step = greeted(STRICT).from_client(b"BDAT 6 LAST\r\nMAIL\r\n" + NOOP)
        self.assertEqual((step.to_server, step.to_client[:4]), (NOOP, b"530 "))

    def test_within_tls_everything_passes(self) -> None:
        self.assertEqual(greeted(STRICT, secure=True).from_client(MAIL).to_server, MAIL)


class EndToEndTests(SynchronousTestCase):
    """TLS between client and server: STARTTLS that passes, and Exchange's X-ANONYMOUSTLS."""

    READY = b"220 2.0.0 SMTP server ready\r\n"

    def test_from_then_on_everything_passes(self) -> None:
        for settings, command in ((PASSING, STARTTLS), (OFFLOAD, b"X-ANONYMOUSTLS\r\n")):
            to = greeted(settings)
            self.assertEqual(to.from_client(command).to_server, command)
            self.assertEqual(to.from_server(self.READY), Step(b"", self.READY, Then.PIPE))
            self.assertEqual(to.from_client(b"\x16\x03\x01"), Step(b"\x16\x03\x01"))
            self.assertEqual(to.from_server(b"\x16\x03\x03"), Step(b"", b"\x16\x03\x03"))
            self.assertTrue(to.facts.opaque)

    def test_what_comes_in_the_clear_behind_it_is_thrown_away(self) -> None:
        to = greeted(PASSING)
        to.from_client(STARTTLS + MAIL)
        self.assertEqual(to.from_server(self.READY + OK), Step(b"", self.READY, Then.PIPE))
        self.assertEqual((to.buffered, to.facts.early), (0, 1))

    def test_a_refusal_changes_nothing(self) -> None:
        to = greeted(PASSING)
        to.from_client(STARTTLS + XCLIENT + NOOP)
        self.assertEqual(to.from_server(b"454 4.7.0 not now\r\n"), Step(NOOP, b"454 4.7.0 not now\r\n" + DENIED))

    def test_nothing_is_said_into_it(self) -> None:
        to = greeted(PASSING)
        to.from_client(STARTTLS)
        to.from_server(self.READY)
        self.assertFalse(to.between_mails)
        self.assertEqual(to.dismiss(SHUTDOWN), Step(then=Then.FINISH))


class AuthTests(SynchronousTestCase):
    """RFC 4954."""

    def test_an_exchange_passes(self) -> None:
        turns = [
            client(AUTH),
            server(ASKED),
            client(b"dXNlcg==\r\n"),
            server(ASKED),
            client(b"eA==\r\n"),
            server(SAID_YES),
            client(MAIL),
        ]
        talk = assert_cut_invariant(greeted, turns)
        self.assertEqual(talk.to_server, AUTH + b"dXNlcg==\r\neA==\r\n" + MAIL)
        self.assertEqual((talk.facts.authenticated, talk.facts.auth_failures), (True, 0))

    def test_failures_are_counted(self) -> None:
        to = greeted()
        for _ in range(3):
            to.from_client(b"AUTH PLAIN AGEAYg==\r\n")
            to.from_server(SAID_NO)
        self.assertEqual((to.facts.auth_failures, to.facts.authenticated, to.facts.bad), (3, False, 0))

    def test_who_logs_in_is_known_where_it_is_said_in_the_clear(self) -> None:
        for turns in (
            (b"AUTH PLAIN AGFubmEAc2VjcmV0\r\n",),
            (b"AUTH PLAIN\r\n", b"AGFubmEAc2VjcmV0\r\n"),
            (b"auth login\r\n", b"YW5uYQ==\r\n", b"c2VjcmV0\r\n"),
        ):
            to = greeted()
            for line in turns[:-1]:
                to.from_client(line)
                to.from_server(ASKED)
            to.from_client(turns[-1])
            to.from_server(SAID_YES)
            self.assertEqual(to.facts.account, b"anna", turns)

    def test_who_failed_to_is_forgotten(self) -> None:
        to = greeted()
        to.from_client(b"AUTH PLAIN AGFubmEAc2VjcmV0\r\n")
        to.from_server(SAID_NO)
        self.assertEqual(to.facts.account, b"")

    def test_exchanges_own_is_followed_too(self) -> None:
        to = greeted()
        to.from_client(b"X-EXPS NTLM\r\n")
        to.from_server(ASKED)
        self.assertEqual(to.from_client(XCLIENT).to_server, XCLIENT)

    def test_a_long_response_passes(self) -> None:
        to = greeted()
        to.from_client(AUTH)
        to.from_server(ASKED)
        line = b"x" * 12_288 + b"\r\n"
        self.assertEqual(to.from_client(line), Step(line))

    def test_a_bad_response_cancels_the_exchange(self) -> None:
        for line in (b"dXNl\rcg==\r\n", b"dXNlcg==\n", b"x" * 12_289 + b"\r\n"):
            talk = assert_cut_invariant(
                greeted, [client(AUTH), server(ASKED), client(line), server(b"501 cancelled\r\n"), client(NOOP)]
            )
            self.assertEqual((talk.to_server, talk.facts.bad), (AUTH + b"*\r\n" + NOOP, 2), line)

    def test_what_follows_it_waits(self) -> None:
        to = greeted()
        self.assertEqual(to.from_client(AUTH + b"dXNlcg==\r\n" + NOOP).to_server, AUTH)
        self.assertEqual(to.from_server(ASKED).to_server, b"dXNlcg==\r\n")
        self.assertEqual(to.from_server(SAID_NO).to_server, NOOP)


class DrainTests(SynchronousTestCase):
    TOLD = b"421 4.3.2 Service is going down for maintenance, try again later\r\n"

    def drained(self, to: SmtpRelay) -> SmtpRelay:
        to.drain()
        return to

    def test_who_is_between_two_mails_is_told_at_once(self) -> None:
        to = greeted()
        self.assertTrue(to.between_mails)
        self.assertEqual(to.drain(), Step(QUIT, self.TOLD, Then.FINISH))
        self.assertIs(to.facts.ending, Ending.DRAINED)

    def test_who_has_begun_a_command_is_told_behind_it(self) -> None:
        to = greeted()
        to.from_client(b"MAIL FR")
        self.assertEqual(to.drain(), NOTHING)
        self.assertEqual(to.from_client(b"OM:<a@b>\r\n"), Step(QUIT, self.TOLD, Then.FINISH))

    def test_a_mail_that_has_begun_is_finished(self) -> None:
        to = self.drained(in_mail())
        self.assertFalse(to.between_mails)
        self.assertEqual(to.from_client(DATA).to_server, DATA)
        to.from_server(GO)
        self.assertEqual(to.from_client(b"x" + DOT).to_server, b"x" + DOT)
        self.assertEqual(to.from_server(OK), Step(QUIT, OK + self.TOLD, Then.FINISH))
        self.assertEqual(to.facts.mails, 1)

    def test_a_command_that_has_begun_behind_the_mail_is_heard_first(self) -> None:
        to = self.drained(in_content())
        to.from_client(b"x" + DOT + b"MAIL FR")
        self.assertEqual(to.from_server(OK), Step(b"", OK))
        self.assertEqual(to.from_client(b"OM:<a@b>\r\n"), Step(QUIT, self.TOLD, Then.FINISH))

    def test_content_is_finished(self) -> None:
        to = self.drained(in_content())
        self.assertEqual(to.from_client(b"x" + DOT + MAIL), Step(b"x" + DOT))
        self.assertEqual(to.from_server(OK), Step(QUIT, OK + self.TOLD, Then.FINISH))
        self.assertEqual(to.facts.mails, 1)

    def test_chunks_are_finished(self) -> None:
        to = self.drained(in_mail())
        self.assertEqual(to.from_client(b"BDAT 1\r\nxBDAT 1 LAST\r\ny" + RSET).to_server, b"BDAT 1\r\nxBDAT 1 LAST\r\ny")
        self.assertEqual(to.from_server(OK * 2), Step(QUIT, OK * 2 + self.TOLD, Then.FINISH))

    def test_a_mail_that_was_refused_is_none(self) -> None:
        to = greeted()
        to.from_client(MAIL)
        to.from_server(REFUSED)
        self.assertEqual(to.drain().to_client, self.TOLD)

    def test_a_mail_that_is_given_up_is_none(self) -> None:
        to = self.drained(in_mail())
        to.from_client(RSET)
        self.assertEqual(to.from_server(OK), Step(QUIT, OK + self.TOLD, Then.FINISH))

    def test_quit_is_answered_by_the_server(self) -> None:
        to = self.drained(in_mail())
        self.assertEqual(to.from_client(QUIT).to_server, QUIT)
        self.assertIs(self.ended(to), Ending.QUIT)

    def ended(self, to: SmtpRelay) -> Ending | None:
        to.from_server(BYE)
        return to.facts.ending

    def test_who_says_nothing_can_be_told_without_being_asked(self) -> None:
        self.assertEqual(greeted().dismiss(SHUTDOWN), Step(QUIT, self.TOLD, Then.FINISH))

    def test_whose_source_has_done_too_much_wrong_is_told_so(self) -> None:
        to = greeted()
        told = b"421 4.7.0 Too many errors from your address, try again later\r\n"
        self.assertEqual(to.abuse(), Step(QUIT, told, Then.FINISH))
        self.assertIs(to.facts.ending, Ending.ABUSE)

    def test_who_is_dismissed_is_not_heard(self) -> None:
        to = greeted()
        to.dismiss(TIMEOUT)
        self.assertEqual((to.from_client(MAIL), to.from_server(OK), to.dismiss(SHUTDOWN)), (NOTHING, NOTHING, NOTHING))
        self.assertIs(to.facts.ending, Ending.IDLE)


class ServerTests(SynchronousTestCase):
    """A server that leaves, lies, or says what is no SMTP."""

    def test_421_is_passed_on_and_is_the_end(self) -> None:
        for make, said in ((greeted, NOOP), (in_mail, DATA), (greeted, MAIL + RCPT), (in_content, b"x" + DOT)):
            to = make()
            to.from_client(said)
            self.assertEqual(to.from_server(NOT_NOW + OK), Step(b"", NOT_NOW, Then.FINISH))
            self.assertEqual((to.facts.ending, to.facts.last, to.facts.mails), (Ending.SERVER_CLOSING, 421, 0))

    def test_so_is_a_refusal_that_nobody_asked_for(self) -> None:
        for make in (greeted, in_mail, in_content):
            for reply in (NOT_NOW, b"451 4.4.2 Timeout\r\n", b"554 5.7.0 Too many errors\r\n"):
                self.assertEqual(make().from_server(reply), Step(b"", reply, Then.FINISH))

    def test_anything_else_that_nobody_asked_for_is_a_fault(self) -> None:
        for make in (lambda: SmtpRelay(OFFLOAD), greeted, in_mail, in_content):
            for reply in (OK, GO, b"220 mx ESMTP\r\n"):
                error = broken(make().from_server, reply)
                self.assertEqual((error.where, error.last.to_client[:9]), ("SMTP server", b"421 4.3.0"))

    def test_a_reply_that_the_command_cannot_have_is_a_fault(self) -> None:
        for said, reply in ((DATA, OK), (DATA, ASKED), (NOOP, GO), (b"XFOO\r\n", GO), (b"XFOO\r\n", ASKED), (AUTH, GO)):
            to = in_mail()
            to.from_client(said)
            self.assertIn(f"says {reply[:3].decode()}", broken(to.from_server, reply).what)

    def test_a_reply_more_than_there_were_commands_is_a_fault_and_the_others_pass(self) -> None:
        to = greeted()
        to.from_client(MAIL)
        error = broken(to.from_server, REFUSED + OK)
        self.assertTrue(error.last.to_client.startswith(REFUSED + b"421 "))

    def test_what_is_no_smtp_is_a_fault(self) -> None:
        to = greeted()
        to.from_client(NOOP)
        self.assertEqual(broken(to.from_server, b"* OK IMAP\r\n").last.to_client[:4], b"421 ")

    def test_a_reply_without_end_is_a_fault(self) -> None:
        to = greeted()
        to.from_client(NOOP)
        self.assertIn("longer than", broken(to.from_server, b"250-x\r\n" * REPLY).what)

    def test_half_a_reply_is_not_told(self) -> None:
        to = in_content()
        to.from_client(b"x" + DOT)
        self.assertEqual(to.from_server(b"250 2.0.0 queued\r"), NOTHING)
        step = to.server_lost()
        self.assertEqual((step.to_client[:9], step.then, to.facts.mails), (b"421 4.3.0", Then.FINISH, 0))

    def test_a_server_that_goes_without_a_word_is_told_in_every_state(self) -> None:
        for make in (lambda: SmtpRelay(OFFLOAD), greeted, in_mail, in_content, secured):
            step = make().server_lost()
            self.assertEqual((step.to_server, step.to_client[:4], step.then), (b"", b"421 ", Then.FINISH))

    def test_one_that_goes_at_quit_has_said_goodbye(self) -> None:
        to = greeted()
        to.from_client(QUIT)
        self.assertEqual(to.server_lost(), Step(b"", BYE, Then.FINISH))

    def test_one_that_goes_after_the_end_is_no_news(self) -> None:
        to = greeted()
        to.from_client(QUIT)
        to.from_server(BYE)
        self.assertEqual(to.server_lost(), NOTHING)


SAID = [
    EHLO,
    MAIL,
    RCPT,
    DATA,
    NOOP,
    RSET,
    XCLIENT,
    STARTTLS,
    AUTH,
    b"BDAT 3\r\n",
    b"BDAT 4 LAST\r\n",
    b"abc",
    b".\r\n",
    DOT,
    b"\n",
    b"\r",
    QUIT,
]
REPLIES = [OK, HELLO, GO, ASKED, REFUSED, UNKNOWN, SAID_NO, b"250-", b"x\r\n", NOT_NOW]
TURNS = st.lists(
    st.one_of(
        st.lists(st.sampled_from(SAID), min_size=1, max_size=5).map(lambda said: client(b"".join(said))),
        st.lists(st.sampled_from(REPLIES), min_size=1, max_size=5).map(lambda said: server(b"".join(said))),
    ),
    max_size=8,
)


class CutTests(SynchronousTestCase):
    def test_a_dialogue_may_be_cut_anywhere(self) -> None:
        @given(TURNS, st.lists(st.integers(0, 999), max_size=6), st.booleans())
        def check(turns: list[Turn], cuts: list[int], lost: bool) -> None:
            assert_cut_invariant(lambda: greeted(Settings(StartTls.OFFER, most_bad=4)), [*turns, *[LOST] * lost], cuts)

        check()

    def test_a_dialogue_that_makes_sense_may_be_cut_anywhere(self) -> None:
        """Every group of commands has its replies."""

        @given(st.lists(st.sampled_from([0, 1, 2, 3, 4]), max_size=6), st.lists(st.integers(0, 999), max_size=6))
        def check(choices: list[int], cuts: list[int]) -> None:
            mail = [client(MAIL + RCPT + DATA), server(OK + OK + GO), client(b"a\r\n..b\n.\nc" + DOT), server(OK)]
            groups: list[list[Turn]] = [
                mail,
                [client(MAIL + b"BDAT 5\r\nab\r\ncBDAT 0 LAST\r\n"), server(OK * 3)],
                [client(NOOP + XCLIENT + NOOP), server(OK * 2)],
                [client(AUTH), server(ASKED), client(b"eA==\r\n"), server(SAID_NO)],
                [client(MAIL + RSET), server(REFUSED + OK)],
            ]
            talk: Talk = assert_cut_invariant(greeted, [turn for choice in choices for turn in groups[choice]], cuts)
            self.assertIsNone(talk.error)
            self.assertEqual(talk.facts.mails, sum(choice < 2 for choice in choices))

        check()

    def test_arbitrary_octets_break_nothing(self) -> None:
        @given(st.lists(st.tuples(st.booleans(), st.binary(max_size=60)), max_size=6), st.lists(st.integers(0, 999), max_size=4))
        def check(said: list[tuple[bool, bytes]], cuts: list[int]) -> None:
            assert_cut_invariant(greeted, [client(data) if who else server(data) for who, data in said], cuts)

        check()

    def test_endless_input_is_never_held_beyond_the_bound(self) -> None:
        for make in (greeted, in_mail, secured, lambda: greeted(STRICT)):
            for drop in (b"x", NOOP, MAIL, DATA, AUTH, XCLIENT, b"\n", b"BDAT 1\r\n", STARTTLS):
                to = make()
                converse(to, [client(drop * 50)] * 400)
                self.assertLessEqual(to.buffered, 65_536)
