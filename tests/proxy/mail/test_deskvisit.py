"""A client of a front end where the user chooses the server: greeted by us, logged in, then relayed."""

import gc
from base64 import b64encode

from exproxy.net.tls.client import ClientTLS, client_context
from exproxy.net.tls.profiles import BUILT_IN
from exproxy.net.tls.server import ServerTLS
from exproxy.pool import Admin
from exproxy.proxy.frontend import Frontend
from exproxy.proxy.mail.pop3 import Pop3
from exproxy.proxy.mail.smtp import Smtp
from exproxy.wire.mailsettings import Settings
from tests.net.memory import Recorder
from tests.net.tls.files import authority_file, certificate_file
from tests.proxy.mail.deskstage import PASSWORD, DeskStage, imap_server
from tests.proxy.test_session import TLSClient


class DeskVisitTests(DeskStage):
    def test_the_client_is_greeted_before_there_is_a_server(self) -> None:
        self.desks()
        client = self.client()
        self.assertTrue(client.data.startswith(b"* OK [CAPABILITY IMAP4rev1 "), client.data)
        self.assertEqual((self.got("one"), self.got("two")), ([], []))

    def test_it_is_offered_what_all_servers_can_and_we_too(self) -> None:
        self.desks()
        self.pool.servers["two"].health.offers = ("IMAP4REV1", "IDLE")
        words = bytes(self.client().data).split(b"]")[0].split()
        self.assertEqual(words[3:], [b"IMAP4rev1", b"ID", b"IDLE", b"SASL-IR", b"AUTH=PLAIN", b"AUTH=LOGIN"])

    def test_without_a_server_it_hears_so_at_once(self) -> None:
        self.desks()
        for server in self.pool.servers.values():
            server.set_admin(Admin.MAINT, self.clock.seconds())
        client = self.client()
        self.assertEqual(bytes(client.data), b"* BYE [UNAVAILABLE] No mail server is available, try again later\r\n")
        self.assertTrue(client.eof)

    def test_a_login_has_the_servers_words_and_the_clients_tag(self) -> None:
        self.desks()
        self.assertTrue(self.log_in().data.endswith(b"a1 OK [CAPABILITY IMAP4rev1] In\r\n"))

    def test_then_all_is_relayed(self) -> None:
        self.desks()
        client = self.log_in()
        self.assertIn(self.where(client), (b"one", b"two"))

    def test_what_was_sent_with_the_login_goes_behind_it(self) -> None:
        self.desks()
        client = self.client()
        self.send(client, b'a1 LOGIN anna "%b"\r\na2 SELECT INBOX\r\n' % PASSWORD)
        self.assertIn(b" heard a2 SELECT INBOX\r\n", client.data)

    def test_a_user_comes_to_the_same_server_whatever_way_the_name_is_said(self) -> None:
        self.desks()
        places = {self.where(self.log_in(name)) for name in ("anna", "ANNA", '"EXAMPLE\\\\anna"', "anna@example.com")}
        self.assertEqual(len(places), 1)

    def test_other_users_are_spread(self) -> None:
        self.desks()
        places = {self.where(self.log_in(f"user{number}")) for number in range(12)}
        self.assertEqual(places, {b"one", b"two"})

    def test_a_table_keeps_a_user_when_another_server_would_be_chosen(self) -> None:
        self.desks()
        first = self.where(self.log_in())
        other = "two" if first == b"one" else "one"
        self.pool.servers[other].set_weight(200, self.clock.seconds())
        self.assertEqual(self.where(self.log_in()), first)

    def test_the_user_of_a_server_that_went_down_goes_to_another(self) -> None:
        self.desks()
        first = self.where(self.log_in()).decode()
        self.pool.servers[first].set_admin(Admin.MAINT, self.clock.seconds())
        second = self.where(self.log_in()).decode()
        self.assertEqual({first, second}, {"one", "two"})

    def test_a_server_that_greets_badly_is_passed_over_unseen(self) -> None:
        self.desks()
        first = self.where(self.log_in()).decode()
        self.servers[first].greeting = b"* BYE go away\r\n"
        client = self.log_in()
        self.assertTrue(client.data.endswith(b"a1 OK [CAPABILITY IMAP4rev1] In\r\n"))
        self.assertNotEqual(self.where(client).decode(), first)

    def test_without_any_server_left_the_client_may_try_again(self) -> None:
        self.desks()
        client = self.client()
        for peer in self.servers.values():
            peer.greeting = b"* BYE go away\r\n"
        self.send(client, b"a1 LOGIN anna x\r\n")
        self.clock.advance(2.0)
        self.settle()
        self.assertTrue(client.data.endswith(b"\r\na1 NO [UNAVAILABLE] No mail server is available, try again later\r\n"))
        self.assertFalse(client.eof)

    def test_a_refusal_is_the_servers_own_but_does_not_come_at_once(self) -> None:
        self.desks()
        client = self.log_in(password=b"wrong")
        self.assertNotIn(b"a1 ", client.data)
        self.clock.advance(2.0)
        self.settle()
        self.assertTrue(client.data.endswith(b"\r\na1 NO [AUTHENTICATIONFAILED] Go\r\n"))

    def test_after_a_refusal_the_login_can_be_tried_again(self) -> None:
        self.desks()
        client = self.log_in(password=b"wrong")
        self.clock.advance(2.0)
        self.settle()
        self.send(client, b'a2 LOGIN anna "%b"\r\n' % PASSWORD)
        self.assertTrue(client.data.endswith(b"a2 OK [CAPABILITY IMAP4rev1] In\r\n"))

    def test_the_server_that_has_refused_is_left_politely_and_its_slot_is_free(self) -> None:
        self.desks()
        self.log_in(password=b"wrong")
        said = b"".join(self.got("one") + self.got("two"))
        self.assertTrue(said.endswith(b"exproxy LOGOUT\r\n"))
        self.assertEqual(self.house.frontend.refused_logins, 1)
        self.assertEqual(self.pool.sessions, 0)

    def test_five_refusals_are_the_end(self) -> None:
        self.desks(failure_delay=0.0)
        client = self.client()
        for number in range(5):
            self.send(client, b"a%d LOGIN anna wrong\r\n" % number)
        self.assertTrue(client.data.endswith(b"* BYE Too many failed logins\r\n"))
        self.assertTrue(client.eof)

    def test_a_server_that_hangs_up_at_a_login_is_not_blamed(self) -> None:
        self.desks(failure_delay=0.0)
        for peer in self.servers.values():
            peer.close_on_data = True
        self.log_in()
        self.assertEqual([server.failed_connects for server in self.pool.servers.values()], [0, 0])

    def test_a_client_that_leaves_while_it_is_logged_in_frees_the_slot(self) -> None:
        self.desks()
        for peer in self.servers.values():
            peer.answer = None
        client = self.log_in()
        self.assertEqual(self.pool.sessions, 1)
        client.stream.abort()
        self.settle()
        self.assertEqual(self.pool.sessions, 0)

    def test_the_access_line_has_a_pseudonym_and_the_server(self) -> None:
        self.desks()
        client = self.log_in()
        client.stream.close()
        self.settle()
        (line,) = self.lines()
        self.assertEqual((line.user, line.session.server in ("one", "two")), (self.house.pseudonym(b"anna"), True))

    def test_nothing_of_a_password_is_in_a_record(self) -> None:
        self.desks(failure_delay=0.0)
        for password in (PASSWORD, b"wrong word"):
            client = self.log_in(password=password)
            client.stream.close()
            self.settle()
            self.assertNotIn(password.decode(), repr(self.lines()))

    def test_the_password_is_forgotten_once_the_server_has_judged(self) -> None:
        self.desks()
        word = bytes([112, 119] * 20)
        for peer in self.servers.values():
            peer.answer = lambda said: b"exproxy OK in\r\n" if b" LOGIN " in said else None
        client = self.log_in(password=word)
        self.assertTrue(client.data.endswith(b"a1 OK in\r\n"))
        for peer in self.servers.values():
            for session in peer.sessions:
                session.data.clear()
        gc.collect()
        held = [thing for thing in gc.get_objects() if _is_ours(thing) and word in _words(thing)]
        self.assertEqual(held, [])

    def test_who_does_not_read_is_not_read(self) -> None:
        self.desks()
        client = self.client()
        far = self.far(client)
        client.stream.pause()
        far.capacity = 1
        self.send(client, b"a CAPABILITY\r\n")
        self.send(client, b'b LOGIN anna "%b"\r\n' % PASSWORD)
        self.assertEqual((far.reading, self.got("one") + self.got("two")), (False, []))
        client.stream.resume()
        self.settle()
        self.assertTrue(client.data.endswith(b"b OK [CAPABILITY IMAP4rev1] In\r\n"))

    def test_who_leaves_before_the_login_is_logged_as_one_who_did(self) -> None:
        self.desks()
        client = self.client()
        client.stream.close()
        self.settle()
        self.assertEqual([line.session.termination for line in self.lines()], ["CR"])

    def test_who_leaves_while_a_refusal_waits_is_gone(self) -> None:
        self.desks()
        client = self.log_in(password=b"wrong")
        client.stream.close()
        self.settle()
        self.clock.advance(10)
        self.settle()
        self.assertEqual((len(self.lines()), self.gate.taken), (1, 0))

    def test_a_drain_lets_a_login_come_to_its_end(self) -> None:
        frontend = self.desks()
        client = self.log_in(password=b"wrong")
        frontend.drain()
        self.clock.advance(2.0)
        self.settle()
        self.assertIn(b"a1 NO [AUTHENTICATIONFAILED] Go\r\n* BYE [UNAVAILABLE] Service is going down", client.data)

    def test_a_server_that_goes_down_with_the_login_under_way_is_left_for_the_next(self) -> None:
        self.desks()
        for peer in self.servers.values():
            peer.answer = None
        client = self.log_in()
        first = next(name for name, peer in self.servers.items() if peer.sessions)
        other = "two" if first == "one" else "one"
        self.servers[other].answer = imap_server(other)
        self.pool.on_marked_down = "shutdown-sessions"
        self.pool.servers[first].set_admin(Admin.MAINT, self.clock.seconds())
        self.settle()
        self.assertEqual(self.where(client).decode(), other)

    def test_who_talks_before_the_greeting_is_seen(self) -> None:
        self.desks(greet_delay=2.0)
        client = self.client()
        self.assertEqual(bytes(client.data), b"")
        self.send(client, b"a1 LOGIN anna x\r\n")
        self.assertTrue(client.data.startswith(b"* BYE You spoke before the greeting"))

    def test_who_says_nothing_is_let_go(self) -> None:
        self.desks()
        client = self.client()
        self.clock.advance(301)
        self.settle()
        self.assertTrue(client.data.endswith(b"* BYE Nothing came for too long, closing\r\n"))

    def test_a_drain_ends_who_has_not_logged_in(self) -> None:
        frontend = self.desks()
        client = self.client()
        frontend.drain()
        self.settle()
        self.assertIn(b"* BYE [UNAVAILABLE] Service is going down", client.data)

    def test_nonsense_is_the_end_of_it(self) -> None:
        frontend = self.desks()
        client = self.client()
        self.send(client, b"a" * 20_000)
        self.assertTrue(client.eof)
        self.assertEqual(frontend.broken, 1)

    def test_tls_first_where_it_is_required(self) -> None:
        self.desks(Settings(require_tls=True))
        client = self.log_in()
        self.assertTrue(client.data.endswith(b"a1 NO [PRIVACYREQUIRED] Begin TLS first: STARTTLS\r\n"))
        self.assertEqual((self.got("one"), self.got("two")), ([], []))


