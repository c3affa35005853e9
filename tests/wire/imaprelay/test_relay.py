"""An IMAP session up to its login."""

import base64

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.crossing import Broken
from exproxy.wire.imaprelay.relay import HELD, ImapRelay
from exproxy.wire.mailsettings import Settings, StartTls
from exproxy.wire.step import Step, Then
from tests.wire.cutting import pieces

OFFLOAD = Settings(StartTls.OFFER)
STRICT = Settings(StartTls.OFFER, require_tls=True)
LOGOUT = b"exproxy LOGOUT\r\n"
DONE = b"a OK [CAPABILITY IMAP4rev1 IDLE COMPRESS=DEFLATE STARTTLS] Logged in\r\n"


def broken(call: object, *arguments: bytes) -> Broken:
    try:
        call(*arguments)  # type: ignore[operator]
    except Broken as error:
        return error
    raise AssertionError("it was not broken")


class LoginTests(SynchronousTestCase):
    def test_after_the_login_octets_pass_as_they_are(self) -> None:
        to = ImapRelay(Settings())
        self.assertEqual(to.from_client(b"a login anna secret\r\n"), Step(b"a login anna secret\r\n"))
        self.assertEqual(to.from_server(b"a OK Logged in\r\n"), Step(b"", b"a OK Logged in\r\n", Then.PIPE))
        self.assertEqual(to.from_client(b"\0anything"), Step(b"\0anything"))
        self.assertEqual((to.facts.account, to.facts.authenticated), (b"anna", True))

    def test_a_password_lives_no_longer_than_the_login(self) -> None:
        to = ImapRelay(Settings())
        to.from_client(b"a LOGIN {4+}\r\nanna secret\r\n")
        to.from_server(b"a OK in\r\n")
        self.assertNotIn(b"secret", b"".join((to._arguments, to._command.arguments, to._client.last)))

    def test_what_is_offered_then_can_be_followed_no_further(self) -> None:
        to = ImapRelay(OFFLOAD)
        to.from_client(b"a LOGIN anna secret\r\n")
        self.assertEqual(to.from_server(DONE).to_client, b"a OK [CAPABILITY IMAP4rev1 IDLE] Logged in\r\n")

    def test_what_follows_a_login_waits_for_its_reply(self) -> None:
        to = ImapRelay(Settings())
        self.assertEqual(to.from_client(b"a LOGIN x y\r\nb SELECT INBOX\r\n").to_server, b"a LOGIN x y\r\n")
        self.assertTrue(to.holding)
        self.assertEqual(to.from_server(b"a OK in\r\n"), Step(b"b SELECT INBOX\r\n", b"a OK in\r\n", Then.PIPE))

    def test_names_in_every_form_are_known(self) -> None:
        for line, name in (
            (b"a LOGIN anna x\r\n", b"anna"),
            (b'a LOGIN "an\\"na" x\r\n', b'an"na'),
            (b"a LOGIN {4+}\r\nanna {6+}\r\nsecret\r\n", b"anna"),
            (b'a LOGIN "anna" {6+}\r\nsecret\r\n', b"anna"),
        ):
            to = ImapRelay(Settings())
            self.assertEqual(to.from_client(line), Step(line))
            self.assertEqual(to.facts.account, name)

    def test_a_literal_is_sent_when_the_server_asks_for_it(self) -> None:
        to = ImapRelay(Settings())
        self.assertEqual(to.from_client(b"a LOGIN {4}\r\n"), Step(b"a LOGIN {4}\r\n"))
        self.assertTrue(to.holding)
        self.assertEqual(to.from_server(b"+ go\r\n"), Step(b"", b"+ go\r\n"))
        self.assertEqual(to.from_client(b"anna {6}\r\n"), Step(b"anna {6}\r\n"))
        self.assertEqual(to.from_server(b"+ go\r\n"), Step(b"", b"+ go\r\n"))
        self.assertEqual(to.from_client(b"secret\r\n"), Step(b"secret\r\n"))
        self.assertIs(to.from_server(b"a OK in\r\n").then, Then.PIPE)
        self.assertEqual(to.facts.account, b"anna")

    def test_a_server_may_refuse_a_literal(self) -> None:
        to = ImapRelay(Settings())
        to.from_client(b"a LOGIN {4}\r\n")
        self.assertEqual(to.from_server(b"a NO too long\r\n"), Step(b"", b"a NO too long\r\n"))
        self.assertEqual(to.from_client(b"b NOOP\r\n"), Step(b"b NOOP\r\n"))

    def test_a_failed_login_is_counted_and_the_next_may_be_tried(self) -> None:
        to = ImapRelay(Settings())
        to.from_client(b"a LOGIN anna x\r\nb LOGIN berta y\r\n")
        step = to.from_server(b"a NO [AUTHENTICATIONFAILED] no\r\n")
        self.assertEqual((step.to_server, step.to_client), (b"b LOGIN berta y\r\n", b"a NO [AUTHENTICATIONFAILED] no\r\n"))
        self.assertEqual((to.facts.auth_failures, to.facts.account, to.facts.last), (1, b"berta", "NO"))

    def test_an_exchange(self) -> None:
        to = ImapRelay(Settings())
        response = base64.b64encode(b"\0anna\0secret") + b"\r\n"
        self.assertEqual(to.from_client(b"a AUTHENTICATE PLAIN\r\n"), Step(b"a AUTHENTICATE PLAIN\r\n"))
        self.assertEqual(to.from_server(b"+ \r\n"), Step(b"", b"+ \r\n"))
        self.assertEqual(to.from_client(response), Step(response))
        self.assertEqual(to.facts.account, b"anna")
        self.assertIs(to.from_server(b"a OK in\r\n").then, Then.PIPE)

    def test_a_bad_line_of_an_exchange_cancels_it(self) -> None:
        to = ImapRelay(Settings())
        to.from_client(b"a AUTHENTICATE PLAIN\r\n")
        to.from_server(b"+ \r\n")
        self.assertEqual(to.from_client(b"x\n"), Step(b"*\r\n"))

    def test_the_first_response_may_come_at_once(self) -> None:
        line = b"a AUTHENTICATE PLAIN " + base64.b64encode(b"\0anna\0" + b"x" * 8000) + b"\r\n"
        to = ImapRelay(Settings())
        self.assertEqual(to.from_client(line), Step(line))
        self.assertEqual(to.facts.account, b"anna")


