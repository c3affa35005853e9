"""A mail client's connection: greeting first, the next server unseen, STARTTLS on either side, and how it ends."""

from exproxy.net.tls.client import ClientTLS, client_context
from exproxy.net.tls.profiles import BUILT_IN
from exproxy.net.tls.server import ServerTLS
from exproxy.pool import Admin
from exproxy.proxy.frontend import Frontend
from exproxy.proxy.mail.imap import PARTING, Imap
from exproxy.wire.mailsettings import Settings, StartTls
from tests.net.memory import MemoryStream, Recorder
from tests.net.tls.files import authority_file, certificate_file
from tests.proxy.mail.mailstage import NONE_LEFT, MailStage
from tests.proxy.test_session import TLSClient


class GreetingTests(MailStage):
    def test_the_client_hears_the_server_s_own_greeting(self) -> None:
        self.serve()
        self.assertEqual(self.client().data, b"220 one ESMTP\r\n")

    def test_a_client_hears_nothing_before_a_server_has_greeted(self) -> None:
        self.servers["one"].greeting = b""
        self.serve()
        client = self.client()
        self.assertEqual(client.data, b"")
        self.reply(b"220 one ES")
        self.assertEqual(client.data, b"")
        self.reply(b"MTP\r\n")
        self.assertEqual(client.data, b"220 one ESMTP\r\n")

    def test_who_says_421_is_passed_over_unseen(self) -> None:
        self.servers["one"].greeting = b"421 4.3.2 Service not active\r\n"
        self.serve()
        self.assertEqual(self.client().data, b"220 two ESMTP\r\n")
        self.assertIn(b"QUIT", self.got("one")[0])

    def test_who_refuses_talks_nonsense_or_leaves_is_passed_over_unseen(self) -> None:
        for greeting in (
            b"554 no\r\n",
            b"HTTP/1.1 400 Bad\r\n",
            b"220 hello\r\n220 again\r\n",
            b"x" * 20000,
            b"\0" * 10 + b"\r\n",
        ):
            with self.subTest(greeting=greeting[:20]):
                self.setUp()
                self.servers["one"].greeting = greeting
                self.serve()
                self.assertEqual(self.client().data, b"220 two ESMTP\r\n")

    def test_who_closes_or_resets_is_passed_over_unseen(self) -> None:
        for leave in ("close", "abort"):
            with self.subTest(leave=leave):
                self.setUp()
                self.servers["one"].greeting = b""
                self.serve()
                client = self.client()
                getattr(self.session().stream, leave)()
                self.settle()
                self.assertEqual(client.data, b"220 two ESMTP\r\n")

    def test_who_is_silent_is_passed_over_within_the_greeting_s_time(self) -> None:
        self.servers["one"].greeting = b""
        self.serve(greeting_timeout=20.0)
        client = self.client()
        self.clock.advance(9)
        self.assertEqual(client.data, b"")
        self.clock.advance(2)
        self.settle()
        self.assertEqual(client.data, b"220 two ESMTP\r\n")

    def test_what_was_carried_is_counted_when_the_server_is_left(self) -> None:
        backend = self.backend()
        self.serve(backend=backend)
        client = self.client()
        self.says(client, "EHLO me")
        self.reply(b"250 one\r\n")
        self.session().stream.close()
        self.settle()
        one = backend.pool.servers["one"]
        said = self.servers["one"].greeting + b"250 one\r\n"
        self.assertEqual((one.bytes_in, one.bytes_out), (len(b"EHLO me\r\n"), len(said)))

    def test_what_is_carried_is_counted_now_and_then_and_nothing_twice(self) -> None:
        backend = self.backend()
        frontend = self.serve(backend=backend)
        client = self.client()
        one, (session,) = backend.pool.servers["one"], frontend.sessions
        said = len(self.servers["one"].greeting)
        for _ in range(2):
            session.tally()
            self.assertEqual((one.bytes_in, one.bytes_out), (0, said))
        self.says(client, "EHLO me")
        self.reply(b"250 one\r\n")
        self.session().stream.close()
        self.settle()
        session.tally()
        self.assertEqual((one.bytes_in, one.bytes_out), (len(b"EHLO me\r\n"), said + len(b"250 one\r\n")))

    def test_a_server_is_not_waited_for_as_if_we_spoke_first(self) -> None:
        self.serve()
        self.client()
        self.assertEqual([attempt.speaks_first for attempt in self.network.attempts], [False, False])

    def test_where_we_do_that_is_said(self) -> None:
        self.serve(self.backend(send_proxy={"one": "v2"}))
        self.client()
        self.assertTrue(self.network.attempts[-1].speaks_first)

    def test_when_none_is_left_the_client_is_told_to_come_back(self) -> None:
        for peer in self.servers.values():
            peer.greeting = b"421 busy\r\n"
        frontend = self.serve()
        client = self.client()
        self.assertEqual((client.data, client.eof), (NONE_LEFT, True))
        self.assertEqual(frontend.refused, 1)
        self.assertEqual([len(peer.sessions) for peer in self.servers.values()], [1, 1])

    def test_when_all_are_down_the_client_is_told_at_once(self) -> None:
        backend = self.backend()
        for server in backend.pool.servers.values():
            server.set_admin(Admin.MAINT, self.clock.seconds())
        self.serve(backend)
        self.assertEqual(self.client().data, NONE_LEFT)

    def test_no_slot_is_held_after_a_refusal(self) -> None:
        for peer in self.servers.values():
            peer.greeting = b"421 busy\r\n"
        backend = self.backend()
        self.serve(backend)
        self.client().stream.close()
        self.settle()
        self.assertEqual((backend.pool.sessions, self.gate.taken), (0, 0))

    def test_a_client_that_leaves_while_it_waits_frees_its_slot(self) -> None:
        self.servers["one"].greeting = b""
        backend = self.backend()
        self.serve(backend)
        client = self.client()
        client.stream.close()
        self.settle()
        self.assertEqual((backend.pool.sessions, self.gate.taken), (0, 0))
        self.assertEqual(self.lines()[0].session.termination, "CC")

    def test_silent_servers_count_against_them(self) -> None:
        self.servers["one"].greeting = b"421 busy\r\n"
        backend = self.backend()
        self.serve(backend)
        self.client()
        self.assertEqual(backend.pool.servers["one"].failed_in_a_row, 1)