class PopTests(DeskStage):
    def test_a_user_of_pop3_is_relayed_behind_the_login(self) -> None:
        for peer in self.servers.values():
            peer.greeting = b"+OK hi\r\n"
            peer.answer = lambda said: b"+OK 0 0\r\n"
        self.desks(protocol=lambda backend: Pop3(Settings(), backend))
        client = self.client()
        self.send(client, b"USER anna\r\nPASS x y\r\nSTAT\r\n")
        self.assertEqual(bytes(client.data), b"+OK POP3 ready\r\n+OK\r\n+OK 0 0\r\n+OK 0 0\r\n")
        self.assertEqual(b"".join(self.got("one") + self.got("two")), b"USER anna\r\nPASS x y\r\nSTAT\r\n")


class SubmissionTests(DeskStage):
    def setUp(self) -> None:
        super().setUp()
        for peer in self.servers.values():
            peer.greeting = b"220 hi\r\n"
            peer.answer = _submission

    def log_in(self, user: str = "anna", password: bytes = PASSWORD) -> Recorder:
        client = self.client()
        self.send(client, b"EHLO me\r\nAUTH PLAIN " + b64encode(b"\0%b\0%b" % (user.encode(), password)) + b"\r\n")
        return client

    def open_desks(self) -> Frontend:
        frontend = self.desks(protocol=lambda backend: Smtp("mx.example.com", Settings(), backend))
        for server in self.pool.servers.values():
            server.health.offers = ("CHUNKING", "XCLIENT ADDR")
        return frontend

    def test_mails_are_followed_behind_the_login(self) -> None:
        self.open_desks()
        client = self.log_in()
        self.assertTrue(client.data.endswith(b"250-CHUNKING\r\n250 AUTH PLAIN LOGIN\r\n235 2.7.0 in\r\n"), client.data)
        self.says(client, "MAIL FROM:<a>", "RCPT TO:<b>", "BDAT 2 LAST")
        self.send(client, b"hi")
        client.stream.close()
        self.settle()
        (line,) = self.lines()
        self.assertEqual((line.mails, line.helo, line.user), (1, "me", self.house.pseudonym(b"anna")))

    def test_xclient_is_refused_behind_the_login_too(self) -> None:
        self.open_desks()
        client = self.log_in()
        self.says(client, "XCLIENT ADDR=10.0.0.1")
        self.assertTrue(client.data.endswith(b"550 5.7.0 Error: insufficient authorization\r\n"))
        self.assertNotIn(b"10.0.0.1", b"".join(self.got("one") + self.got("two")))

    def test_a_drain_ends_it_between_two_mails(self) -> None:
        frontend = self.open_desks()
        client = self.log_in()
        frontend.drain()
        self.settle()
        self.assertIn(b"421 4.3.2 Service is going down", client.data)

    def test_a_server_that_takes_no_chunks_gets_none(self) -> None:
        self.open_desks()
        for peer in self.servers.values():
            peer.answer = lambda said: (_submission(said) or b"").replace(b"250-CHUNKING\r\n", b"")
        client = self.log_in()
        self.says(client, "MAIL FROM:<a>")
        self.send(client, b"BDAT 2 LAST\r\nhi")
        self.assertIn(b"502 5.5.1 Error: CHUNKING", client.data)