class CommandTests(SynchronousTestCase):
    def test_what_may_not_be_said_is_answered_in_its_turn(self) -> None:
        for line, answer in (
            (b"b SELECT INBOX\r\n", b"b BAD Unknown command"),
            (b"b COMPRESS DEFLATE\r\n", b"b BAD Unknown command"),
            (b"b XCLIENT ADDR=10.0.0.1\r\n", b"b BAD Unknown command"),
            (b"nonsense\r\n", b"* BAD Unknown command"),
            (b"b NO\0OP\r\n", b"b BAD Unknown command"),
            (b"b NOOP\n", b"b BAD Unknown command"),
            (b'b ID ("name" "x" "X-Originating-IP" "10.0.0.1")\r\n', b"b BAD That is no ID"),
            (b'b ID ("x-\\originating-ip" "10.0.0.1")\r\n', b"b BAD That is no ID"),
            (b'b ID ("a" "b" x-originating-ip "1")\r\n', b"b BAD That is no ID"),
            (b'b ID ({16+}\r\nx-originating-ip "10.0.0.1")\r\n', b"b BAD That is no ID"),
            (b"b ID ({16}\r\n", b"b BAD That is no ID"),
        ):
            to = ImapRelay(Settings())
            self.assertEqual(to.from_client(b"a NOOP\r\n" + line), Step(b"a NOOP\r\n"), line)
            step = to.from_server(b"a OK\r\n")
            self.assertEqual((step.to_server, step.to_client[6:].startswith(answer)), (b"", True), line)
            self.assertEqual(to.facts.bad, 1)

    def test_an_honest_id_passes(self) -> None:
        for line in (b'a ID ("name" "Thunderbird" "version" NIL)\r\n', b"a ID NIL\r\n", b'a id ("name" "x-originating-ip")\r\n'):
            self.assertEqual(ImapRelay(Settings()).from_client(line), Step(line))

    def test_too_many_bad_commands_end_it(self) -> None:
        step = ImapRelay(Settings(most_bad=3)).from_client(b"a X\r\n" * 5)
        self.assertEqual((step.to_client.count(b"BAD"), step.to_server, step.then), (3, LOGOUT, Then.FINISH))
        self.assertIn(b"* BYE", step.to_client)

    def test_logout_is_the_server_s_to_answer(self) -> None:
        to = ImapRelay(Settings())
        self.assertEqual(to.from_client(b"a LOGOUT\r\nb NOOP\r\n"), Step(b"a LOGOUT\r\n"))
        self.assertEqual(to.from_server(b"* BYE see you\r\na OK\r\n"), Step(b"", b"* BYE see you\r\na OK\r\n", Then.FINISH))

    def test_untagged_data_passes_with_its_literals(self) -> None:
        to = ImapRelay(Settings())
        to.from_client(b"a ID NIL\r\n")
        said = b'* ID ("name" {7}\r\nDov\r\nct)\r\na OK done\r\n'
        self.assertEqual(to.from_server(said), Step(b"", said))