class EarlyTalkerTests(MailStage):
    def test_who_waits_is_served_after_the_delay(self) -> None:
        self.serve(greet_delay=2.0)
        client = self.client()
        self.assertEqual((client.data, len(self.servers["one"].sessions)), (b"", 0))
        self.clock.advance(2.1)
        self.settle()
        self.assertEqual(client.data, b"220 one ESMTP\r\n")

    def test_who_talks_first_is_refused_before_a_server_is_taken(self) -> None:
        self.serve(greet_delay=2.0)
        client = self.client()
        self.says(client, "EHLO spam")
        self.assertTrue(client.data.startswith(b"554 "))
        self.assertEqual((len(self.servers["one"].sessions), self.house.frontend.early_talkers), (0, 1))

    def test_who_talks_first_is_kept_in_the_tarpit(self) -> None:
        self.serve(greet_delay=2.0, early="tarpit", tarpit=60.0)
        client = self.client()
        self.says(client, "EHLO spam")
        self.clock.advance(59)
        self.assertEqual(client.data, b"")
        self.clock.advance(2)
        self.settle()
        self.assertTrue(client.data.startswith(b"554 "))

    def test_who_is_kept_is_not_read(self) -> None:
        self.serve(greet_delay=2.0, early="tarpit", tarpit=60.0)
        client = self.client()
        self.says(client, "EHLO spam", "EHLO spam")
        assert isinstance(client.stream, MemoryStream)
        self.assertFalse(client.stream.other.reading)

    def test_who_leaves_the_tarpit_is_gone(self) -> None:
        self.serve(greet_delay=2.0, early="tarpit")
        client = self.client()
        self.says(client, "EHLO spam")
        client.stream.abort()
        self.settle()
        self.assertEqual(self.gate.taken, 0)


