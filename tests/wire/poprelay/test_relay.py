"""A POP3 session up to its login."""

import base64

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.crossing import Broken
from exproxy.wire.mailsettings import Settings, StartTls
from exproxy.wire.poprelay.relay import HELD, PopRelay, rewritten
from exproxy.wire.step import Step, Then
from tests.wire.cutting import pieces

OFFLOAD = Settings(StartTls.OFFER)
STRICT = Settings(StartTls.OFFER, require_tls=True)
CAPA = b"+OK\r\nTOP\r\nUIDL\r\nUSER\r\nSASL PLAIN LOGIN\r\nSTLS\r\nXCLIENT\r\n.\r\n"
OK = b"+OK\r\n"
QUIT = b"QUIT\r\n"


def broken(call: object, *arguments: bytes) -> Broken:
    try:
        call(*arguments)  # type: ignore[operator]
    except Broken as error:
        return error
    raise AssertionError("it was not broken")


class CommandTests(SynchronousTestCase):
    def test_a_password_lives_no_longer_than_the_login(self) -> None:
        to = PopRelay(Settings())
        to.from_client(b"USER anna\r\nPASS secret\r\n")
        to.from_server(b"+OK\r\n+OK\r\n")
        self.assertNotIn(b"secret", to._client.last)

    def test_commands_and_replies_pass_as_they_are(self) -> None:
        to = PopRelay(Settings())
        self.assertEqual(to.from_client(b"user anna\r\n"), Step(b"user anna\r\n"))
        self.assertTrue(to.awaiting)
        self.assertEqual(to.from_server(b"+OK Password?\r\n"), Step(b"", b"+OK Password?\r\n"))
        self.assertEqual((to.facts.account, to.awaiting), (b"anna", False))

    def test_after_the_login_octets_pass_as_they_are(self) -> None:
        for said in (b"PASS secret\r\n", b"APOP anna c4c9334bac560ecc979e58001b3e22fb\r\n"):
            to = PopRelay(Settings())
            self.assertEqual(to.from_client(said), Step(said))
            self.assertEqual(to.from_server(b"+OK Logged in\r\n"), Step(b"", b"+OK Logged in\r\n", Then.PIPE))
            self.assertEqual(to.from_client(b"\0anything"), Step(b"\0anything"))
            self.assertTrue(to.facts.authenticated)

    def test_what_follows_a_login_waits_for_its_reply(self) -> None:
        to = PopRelay(Settings())
        self.assertEqual(to.from_client(b"PASS x\r\nSTAT\r\nXCLIENT ADDR=10.0.0.1\r\n").to_server, b"PASS x\r\n")
        self.assertTrue(to.holding)
        self.assertEqual(to.from_server(OK), Step(b"STAT\r\nXCLIENT ADDR=10.0.0.1\r\n", OK, Then.PIPE))

    def test_a_failed_login_is_counted_and_the_next_may_be_tried(self) -> None:
        to = PopRelay(Settings())
        to.from_client(b"USER anna\r\nPASS x\r\nUSER berta\r\n")
        step = to.from_server(b"+OK\r\n-ERR [AUTH] no\r\n")
        self.assertEqual((step.to_server, step.to_client), (b"USER berta\r\n", b"+OK\r\n-ERR [AUTH] no\r\n"))
        self.assertEqual((to.facts.auth_failures, to.facts.account, to.facts.last), (1, b"berta", "-ERR"))

    def test_an_exchange_of_auth(self) -> None:
        to = PopRelay(Settings())
        response = base64.b64encode(b"\0anna\0secret") + b"\r\n"
        self.assertEqual(to.from_client(b"AUTH PLAIN\r\n"), Step(b"AUTH PLAIN\r\n"))
        self.assertEqual(to.from_server(b"+ \r\n"), Step(b"", b"+ \r\n"))
        self.assertEqual(to.from_client(response), Step(response))
        self.assertEqual(to.facts.account, b"anna")
        self.assertEqual(to.from_server(OK), Step(b"", OK, Then.PIPE))

    def test_a_long_response_at_once_passes(self) -> None:
        line = b"AUTH GSSAPI " + b"A" * 8000 + b"\r\n"
        self.assertEqual(PopRelay(Settings()).from_client(line), Step(line))

    def test_quit_is_the_server_s_to_answer(self) -> None:
        to = PopRelay(Settings())
        self.assertEqual(to.from_client(QUIT + b"USER x\r\n"), Step(QUIT))
        self.assertEqual(to.from_server(b"+OK bye\r\n"), Step(b"", b"+OK bye\r\n", Then.FINISH))

    def test_what_may_not_be_said_is_answered_in_its_turn(self) -> None:
        for line in (
            b"XCLIENT ADDR=10.0.0.1\r\n",
            b"xclient x\r\n",
            b"STAT\r\n",
            b"AUTH\r\n",
            b"US\0ER\r\n",
            b" USER x\r\n",
            b"USER a\rb\r\n",
        ):
            to = PopRelay(Settings())
            self.assertEqual(to.from_client(b"USER a\r\n" + line), Step(b"USER a\r\n"), line)
            self.assertEqual(to.from_server(OK), Step(b"", OK + b"-ERR Unknown command\r\n"), line)
            self.assertEqual(to.facts.bad, 1)

    def test_a_bare_line_feed_ends_no_command(self) -> None:
        to = PopRelay(Settings())
        self.assertEqual(to.from_client(b"USER a\n").to_server, b"")
        self.assertEqual(to.facts.bad, 1)

    def test_too_many_bad_commands_end_it(self) -> None:
        to = PopRelay(Settings(most_bad=3))
        step = to.from_client(b"X\r\n" * 5)
        self.assertEqual((step.to_client.count(b"-ERR"), step.to_server, step.then), (4, QUIT, Then.FINISH))