class OfferTests(SynchronousTestCase):
    SAID = b"* CAPABILITY IMAP4rev1 SASL-IR STARTTLS AUTH=PLAIN COMPRESS=DEFLATE\r\n"

    def listed(self, settings: Settings, secure: bool = False) -> bytes:
        to = ImapRelay(settings, secure=secure)
        to.from_client(b"a CAPABILITY\r\n")
        return to.from_server(self.SAID).to_client

    def test_it_says_what_is_true_here(self) -> None:
        for settings, secure, said in (
            (Settings(), False, b"IMAP4rev1 SASL-IR AUTH=PLAIN"),
            (OFFLOAD, False, b"IMAP4rev1 SASL-IR AUTH=PLAIN STARTTLS"),
            (OFFLOAD, True, b"IMAP4rev1 SASL-IR AUTH=PLAIN"),
            (STRICT, False, b"IMAP4rev1 STARTTLS LOGINDISABLED"),
            (STRICT, True, b"IMAP4rev1 SASL-IR AUTH=PLAIN"),
            (Settings(StartTls.PASS), False, b"IMAP4rev1 SASL-IR STARTTLS AUTH=PLAIN"),
        ):
            self.assertEqual(self.listed(settings, secure), b"* CAPABILITY " + said + b"\r\n")

    def test_so_does_the_greeting(self) -> None:
        said = ImapRelay(STRICT).greeting(b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] Dovecot ready.\r\n")
        self.assertEqual(said, b"* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] Dovecot ready.\r\n")


class StarttlsTests(SynchronousTestCase):
    def test_it_is_done_here_and_what_comes_behind_it_is_thrown_away(self) -> None:
        to = ImapRelay(OFFLOAD)
        step = to.from_client(b"a STARTTLS\r\nb LOGIN evil x\r\n")
        self.assertEqual((step.to_server, step.to_client[:4], step.then), (b"", b"a OK", Then.START_TLS))
        self.assertEqual(to.from_client(b"c LOGIN evil x\r\n"), Step())
        self.assertEqual(to.secured(), Step())
        self.assertEqual(to.from_client(b"d NOOP\r\n"), Step(b"d NOOP\r\n"))
        self.assertEqual((to.facts.tls, to.facts.bad), (True, 0))

    def test_within_tls_and_where_it_is_not_offered_it_is_refused(self) -> None:
        self.assertIn(b"a BAD TLS is active", ImapRelay(OFFLOAD, secure=True).from_client(b"a STARTTLS\r\n").to_client)
        self.assertIn(b"a BAD STARTTLS is not", ImapRelay(Settings()).from_client(b"a STARTTLS\r\n").to_client)

    def test_without_it_nobody_logs_in_where_it_is_required(self) -> None:
        for line in (b"a LOGIN x y\r\n", b"a AUTHENTICATE PLAIN\r\n", b"a LOGIN {4+}\r\nanna {1+}\r\nx\r\n", b"a LOGIN {4}\r\n"):
            step = ImapRelay(STRICT).from_client(line)
            self.assertEqual((step.to_server, step.to_client[:24]), (b"", b"a NO [PRIVACYREQUIRED] B"), line)

    def test_passed_through_nothing_is_seen_any_more_and_nothing_injected(self) -> None:
        to = ImapRelay(Settings(StartTls.PASS))
        self.assertEqual(to.from_client(b"a STARTTLS\r\nb LOGIN evil x\r\n"), Step(b"a STARTTLS\r\n"))
        self.assertEqual(to.from_server(b"a OK go\r\n* OK injected\r\n"), Step(b"", b"a OK go\r\n", Then.PIPE))
        self.assertTrue(to.facts.opaque)