class TalkTests(MailStage):
    def test_commands_go_there_and_replies_come_back(self) -> None:
        self.serve()
        client = self.client()
        self.says(client, "EHLO me")
        self.assertEqual(self.got("one"), [b"EHLO me\r\n"])
        self.reply(b"250 one\r\n")
        self.assertEqual(client.data, b"220 one ESMTP\r\n250 one\r\n")

    def test_after_quit_both_sides_end(self) -> None:
        backend = self.backend()
        self.serve(backend)
        client = self.client()
        self.says(client, "QUIT")
        self.reply(b"221 bye\r\n")
        client.stream.close()
        self.settle()
        line = self.lines()[0]
        self.assertEqual((line.session.termination, line.last, backend.pool.sessions, self.gate.taken), ("--", "221", 0, 0))

    def test_the_line_tells_name_mails_and_last_reply(self) -> None:
        self.serve()
        client = self.client()
        for line, answer in (
            ("EHLO me", "250 one"),
            ("MAIL FROM:<a@b>", "250 ok"),
            ("RCPT TO:<c@d>", "250 ok"),
            ("DATA", "354 go"),
            ("hello\r\n.", "250 queued"),
            ("QUIT", "221 bye"),
        ):
            self.says(client, line)
            self.reply(f"{answer}\r\n".encode())
        client.stream.close()
        self.settle()
        line = self.lines()[0]
        self.assertEqual((line.helo, line.mails, line.last, line.tls), ("me", 1, "221", ""))

    def test_a_server_that_dies_is_told_as_421(self) -> None:
        self.serve()
        client = self.client()
        self.session().stream.abort()
        self.settle()
        self.assertIn(b"421 4.3.0 The mail server is gone", client.data)
        self.assertTrue(client.eof)

    def test_a_client_that_dies_is_told_as_quit_between_mails(self) -> None:
        self.serve()
        client = self.client()
        client.stream.abort()
        self.settle()
        self.assertEqual(self.got("one"), [b"QUIT\r\n"])

    def test_a_client_that_dies_within_a_mail_never_ends_it(self) -> None:
        self.serve()
        client = self.client()
        self.says(client, "MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA")
        self.reply(b"250 ok\r\n250 ok\r\n354 go\r\n")
        self.send(client, b"half a mail\r\n")
        client.stream.abort()
        self.settle()
        self.assertTrue(self.got("one")[0].endswith(b"half a mail\r\n"))
        self.assertTrue(self.session().eof or self.session().lost)

    def test_a_client_that_leaves_without_quit_leaves_no_failed_server_behind(self) -> None:
        for leave in ("write_eof", "close"):
            with self.subTest(leave=leave):
                self.setUp()
                self.serve()
                client = self.client()
                getattr(client.stream, leave)()
                self.settle()
                self.assertEqual((self.got("one"), client.data), ([b"QUIT\r\n"], b"220 one ESMTP\r\n"))
                self.session().stream.close()
                client.stream.close()
                self.settle()
                self.assertEqual(self.lines()[0].session.termination, "--")

    def test_a_client_that_leaves_amid_a_mail_is_to_blame(self) -> None:
        for leave in ("close", "abort"):
            with self.subTest(leave=leave):
                self.setUp()
                self.serve()
                client = self.client()
                self.says(client, "MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA")
                self.reply(b"250 ok\r\n250 ok\r\n354 go\r\n")
                self.send(client, b"half a mail\r\n")
                getattr(client.stream, leave)()
                self.settle()
                self.assertEqual(self.lines()[0].session.termination, "CD")
                self.assertTrue(self.session().eof or self.session().lost)

    def test_a_silent_client_is_told_421_at_its_timeout(self) -> None:
        self.serve()
        client = self.client()
        self.clock.advance(31)
        self.settle()
        self.assertIn(b"421 4.4.2", client.data)
        self.assertEqual(self.got("one"), [b"QUIT\r\n"])
        client.stream.close()
        self.settle()
        self.assertEqual(self.lines()[0].session.termination, "cD")

    def test_a_silent_server_has_its_own_timeout(self) -> None:
        self.serve()
        client = self.client()
        self.says(client, "EHLO me")
        self.clock.advance(31)
        self.settle()
        self.assertNotIn(b"421", client.data)
        self.clock.advance(31)
        self.settle()
        self.assertIn(b"421 4.3.0", client.data)

    def test_who_breaks_the_protocol_is_counted(self) -> None:
        frontend = self.serve()
        client = self.client()
        self.reply(b"nonsense\r\n")
        self.assertEqual(frontend.broken, 1)
        self.assertTrue(client.eof)

    def test_a_client_that_does_not_read_stops_the_server(self) -> None:
        self.network.capacity = 1000
        self.serve()
        client = self.client()
        client.stream.pause()
        for _ in range(1000):
            self.send(client, b"NOOP\r\n")
        self.reply(b"250 ok\r\n" * 1000)
        self.assertFalse(self.near(self.session()).reading)
        client.stream.resume()
        self.settle()
        self.assertEqual(client.data.count(b"250 ok"), 1000)