class StartTlsTests(DeskStage):
    def setUp(self) -> None:
        super().setUp()
        folder = self.mktemp()
        self.tls = ServerTLS([certificate_file(folder)], BUILT_IN["intermediate"])
        self.context = client_context(True, authority_file(folder), BUILT_IN["intermediate"])

    def client(self, address: object = None) -> TLSClient:
        client = TLSClient()
        self.network.connect(("192.0.2.9", 25), client, 5.0)
        self.settle()
        return client

    def secure(self, client: TLSClient) -> None:
        client.stream = self.network.secure_client(client.stream, ClientTLS("mail.example.com", True, self.context), client)
        self.settle()

    def test_it_is_offered_and_done_before_there_is_a_server(self) -> None:
        self.desks(Settings(require_tls=True), self.tls)
        client = self.client()
        self.assertIn(b"STARTTLS LOGINDISABLED]", client.data)
        self.send(client, b"s STARTTLS\r\ns LOGIN eve evil\r\n")
        self.assertTrue(client.data.endswith(b"s OK Begin TLS negotiation now\r\n"))
        self.secure(client)
        self.assertTrue(client.secured)
        self.send(client, b'a1 LOGIN anna "%b"\r\n' % PASSWORD)
        self.assertTrue(client.data.endswith(b"a1 OK [CAPABILITY IMAP4rev1] In\r\n"))
        self.assertIn(self.where(client), (b"one", b"two"))
        self.assertNotIn(b"eve", b"".join(self.got("one") + self.got("two")))
        client.stream.abort()
        self.settle()
        self.assertEqual(self.lines()[0].tls, "TLSv1.3")

    def test_a_handshake_that_does_not_come_is_the_end(self) -> None:
        frontend = self.desks(starttls=self.tls)
        client = self.client()
        self.send(client, b"s STARTTLS\r\n")
        self.clock.advance(3.1)
        self.settle()
        self.assertEqual((client.lost, frontend.bad_handshakes), (True, 1))

    def test_a_drain_waits_for_the_handshake(self) -> None:
        frontend = self.desks(starttls=self.tls)
        client = self.client()
        self.send(client, b"s STARTTLS\r\n")
        frontend.drain()
        self.secure(client)
        self.assertIn(b"* BYE [UNAVAILABLE] Service is going down", client.data)


def _submission(said: bytes) -> bytes | None:
    if not said.endswith(b"\r\n") and not said.endswith(b"hi"):
        return None
    if said.startswith(b"EHLO"):
        return b"250-x\r\n250-CHUNKING\r\n250 AUTH PLAIN\r\n"
    if said.startswith(b"BDAT") and not said.endswith(b"hi"):
        return None
    return b"235 2.7.0 in\r\n" if said.startswith(b"AUTH") else b"250 2.0.0 ok\r\n"


def _words(thing: object) -> bytes:
    """All octets that an object of ours refers to."""
    found = b""
    for referred in gc.get_referents(thing):
        if isinstance(referred, bytes | bytearray):
            found += bytes(referred)
        elif isinstance(referred, list | tuple | dict):
            found += b"".join(bytes(one) for one in gc.get_referents(referred) if isinstance(one, bytes | bytearray))
    return found


def _is_ours(thing: object) -> bool:
    return str(type(thing).__module__).startswith("exproxy")