class EndTests(SynchronousTestCase):
    def test_each_end_is_said_in_imap_s_words(self) -> None:
        for end, server in (("drain", LOGOUT), ("expire", LOGOUT), ("abuse", LOGOUT), ("server_lost", b"")):
            step = getattr(ImapRelay(Settings()), end)()
            self.assertEqual((step.to_server, step.to_client[:6], step.then), (server, b"* BYE ", Then.FINISH), end)

    def test_who_has_heard_the_server_s_goodbye_hears_no_other(self) -> None:
        to = ImapRelay(Settings())
        to.from_client(b"a LOGOUT\r\n")
        to.from_server(b"* BYE see you\r\n")
        self.assertEqual(to.server_lost(), Step(then=Then.FINISH))

    def test_a_server_that_goes_is_told_in_every_state(self) -> None:
        for said, heard in (
            (b"a NOOP\r\n", b""),
            (b"a LOGIN anna secret\r\n", b""),
            (b"a LOGIN {4}\r\n", b""),
            (b"a LOGIN {4}\r\n", b"+ go\r\n"),
            (b"a AUTHENTICATE PLAIN\r\n", b""),
            (b"a AUTHENTICATE PLAIN\r\n", b"+ \r\n"),
            (b"a LOGOUT\r\n", b""),
        ):
            to = ImapRelay(Settings())
            to.from_client(said)
            to.from_server(heard)
            step = to.server_lost()
            self.assertEqual((step.to_server, step.to_client[:6], step.then), (b"", b"* BYE ", Then.FINISH), said + heard)

    def test_a_client_that_goes_amid_something_leaves_the_server_without_a_word_that_is_none(self) -> None:
        for said, heard in (
            (b"a LOGIN {4}\r\n", b"+ go\r\n"),
            (b"a LOGIN {4+}\r\nan", b""),
            (b"a AUTHENTICATE PLAIN\r\n", b"+ \r\n"),
        ):
            to = ImapRelay(Settings())
            to.from_client(said)
            to.from_server(heard)
            self.assertEqual(to.client_lost(), Step(b"", b"", Then.FINISH), said + heard)

    def test_a_client_that_goes_is_logged_out(self) -> None:
        self.assertEqual(ImapRelay(Settings()).client_lost(), Step(LOGOUT, b"", Then.FINISH))

    def test_a_bye_that_nobody_asked_for_is_the_end(self) -> None:
        self.assertEqual(ImapRelay(Settings()).from_server(b"* BYE idle\r\n"), Step(b"", b"* BYE idle\r\n", Then.FINISH))

    def test_after_its_end_nothing_is_heard(self) -> None:
        to = ImapRelay(Settings())
        to.drain()
        self.assertEqual((to.from_client(b"a NOOP\r\n"), to.from_server(b"* OK\r\n"), to.server_lost()), (Step(), Step(), Step()))