class DrainTests(MailStage):
    def test_a_session_between_two_mails_is_told_421(self) -> None:
        frontend = self.serve()
        client = self.client()
        frontend.drain()
        self.settle()
        self.assertIn(b"421 4.3.2", client.data)
        self.assertEqual(self.got("one"), [b"QUIT\r\n"])

    def test_a_mail_is_finished_first(self) -> None:
        frontend = self.serve()
        client = self.client()
        self.says(client, "MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA")
        self.reply(b"250 ok\r\n250 ok\r\n354 go\r\n")
        frontend.drain()
        self.settle()
        self.assertNotIn(b"421", client.data)
        self.says(client, "mail", ".")
        self.reply(b"250 queued\r\n")
        self.assertIn(b"250 queued\r\n", client.data)
        self.says(client, "MAIL FROM:<a@b>")
        self.assertIn(b"421 4.3.2", client.data)

    def test_who_waits_for_a_server_is_told_when_it_has_greeted(self) -> None:
        self.servers["one"].greeting = b""
        frontend = self.serve()
        client = self.client()
        frontend.drain()
        self.reply(b"220 one\r\n")
        self.assertEqual(client.data.splitlines()[-1][:9], b"421 4.3.2")


class PipedTests(MailStage):
    """After an IMAP login nobody follows the session any more."""

    def logged_in(self) -> tuple[Frontend, Recorder]:
        for peer in self.servers.values():
            peer.greeting = b"* OK hi\r\n"
        backend = self.backend()
        frontend = self.serve(backend, manner=Imap(Settings(), backend).manner())
        client = self.client()
        self.says(client, "a LOGIN anna secret")
        self.reply(b"a OK in\r\n")
        client.data.clear()
        return frontend, client

    def test_octets_pass_both_ways(self) -> None:
        _, client = self.logged_in()
        self.says(client, "b IDLE")
        self.reply(b"+ idling\r\n")
        self.assertEqual((self.got("one")[0][-8:], client.data), (b"b IDLE\r\n", b"+ idling\r\n"))

    def test_a_drain_says_goodbye_where_nothing_is_said(self) -> None:
        frontend, client = self.logged_in()
        frontend.drain()
        self.clock.advance(1)
        self.reply(b"* 1 EXISTS\r\n")
        self.clock.advance(1.5)
        self.settle()
        self.assertNotIn(b"BYE", client.data)
        self.clock.advance(1)
        self.settle()
        self.assertTrue(client.data.endswith(PARTING))
        self.assertTrue(client.eof)

    def test_a_drain_says_nothing_into_what_the_client_has_not_read(self) -> None:
        self.network.capacity = 100
        frontend, client = self.logged_in()
        client.stream.pause()
        self.reply(b"* 1 FETCH (BODY[] {500}\r\n" + b"x" * 500)
        frontend.drain()
        for _ in range(4):
            self.clock.advance(2.1)
            self.settle()
        client.stream.resume()
        self.reply(b")\r\nb OK\r\n")
        self.assertTrue(client.data.endswith(b"x)\r\nb OK\r\n"))
        self.clock.advance(4.1)
        self.settle()
        self.assertTrue(client.data.endswith(b"b OK\r\n" + PARTING))

    def test_a_drain_waits_for_a_client_that_does_not_read_no_longer_than_ever(self) -> None:
        self.network.capacity = 100
        frontend, client = self.logged_in()
        client.stream.pause()
        self.reply(b"x" * 500)
        frontend.drain()
        for _ in range(20):
            self.clock.advance(2.1)
            self.settle()
        self.assertEqual((self.lines()[0].session.termination, self.gate.taken), ("cD", 0))

    def test_nothing_is_said_where_it_may_be_compressed_or_encrypted_by_now(self) -> None:
        for last in (
            ("a LOGIN anna secret", b"a OK [CAPABILITY IMAP4rev1 COMPRESS=DEFLATE] in\r\n"),
            ("a STARTTLS", b"a OK go\r\n"),
        ):
            self.setUp()
            for peer in self.servers.values():
                peer.greeting = b"* OK hi\r\n"
            backend = self.backend()
            frontend = self.serve(backend, manner=Imap(Settings(StartTls.PASS), backend).manner())
            client = self.client()
            self.says(client, last[0])
            self.reply(last[1])
            client.data.clear()
            frontend.drain()
            self.clock.advance(10)
            self.settle()
            self.assertEqual((client.data, client.eof), (b"", False), last)

    def test_who_idles_for_hours_stays_while_anything_is_said_now_and_then(self) -> None:
        _, client = self.logged_in()
        self.says(client, "b IDLE")
        self.reply(b"+ idling\r\n")
        for _ in range(500):  # 4 hours: an idle limit of 30 s, and a word every 29
            self.clock.advance(29)
            self.reply(b"* OK Still here\r\n")
        self.assertEqual((client.data.count(b"Still here"), client.eof), (500, False))

    def test_the_line_knows_who_it_was(self) -> None:
        _, client = self.logged_in()
        client.stream.close()
        self.settle()
        self.clock.advance(5)
        self.settle()
        line = self.lines()[0]
        self.assertEqual((line.user, line.last, line.session.termination), (self.house.pseudonym(b"anna"), "OK", "--"))
        self.assertEqual(self.gate.taken, 0)

    def test_a_server_that_ends_ends_it(self) -> None:
        _, client = self.logged_in()
        self.reply(b"* BYE\r\n")
        self.session().stream.close()
        self.settle()
        self.assertEqual((client.data, client.eof), (b"* BYE\r\n", True))
        for _ in range(2):  # for what is still on its way, and for the client to leave
            self.clock.advance(4.2)
            self.settle()
        self.assertEqual(self.gate.taken, 0)

    def test_nothing_for_too_long_ends_it(self) -> None:
        _, client = self.logged_in()
        self.clock.advance(31)
        self.settle()
        self.assertTrue(client.eof)
        client.stream.close()
        self.settle()
        self.assertEqual(self.lines()[0].session.termination, "cD")