class CapaTests(SynchronousTestCase):
    def listed(self, settings: Settings, secure: bool = False) -> bytes:
        to = PopRelay(settings, secure=secure)
        to.from_client(b"CAPA\r\n")
        return to.from_server(CAPA).to_client

    def test_it_says_what_is_true_here(self) -> None:
        self.assertEqual(self.listed(Settings()), b"+OK\r\nTOP\r\nUIDL\r\nUSER\r\nSASL PLAIN LOGIN\r\n.\r\n")
        self.assertEqual(self.listed(OFFLOAD), b"+OK\r\nSTLS\r\nTOP\r\nUIDL\r\nUSER\r\nSASL PLAIN LOGIN\r\n.\r\n")
        self.assertEqual(self.listed(STRICT), b"+OK\r\nSTLS\r\nTOP\r\nUIDL\r\n.\r\n")
        self.assertEqual(self.listed(STRICT, secure=True), b"+OK\r\nTOP\r\nUIDL\r\nUSER\r\nSASL PLAIN LOGIN\r\n.\r\n")
        self.assertIn(b"STLS", self.listed(Settings(StartTls.PASS)))

    def test_a_refusal_has_no_listing(self) -> None:
        to = PopRelay(OFFLOAD)
        to.from_client(b"CAPA\r\n")
        self.assertEqual(to.from_server(b"-ERR no\r\n"), Step(b"", b"-ERR no\r\n"))
        self.assertFalse(to.awaiting)

    def test_a_listing_without_end_is_a_fault(self) -> None:
        to = PopRelay(OFFLOAD)
        to.from_client(b"CAPA\r\n")
        self.assertIn("longer than", broken(to.from_server, b"+OK\r\n" + b"X\r\n" * 10_000).what)

    def test_names_are_known_in_whatever_case(self) -> None:
        self.assertEqual(rewritten(b"+OK\r\nstls\r\n.\r\n", Settings(), secure=False), b"+OK\r\n.\r\n")


class StlsTests(SynchronousTestCase):
    def test_it_is_done_here(self) -> None:
        to = PopRelay(OFFLOAD)
        step = to.from_client(b"STLS\r\nUSER evil\r\n")
        self.assertEqual((step.to_server, step.to_client[:3], step.then), (b"", b"+OK", Then.START_TLS))
        self.assertEqual(to.from_client(b"PASS evil\r\n"), Step())
        self.assertEqual(to.secured(), Step())
        self.assertEqual(to.from_client(b"USER anna\r\n"), Step(b"USER anna\r\n"))
        self.assertIn(b"-ERR TLS is active", to.from_client(b"STLS\r\n").to_client or to.from_server(OK).to_client)

    def test_it_waits_for_its_turn(self) -> None:
        to = PopRelay(OFFLOAD)
        self.assertEqual(to.from_client(b"CAPA\r\nSTLS\r\n"), Step(b"CAPA\r\n"))
        self.assertIs(to.from_server(CAPA).then, Then.START_TLS)

    def test_without_it_nobody_logs_in_where_it_is_required(self) -> None:
        for line in (b"USER a\r\n", b"PASS a\r\n", b"APOP a b\r\n", b"AUTH PLAIN\r\n"):
            self.assertEqual(PopRelay(STRICT).from_client(line), Step(b"", b"-ERR Begin TLS first: STLS\r\n"), line)

    def test_not_behind_a_name_that_somebody_may_have_slipped_in(self) -> None:
        to = PopRelay(OFFLOAD)
        to.from_client(b"USER evil\r\n")
        to.from_server(OK)
        self.assertIn(b"has to come before USER", to.from_client(b"STLS\r\n").to_client)

    def test_where_it_is_not_offered_it_is_refused(self) -> None:
        self.assertIn(b"not offered", PopRelay(Settings()).from_client(b"STLS\r\n").to_client)

    def test_passed_through_nothing_is_seen_any_more_and_nothing_injected(self) -> None:
        to = PopRelay(Settings(StartTls.PASS))
        self.assertEqual(to.from_client(b"STLS\r\nUSER evil\r\n"), Step(b"STLS\r\n"))
        self.assertEqual(to.from_server(b"+OK go\r\n+OK injected\r\n"), Step(b"", b"+OK go\r\n", Then.PIPE))
        self.assertTrue(to.facts.opaque)

    def test_a_refusal_of_it_is_passed_on(self) -> None:
        to = PopRelay(Settings(StartTls.PASS))
        to.from_client(b"STLS\r\n")
        self.assertEqual(to.from_server(b"-ERR no\r\n"), Step(b"", b"-ERR no\r\n"))
        self.assertEqual(to.from_client(b"USER a\r\n").to_server, b"USER a\r\n")