class FaultTests(SynchronousTestCase):
    def test_what_no_server_may_say_is_a_fault(self) -> None:
        for asked, said in (
            (b"a NOOP\r\n", b"b OK\r\n"),
            (b"a NOOP\r\n", b"+ go\r\n"),
            (b"a NOOP\r\n", b"a WHAT\r\n"),
            (b"a NOOP\r\n", b"\0\r\n"),
            (b"", b"a OK\r\n"),
            (b"a LOGIN {4}\r\n", b"a OK in\r\n"),
            (b"", b"* " + b"x" * 20_000),
            (b"", b"* 1 FETCH {20000}\r\n"),
        ):
            to = ImapRelay(Settings())
            to.from_client(asked)
            self.assertEqual(broken(to.from_server, said).last.to_client[:6], b"* BYE ", said[:10])

    def test_a_literal_of_4_gb_is_a_fault(self) -> None:
        for line in (b"a LOGIN {4294967296+}\r\n", b"a LOGIN {4294967296}\r\n", b"a X {99999999+}\r\n"):
            error = broken(ImapRelay(Settings()).from_client, line)
            self.assertIn("before the login", error.what)

    def test_a_line_without_end_is_a_fault(self) -> None:
        self.assertIn("longer than", broken(ImapRelay(Settings()).from_client, b"a NOOP" * 4000).what)

    def test_a_line_within_a_command_may_smuggle_no_other(self) -> None:
        to = ImapRelay(Settings())
        self.assertIn("CR, LF", broken(to.from_client, b"a LOGIN {4+}\r\nanna x\rb NOOP\r\n").what)

    def test_nothing_is_a_literal_here_that_would_be_commands_for_the_server(self) -> None:
        claim = b'x ID ("x-originating-ip" "192.0.2.66")\r\n'
        size = len(claim)
        for before in (
            b"LOGIN {%d-}" % size,
            b"LOGIN ~{%d+}" % size,
            b'LOGIN "anna {%d+}' % size,
            b"LOGIN anna{%d+}" % size,
            b"LOGIN anna {%d+} " % size,
            b"LOGIN anna  {%d+}" % size,
            b"LOGIN anna secret {%d+}" % size,
            b"LOGIN (anna {%d+}" % size,
            b"LOGIN \xe4 {%d+}" % size,
            b"AUTHENTICATE PLAIN {%d+}" % size,
            b"AUTHENTICATE {%d+}" % size,
            b"NOOP {%d+}" % size,
            b"CAPABILITY x" + claim[:-2],
            b"LOGIN {4+}\r\nanna{%d+}" % size,
            b"LOGIN {4+}\r\nanna secret {%d+}" % size,
            b"LOGIN {4+}\r\nanna {6+}\r\nsecret {%d+}" % size,
        ):
            to = ImapRelay(Settings())
            try:
                passed = to.from_client(b"a " + before + b"\r\n" + claim).to_server
            except Broken as error:
                passed = error.last.to_server
            self.assertNotIn(b"originating", passed, before)

    def test_a_login_may_have_its_literals_where_they_belong(self) -> None:
        for line in (
            b"a LOGIN {4+}\r\nanna {6+}\r\nsecret\r\n",
            b"a LOGIN {4+}\r\nanna secret\r\n",
            b'a LOGIN {4+}\r\nanna "\xc3\xa4"\r\n',
            b"a LOGIN anna {6+}\r\nsecret\r\n",
            b'a LOGIN "\xc3\xa4 \\"" {6+}\r\nsecret\r\n',
        ):
            self.assertEqual(ImapRelay(Settings()).from_client(line), Step(line))

    def test_who_pipelines_without_end_behind_a_login_is_ended(self) -> None:
        to = ImapRelay(Settings())
        to.from_client(b"a LOGIN x y\r\n")
        self.assertIn("without waiting", broken(to.from_client, b"b NOOP\r\n" * HELD).what)

    @given(st.lists(st.integers(0, 200), max_size=9), st.lists(st.integers(0, 200), max_size=9))
    def test_how_it_is_cut_changes_nothing(self, cuts: list[int], others: list[int]) -> None:
        asked = b"a CAPABILITY\r\nb SELECT x {3+}\r\nabc\r\nc LOGIN {4+}\r\nanna {6+}\r\nsecret\r\nd SELECT INBOX\r\n"
        said = b"* CAPABILITY IMAP4rev1 COMPRESS=DEFLATE\r\na OK\r\nc OK in\r\n* 1 EXISTS\r\n"
        to = ImapRelay(Settings())
        server = b"".join(to.from_client(piece).to_server for piece in pieces(asked, cuts))
        client = b""
        for piece in pieces(said, others):
            step = to.from_server(piece)
            server += step.to_server
            client += step.to_client
            self.assertLessEqual(to.buffered, 65_536)
        self.assertEqual(server, asked.replace(b"b SELECT x {3+}\r\nabc\r\n", b""))
        bad = b"b BAD Unknown command, or not one that may be said before the login\r\n"
        self.assertEqual(client, b"* CAPABILITY IMAP4rev1\r\na OK\r\n" + bad + b"c OK in\r\n* 1 EXISTS\r\n")
        self.assertEqual(to.facts.account, b"anna")