class XclientTests(MailStage):
    def say(self, offers: bytes) -> Recorder:
        self.serve(xclient=("one",))
        client = self.client()
        self.assertEqual(self.got("one"), [b"EHLO lb.example.com\r\n"])
        self.reply(offers)
        return client

    def test_the_server_is_told_the_client(self) -> None:
        client = self.say(b"250-one\r\n250 XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT\r\n")
        said = self.got("one")[0].splitlines()[1]
        self.assertRegex(said, rb"^XCLIENT ADDR=127\.0\.0\.1 PORT=\d+ NAME=\[UNAVAILABLE\] DESTADDR=192\.0\.2\.9 DESTPORT=25$")
        self.assertEqual(client.data, b"")
        self.reply(b"220 one again\r\n")
        self.assertEqual(client.data, b"220 one ESMTP\r\n")

    def test_only_what_it_offers(self) -> None:
        self.say(b"250-one\r\n250 XCLIENT ADDR\r\n")
        self.assertTrue(self.got("one")[0].endswith(b"\r\nXCLIENT ADDR=127.0.0.1\r\n"))

    def test_a_server_that_does_not_offer_it_is_told_nothing(self) -> None:
        client = self.say(b"250 one\r\n")
        self.assertEqual(client.data, b"220 one ESMTP\r\n")

    def test_a_server_that_refuses_it_is_passed_over(self) -> None:
        client = self.say(b"250-one\r\n250 XCLIENT ADDR\r\n")
        self.reply(b"550 5.7.0 Error: insufficient authorization\r\n")
        self.assertEqual(client.data, b"220 two ESMTP\r\n")

    def test_the_client_s_own_is_refused(self) -> None:
        client = self.say(b"250-one\r\n250 XCLIENT ADDR\r\n")
        self.reply(b"220 one again\r\n")
        self.says(client, "XCLIENT ADDR=10.0.0.1")
        self.assertIn(b"550 5.7.0", client.data)
        self.assertNotIn(b"10.0.0.1", self.got("one")[0])