class EndTests(SynchronousTestCase):
    def test_a_server_that_goes_is_told_in_pop3_s_words(self) -> None:
        step = PopRelay(Settings()).server_lost()
        self.assertEqual((step.to_client[:16], step.then), (b"-ERR [SYS/TEMP] ", Then.FINISH))

    def test_a_server_that_closes_at_quit_has_said_goodbye(self) -> None:
        to = PopRelay(Settings())
        to.from_client(QUIT)
        self.assertEqual(to.server_lost().to_client, b"+OK Bye\r\n")

    def test_a_drain_too_long_a_silence_or_too_many_errors_end_it(self) -> None:
        for end in ("drain", "expire", "abuse"):
            step = getattr(PopRelay(Settings()), end)()
            self.assertEqual((step.to_server, step.to_client[:4], step.then), (QUIT, b"-ERR", Then.FINISH))

    def test_a_server_that_goes_is_told_in_every_state(self) -> None:
        for said, heard in (
            (b"CAPA\r\n", b"+OK\r\nTOP\r\n"),
            (b"USER a\r\n", b""),
            (b"PASS a\r\n", b""),
            (b"AUTH PLAIN\r\n", b"+ \r\n"),
        ):
            to = PopRelay(Settings())
            to.from_client(said)
            to.from_server(heard)
            step = to.server_lost()
            self.assertEqual((step.to_server, step.to_client[:15], step.then), (b"", b"-ERR [SYS/TEMP]", Then.FINISH), said)

    def test_a_client_that_goes_amid_an_exchange_leaves_the_server_without_a_word(self) -> None:
        for said, heard in ((b"PASS a\r\n", b""), (b"AUTH PLAIN\r\n", b"+ \r\n")):
            to = PopRelay(Settings())
            to.from_client(said)
            to.from_server(heard)
            self.assertEqual(to.client_lost(), Step(b"", b"", Then.FINISH), said)

    def test_a_client_that_goes_is_quit_for(self) -> None:
        self.assertEqual(PopRelay(Settings()).client_lost(), Step(QUIT, b"", Then.FINISH))

    def test_after_its_end_nothing_is_heard(self) -> None:
        to = PopRelay(Settings())
        to.drain()
        self.assertEqual((to.from_client(b"USER a\r\n"), to.from_server(OK), to.server_lost()), (Step(), Step(), Step()))


class FaultTests(SynchronousTestCase):
    def test_what_is_no_pop3_is_a_fault(self) -> None:
        for asked, said in (
            (b"USER a\r\n", b"220 hi\r\n"),
            (b"USER a\r\n", b"+ \r\n"),
            (b"", b"+OK unasked\r\n"),
            (b"", b"x" * 20_000),
        ):
            to = PopRelay(Settings())
            to.from_client(asked)
            self.assertEqual(broken(to.from_server, said).last.to_client[:15], b"-ERR [SYS/TEMP]", said[:10])

    def test_a_refusal_that_nobody_asked_for_is_the_end(self) -> None:
        self.assertEqual(PopRelay(Settings()).from_server(b"-ERR bye\r\n"), Step(b"", b"-ERR bye\r\n", Then.FINISH))

    def test_a_line_without_end_is_a_fault(self) -> None:
        self.assertIn("longer than", broken(PopRelay(Settings()).from_client, b"U" * 600).what)

    def test_who_pipelines_without_end_behind_a_login_is_ended(self) -> None:
        to = PopRelay(Settings())
        to.from_client(b"PASS x\r\n")
        self.assertIn("without waiting", broken(to.from_client, b"STAT\r\n" * HELD).what)

    def test_what_a_server_says_into_the_client_s_handshake_is_a_fault(self) -> None:
        to = PopRelay(OFFLOAD)
        to.from_client(b"STLS\r\n")
        self.assertEqual(broken(to.from_server, OK).last.to_client, b"")

    @given(st.lists(st.integers(0, 200), max_size=9), st.lists(st.integers(0, 200), max_size=9))
    def test_how_it_is_cut_changes_nothing(self, cuts: list[int], others: list[int]) -> None:
        asked = b"CAPA\r\nXCLIENT a\r\nUSER anna\r\nPASS secret\r\nSTAT\r\n"
        said = CAPA + OK + OK + b"+OK 2 320\r\n"
        to = PopRelay(OFFLOAD)
        server = b"".join(to.from_client(piece).to_server for piece in pieces(asked, cuts))
        client = b""
        for piece in pieces(said, others):
            step = to.from_server(piece)
            server += step.to_server
            client += step.to_client
        self.assertEqual(server, b"CAPA\r\nUSER anna\r\nPASS secret\r\nSTAT\r\n")
        self.assertEqual(
            client, rewritten(CAPA, OFFLOAD, secure=False) + b"-ERR Unknown command\r\n" + OK + OK + b"+OK 2 320\r\n"
        )