class StartTlsTests(MailStage):
    def setUp(self) -> None:
        super().setUp()
        folder = self.mktemp()
        self.tls = ServerTLS([certificate_file(folder)], BUILT_IN["intermediate"])
        self.context = client_context(True, authority_file(folder), BUILT_IN["intermediate"])

    def secure(self, client: TLSClient) -> None:
        client.stream = self.network.secure_client(client.stream, ClientTLS("mail.example.com", True, self.context), client)
        self.settle()

    def client(self, address: object = None) -> TLSClient:
        client = TLSClient()
        self.network.connect(("192.0.2.9", 25), client, 5.0)
        self.settle()
        return client

    def test_it_is_offered_and_done_here(self) -> None:
        self.serve(starttls=self.tls)
        client = self.client()
        self.says(client, "EHLO me")
        self.reply(b"250 one\r\n")
        self.assertIn(b"STARTTLS", client.data)
        self.says(client, "STARTTLS")
        self.assertIn(b"220 2.0.0", client.data)
        self.secure(client)
        self.assertTrue(client.secured)
        self.says(client, "EHLO me")
        self.reply(b"250 one\r\n")
        self.assertEqual(self.got("one")[0], b"EHLO me\r\nEHLO me\r\n")
        self.assertTrue(client.data.endswith(b"250 one\r\n"))
        client.stream.abort()
        self.settle()
        self.assertEqual(self.lines()[0].tls, "TLSv1.3")
        self.assertEqual(self.lines()[0].session.bytes_in, len(b"EHLO me\r\nSTARTTLS\r\nEHLO me\r\n"))
        self.assertEqual(self.lines()[0].session.bytes_out, len(client.data))

    def test_what_comes_behind_the_command_in_the_clear_is_thrown_away(self) -> None:
        self.serve(starttls=self.tls)
        client = self.client()
        self.send(client, b"EHLO me\r\nSTARTTLS\r\nMAIL FROM:<evil@example.com>\r\n")
        self.reply(b"250 one\r\n")
        self.secure(client)
        self.assertNotIn(b"MAIL", self.got("one")[0])

    def test_a_handshake_that_fails_is_counted_and_both_sides_end(self) -> None:
        frontend = self.serve(starttls=self.tls)
        client = self.client()
        self.says(client, "EHLO me")
        self.reply(b"250 one\r\n")
        self.says(client, "STARTTLS", "this is no TLS")
        self.assertEqual(frontend.bad_handshakes, 1)
        self.assertTrue(self.session().eof or self.session().lost)
        self.clock.advance(10)
        self.settle()
        self.assertEqual(self.gate.taken, 0)

    def test_a_handshake_that_does_not_come_ends(self) -> None:
        frontend = self.serve(starttls=self.tls)
        client = self.client()
        self.says(client, "STARTTLS")
        self.clock.advance(3.2)
        self.settle()
        self.assertEqual((frontend.bad_handshakes, client.lost, self.gate.taken), (1, True, 0))

    def test_a_server_that_dies_during_the_handshake_ends_the_session_at_once(self) -> None:
        self.serve(starttls=self.tls)
        client = self.client()
        self.says(client, "STARTTLS")
        self.session().stream.close()
        self.settle()
        self.assertEqual((client.lost, self.gate.taken), (True, 0))
        self.assertEqual(self.lines()[0].session.termination, "SD")

    def test_the_greeting_comes_within_implicit_tls(self) -> None:
        self.serve(tls=self.tls)
        client = self.client()
        self.secure(client)
        self.assertEqual(client.data, b"220 one ESMTP\r\n")

    def test_without_tls_a_client_that_must_have_it_may_say_little(self) -> None:
        self.serve(settings=Settings(require_tls=True), starttls=self.tls)
        client = self.client()
        self.says(client, "MAIL FROM:<a@b>")
        self.assertIn(b"530 5.7.0", client.data)

    def test_a_server_is_spoken_to_over_starttls(self) -> None:
        to_server = ClientTLS("mail.example.com", True, self.context)
        backend = self.backend(starttls={"one": to_server})
        self.serve(backend)
        client = self.client()
        self.assertEqual(self.got("one"), [b"EHLO lb.example.com\r\n"])
        self.reply(b"250-one\r\n250 STARTTLS\r\n")
        session = self.session()
        session.stream.pause()
        self.reply(b"220 go\r\n")
        server = TLSClient()
        server.stream = self.network.secure_server(session.stream, self.tls, server)
        self.settle()
        self.assertEqual(client.data, b"220 one ESMTP\r\n")
        self.says(client, "EHLO me")
        self.assertEqual(server.data, b"EHLO me\r\n")

    def test_a_server_that_does_not_offer_it_is_passed_over(self) -> None:
        self.serve(self.backend(starttls={"one": ClientTLS("mail.example.com", True, self.context)}))
        client = self.client()
        self.reply(b"250 one\r\n")
        self.assertEqual(client.data, b"220 two ESMTP\r\n")

    def test_a_server_that_says_more_behind_its_answer_is_passed_over(self) -> None:
        self.serve(self.backend(starttls={"one": ClientTLS("mail.example.com", True, self.context)}))
        client = self.client()
        self.reply(b"250-one\r\n250 STARTTLS\r\n")
        self.reply(b"220 go\r\n250 injected\r\n")
        self.assertEqual(client.data, b"220 two ESMTP\r\n")
