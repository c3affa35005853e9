"""One run of a check, against peers that behave and peers that do not."""

from collections.abc import Callable, Sequence

import attrs
from OpenSSL import SSL
from twisted.trial.unittest import SynchronousTestCase

from exproxy.check.runner import LINGER, MAX_BYTES, CheckRun, Job
from exproxy.net.interfaces import Stream
from exproxy.wire.dialogue.base import Action, Connect, Dialogue, Finish, Outcome, Send, StartTLS, Status
from exproxy.wire.dialogue.http import HttpCheck
from exproxy.wire.dialogue.imap import ImapCheck
from exproxy.wire.dialogue.pop3 import Pop3Check
from exproxy.wire.dialogue.rpc import RpcCheck
from exproxy.wire.dialogue.smtp import SmtpCheck
from exproxy.wire.dialogue.tcp import TcpCheck
from exproxy.wire.proxyheader import ProxyReader
from tests.check.peers import ADDRESS, TIMEOUT, Bench, Scripted, client_tls, smtp_answers, today
from tests.net.memory import Peer
from tests.net.tlspeer import TLSPeer, authority_file, certificate, expired, server_context, stranger

OK = Finish(Outcome(Status.L7OKD, "fine"))

PROTOCOLS: dict[str, Callable[[], Dialogue]] = {
    "smtp": lambda: SmtpCheck("lb.example.com"),
    "imap": ImapCheck,
    "pop3": Pop3Check,
    "http": HttpCheck,
    "rpc": lambda: RpcCheck("emsmdb", mapper=False),
    "rpc by way of the mapper": lambda: RpcCheck("emsmdb", mapper=True),
}
"""Those that talk."""


class RunnerTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.bench = Bench()

    def tearDown(self) -> None:
        self.assertEqual(self.flushLoggedErrors(), [])

    def line(self) -> str:
        return "\n".join(self.bench.transcript.lines)


class GoodPeerTests(RunnerTestCase):
    def test_a_conversation_is_driven_to_its_end(self) -> None:
        peer = Peer(b"220 mail.example.com ESMTP\r\n", smtp_answers)
        self.bench.serve(peer)
        outcome = self.bench.run(SmtpCheck("lb.example.com"))
        self.assertEqual(outcome.status, Status.L7OKD)
        self.assertEqual(bytes(peer.sessions[0].data), b"EHLO lb.example.com\r\nQUIT\r\n")

    def test_an_open_port_is_enough_for_tcp(self) -> None:
        self.bench.serve(Peer())
        self.assertEqual(self.bench.run(TcpCheck()).status, Status.L4OK)

    def test_what_was_said_is_written_down(self) -> None:
        self.bench.serve(Peer(b"220 hello\r\n", smtp_answers))
        self.bench.run(SmtpCheck("lb"))
        self.assertEqual(
            self.bench.report.transcript[:4],
            ("--- connected to 192.0.2.1:25", "<<< 220 hello", ">>> EHLO lb", "<<< 250-mail.example.com"),
        )

    def test_the_duration_ends_with_the_verdict(self) -> None:
        self.bench.network.blackhole(ADDRESS)
        self.bench.begin(TcpCheck())
        self.bench.clock.advance(TIMEOUT)
        self.assertEqual(self.bench.report.duration, TIMEOUT)

    def test_the_source_address_is_ours_to_choose(self) -> None:
        peer = Peer()
        self.bench.serve(peer)
        self.bench.run(TcpCheck(), source="192.0.2.99")
        self.assertEqual(peer.sessions[0].stream.peer[0], "192.0.2.99")

    def test_either_proxy_header_says_that_we_speak_for_ourselves(self) -> None:
        for version in ("v1", "v2"):
            bench, peer = Bench(), Peer()
            bench.serve(peer)
            bench.run(Scripted(on_start=(Send(b"hello"), OK)), send_proxy=version)
            reader = ProxyReader()
            said = reader.feed(bytes(peer.sessions[0].data))
            assert said is not None
            ours = peer.sessions[0].stream.peer
            self.assertEqual((said.source, said.destination), (None, None) if version == "v2" else (ours, ADDRESS))
            self.assertTrue(peer.sessions[0].data.endswith(b"hello"))

    def test_a_second_connection_goes_to_the_port_that_was_told(self) -> None:
        first, second = Peer(), Peer()
        self.bench.serve(first)
        self.bench.serve(second, port=6005)
        steps: list[Sequence[Action]] = [(Connect(6005),), (Send(b"bind"), OK)]

        class Mapped(Scripted):
            def start(self) -> Sequence[Action]:
                return steps.pop(0)

        outcome = self.bench.run(Mapped())
        self.assertEqual((outcome.text, bytes(second.sessions[0].data)), ("fine", b"bind"))
        self.assertTrue(first.sessions[0].lost)

    def test_a_second_port_that_refuses_is_named(self) -> None:
        self.bench.serve(Peer())
        outcome = self.bench.run(Scripted(on_start=(Connect(6005),)))
        self.assertEqual((outcome.status, outcome.text), (Status.L4CON, "connection refused at 192.0.2.1:6005"))

    def test_connections_without_end_are_refused(self) -> None:
        self.bench.serve(Peer())
        outcome = self.bench.run(Scripted(on_start=(Connect(25),)))
        self.assertEqual(outcome.status, Status.L7RSP)
        self.assertIn("connection after connection", outcome.text)


class TLSTests(RunnerTestCase):
    def test_implicit_tls_comes_before_the_dialogue(self) -> None:
        peer = TLSPeer(server_context(certificate()), b"220 hello\r\n", smtp_answers)
        self.bench.serve(peer)
        outcome = self.bench.run(SmtpCheck("lb"), tls=client_tls(implicit=True))
        self.assertEqual((outcome.status, peer.sessions[0].sni), (Status.L7OKD, "mail.example.com"))
        self.assertEqual(bytes(peer.sessions[0].data), b"EHLO lb\r\nQUIT\r\n")

    def starttls_peer(self, context: SSL.Context) -> TLSPeer:
        def plain(data: bytes) -> tuple[bytes | None, bool]:
            if data.startswith(b"STARTTLS"):
                return b"220 ready\r\n", True
            return smtp_answers(data), False

        return TLSPeer(context, answer=smtp_answers, starttls=plain, plain_greeting=b"220 hello\r\n")

    def test_starttls_goes_on_over_tls(self) -> None:
        peer = self.starttls_peer(server_context(certificate()))
        self.bench.serve(peer)
        outcome = self.bench.run(SmtpCheck("lb", starttls=True), tls=client_tls(implicit=False))
        self.assertEqual(outcome.status, Status.L7OKD, self.line())
        self.assertEqual(bytes(peer.sessions[0].data), b"EHLO lb\r\nQUIT\r\n")
        assert self.bench.report.certificate is not None
        self.assertIn("mail.example.com", self.bench.report.certificate.names)

    def test_starttls_with_an_unknown_authority_fails_when_it_is_verified(self) -> None:
        ca = authority_file(self.mktemp())
        self.bench.serve(self.starttls_peer(server_context(stranger().issue_cert("mail.example.com"))))
        outcome = self.bench.run(SmtpCheck("lb", starttls=True), tls=client_tls(implicit=False, verify=True, ca=ca))
        self.assertEqual(outcome.status, Status.L6RSP)
        self.assertIn("not among the trusted", outcome.text)

    def test_starttls_without_settings_is_the_checkers_fault(self) -> None:
        self.bench.serve(Peer())
        outcome = self.bench.run(Scripted(on_start=(StartTLS(),)))
        self.assertEqual(outcome.status, Status.L6RSP)
        self.assertIn("no tls settings", outcome.text)

    def test_an_expired_certificate_is_refused_when_it_is_verified(self) -> None:
        ca = authority_file(self.mktemp())
        self.bench.serve(TLSPeer(server_context(expired("mail.example.com"))))
        outcome = self.bench.run(TcpCheck(), tls=client_tls(implicit=True, verify=True, ca=ca))
        self.assertEqual(outcome.status, Status.L6RSP)
        self.assertIn("it has expired", outcome.text)

    def test_an_expired_certificate_is_a_warning_when_it_is_not(self) -> None:
        self.bench.serve(TLSPeer(server_context(expired("mail.example.com"))))
        outcome = self.bench.run(TcpCheck(), tls=client_tls(implicit=True))
        self.assertEqual(outcome.status, Status.L4OK)
        self.assertIn("expired 3 days ago", outcome.warnings[0])

    def test_a_certificate_may_be_refused_after_the_handshake(self) -> None:
        peer = TLSPeer(server_context(certificate()), greeting=b"220 ready\r\n")
        self.bench.serve(peer)
        tls = attrs.evolve(client_tls(implicit=True), fault=lambda seen: f"it is that of {seen and seen.subject}")
        outcome = self.bench.run(SmtpCheck("lb"), tls=tls)
        self.assertEqual(outcome.status, Status.L6RSP)
        self.assertIn("the server's certificate is refused: it is that of ", outcome.text)
        self.assertEqual(peer.sessions[0].data, b"")

    def test_what_there_is_to_say_of_a_certificate_is_a_warning(self) -> None:
        self.bench.serve(TLSPeer(server_context(certificate())))
        tls = attrs.evolve(client_tls(implicit=True), warn=lambda seen: f"{len(seen.fingerprint)} digits")
        self.assertEqual(self.bench.run(TcpCheck(), tls=tls).warnings, ("64 digits",))

    def test_plain_text_where_tls_should_be_is_quoted(self) -> None:
        self.bench.serve(Peer(b"220 mail ESMTP\r\n"))
        outcome = self.bench.run(TcpCheck(), tls=client_tls(implicit=True))
        self.assertEqual(outcome.status, Status.L6RSP)
        self.assertIn("'220 mail ESMTP'", outcome.text)

    def test_a_close_in_the_handshake_is_a_failure_of_tls(self) -> None:
        for peer in (Peer(close_after_greeting=True), Peer(close_on_data=True), Peer(abort_on_data=True)):
            bench = Bench()
            bench.serve(peer)
            self.assertEqual(bench.run(TcpCheck(), tls=client_tls(implicit=True)).status, Status.L6RSP)

    def test_silence_in_the_handshake_is_told_by_its_layer(self) -> None:
        self.bench.serve(Peer())
        self.assertEqual(self.bench.run(TcpCheck(), tls=client_tls(implicit=True)).status, Status.L6TOUT)

    def test_a_slow_drip_in_the_handshake_is_told_by_its_layer(self) -> None:
        peer = Peer()
        self.bench.serve(peer)
        self.bench.begin(TcpCheck(), tls=client_tls(implicit=True))
        for octet in b"\x16\x03\x03\x20\x00\x02\x00\x10":  # a ServerHello that is going to be long
            peer.sessions[0].stream.write(bytes([octet]))
            self.bench.clock.advance(1)
        self.assertEqual(self.bench.report.outcome.status, Status.L6TOUT)
        self.assertFalse(self.bench.clock.getDelayedCalls())

    def test_a_name_that_is_none_is_told(self) -> None:
        self.bench.serve(Peer())
        outcome = self.bench.run(TcpCheck(), tls=client_tls(implicit=True, name="a..b"))
        self.assertEqual((outcome.status, outcome.text), (Status.L6RSP, "'a..b' is no name that TLS can ask for"))

    def test_garbage_after_the_handshake_is_a_failure_of_tls(self) -> None:
        peer = TLSPeer(server_context(certificate()))
        self.bench.serve(peer)
        self.bench.begin(SmtpCheck("lb"), tls=client_tls(implicit=True))
        peer.sessions[0].stream.write(b"garbage garbage garbage")
        self.bench.clock.advance(0)
        self.assertEqual(self.bench.report.outcome.status, Status.L6RSP)

    def test_a_close_after_the_handshake_is_the_dialogues_matter(self) -> None:
        self.bench.serve(TLSPeer(server_context(certificate()), close_after_greeting=True))
        outcome = self.bench.run(SmtpCheck("lb"), tls=client_tls(implicit=True))
        self.assertEqual(outcome.status, Status.L7RSP)


class ConnectTests(RunnerTestCase):
    def test_a_refusal_is_told_in_words(self) -> None:
        outcome = self.bench.run(TcpCheck())
        self.assertEqual((outcome.status, outcome.text), (Status.L4CON, "connection refused at 192.0.2.1:25"))

    def test_a_host_that_does_not_answer_is_a_timeout(self) -> None:
        self.bench.network.blackhole(ADDRESS)
        outcome = self.bench.run(TcpCheck())
        self.assertEqual(
            (outcome.status, outcome.text), (Status.L4TOUT, "no answer to the connection to 192.0.2.1:25 within 5 s")
        )

    def test_a_timeout_of_the_network_is_one_too(self) -> None:
        self.bench.network.fail(ADDRESS, TimeoutError())
        self.assertEqual(self.bench.run(TcpCheck()).status, Status.L4TOUT)


class BadPeerTests(RunnerTestCase):
    """Every protocol against everything that a peer can do wrong."""

    def every(self, make: Callable[[], Peer]) -> dict[str, Outcome]:
        outcomes = {}
        for name, dialogue in PROTOCOLS.items():
            bench = Bench()
            bench.serve(make())
            outcomes[name] = bench.run(dialogue())
        return outcomes

    def test_garbage_is_an_answer_that_was_not_understood(self) -> None:
        for name, outcome in self.every(lambda: Peer(b"\xff\x00garbage\r\n\r\n" * 40)).items():
            self.assertEqual(outcome.status, Status.L7RSP, name)

    def test_an_endless_line_is_cut(self) -> None:
        for name, outcome in self.every(lambda: Peer(b"x" * (MAX_BYTES * 4))).items():
            self.assertEqual(outcome.status, Status.L7RSP, name)

    def test_an_endless_well_formed_greeting_is_cut(self) -> None:
        self.bench.serve(Peer(b"220-hello again\r\n" * 200_000))
        self.assertEqual(self.bench.run(SmtpCheck("lb")).status, Status.L7RSP)

    def test_an_endless_http_body_is_an_answer(self) -> None:
        self.bench.serve(Peer(answer=lambda data: b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (MAX_BYTES * 4)))
        self.assertEqual(self.bench.run(HttpCheck()).status, Status.L7OKD)

    def test_a_dialogue_that_swallows_everything_is_cut(self) -> None:
        self.bench.serve(Peer(b"y" * (MAX_BYTES * 4)))
        outcome = self.bench.run(Scripted(on_data=lambda data: ()))
        self.assertEqual(outcome.status, Status.L7RSP)
        self.assertIn("sent more than 256 KB", outcome.text)

    def test_silence_is_told_by_its_layer(self) -> None:
        for name, outcome in self.every(Peer).items():
            self.assertEqual(outcome.status, Status.L7TOUT, name)
            self.assertIn("within 5 s", outcome.text)

    def test_a_close_at_once_is_no_answer(self) -> None:
        for name, outcome in self.every(lambda: Peer(close_after_greeting=True)).items():
            self.assertEqual(outcome.status, Status.L7RSP, name)

    def test_a_close_after_our_first_words_is_no_answer(self) -> None:
        greetings = {"smtp": b"220 hello\r\n", "imap": b"* OK hello\r\n", "pop3": b"+OK hello\r\n"}
        for name, dialogue in PROTOCOLS.items():
            for ending in ({"close_on_data": True}, {"abort_on_data": True}):
                bench = Bench()
                bench.serve(Peer(greetings.get(name, b""), **ending))  # type: ignore[arg-type]  # passed on
                self.assertEqual(bench.run(dialogue()).status, Status.L7RSP, (name, ending))

    def test_a_slow_drip_ends_with_the_time_and_its_last_words(self) -> None:
        peer = Peer()
        self.bench.serve(peer)
        self.bench.begin(SmtpCheck("lb"))
        for letter in b"220 hello":
            peer.sessions[0].stream.write(bytes([letter]))
            self.bench.clock.advance(1)
        self.assertEqual((self.bench.report.outcome.status, self.bench.report.outcome.line), (Status.L7TOUT, "220 h"))
        self.assertFalse(self.bench.clock.getDelayedCalls())

    def test_silence_after_the_goodbye_does_not_spoil_the_verdict(self) -> None:
        self.bench.serve(Peer(b"220 hello\r\n", lambda data: b"250 hello\r\n" if data.startswith(b"EHLO") else b""))
        self.assertEqual(self.bench.run(SmtpCheck("lb")).status, Status.L7OKD)
        self.assertLess(self.bench.report.duration, LINGER + 0.2)

    def test_a_flood_after_the_goodbye_does_not_spoil_the_verdict(self) -> None:
        flood = b"250 hello\r\n" + b"221-bye\r\n" * 50_000
        self.bench.serve(Peer(b"220 hello\r\n", lambda data: flood if data.startswith(b"EHLO") else b""))
        self.assertEqual(self.bench.run(SmtpCheck("lb")).status, Status.L7OKD)

    def test_a_peer_that_does_not_close_is_left_after_a_second(self) -> None:
        self.bench.network.capacity = 4
        peer = Peer()
        self.bench.serve(peer)
        self.bench.begin(Scripted(on_start=(Send(b"a long goodbye"), OK)))
        peer.sessions[0].stream.pause()
        near = self.bench.network.streams[0]
        self.assertEqual(self.bench.report.outcome.text, "fine")
        self.bench.clock.advance(LINGER - 0.1)
        self.bench.clock.advance(0.2)
        self.assertTrue(near.lost)


class BrokenCheckerTests(RunnerTestCase):
    def failing(self, *_arguments: object) -> Sequence[Action]:
        raise RuntimeError("oops")

    def test_a_checker_that_breaks_is_an_outcome_that_names_it(self) -> None:
        self.bench.serve(Peer(b"hello"))
        outcome = self.bench.run(Scripted(on_data=self.failing))
        self.assertEqual(outcome.status, Status.L7RSP)
        self.assertIn("the checker example itself broke: RuntimeError: oops (test_runner.py", outcome.text)
        self.assertTrue(self.bench.report.fault)

    def test_a_checker_that_cannot_begin_is_an_outcome(self) -> None:
        def factory() -> Dialogue:
            raise RuntimeError("oops")

        self.assertIn("itself broke", self.bench.run(factory).text)
        self.assertEqual(self.bench.network.attempts, [])

    def test_actions_that_are_none_are_an_outcome(self) -> None:
        self.bench.serve(Peer())
        self.assertIn("is no action", self.bench.run(Scripted(on_start=("hello",))).text)  # type: ignore[arg-type]  # the test

    def test_a_checker_that_says_nothing_to_a_close_is_an_outcome(self) -> None:
        self.bench.serve(Peer(close_after_greeting=True))
        outcome = self.bench.run(Scripted(on_close=()))
        self.assertEqual((outcome.status, outcome.text), (Status.L7RSP, "the server closed the connection"))

    def test_a_last_line_that_raises_does_not_hide_the_verdict(self) -> None:
        class Wordless(Scripted):
            def last_line(self) -> str:
                raise RuntimeError("oops")

        self.bench.serve(Peer())
        self.assertEqual(self.bench.run(Wordless()).status, Status.L7TOUT)

    def test_an_error_of_the_one_who_is_told_is_not_taken_for_the_checkers(self) -> None:
        def fail(report: object) -> None:
            raise RuntimeError("ours")

        self.bench.serve(Peer())
        run = self.bench.begin(Scripted())
        run.done = fail
        with self.assertRaises(RuntimeError):
            self.bench.clock.advance(TIMEOUT)


class CertificateReaderTests(RunnerTestCase):
    def test_a_checker_that_breaks_over_a_certificate_is_an_outcome(self) -> None:
        class Reader(Scripted):
            def certificate_seen(self, certificate: object, version: str) -> None:
                raise RuntimeError(f"no {version}")

        self.bench.serve(TLSPeer(server_context(certificate())))
        outcome = self.bench.run(Reader(), tls=client_tls(implicit=True))
        self.assertIn("itself broke: RuntimeError: no TLSv1.3", outcome.text)


class GoneTests(RunnerTestCase):
    def gone(self, peer: Peer | None, capacity: int = 100) -> list[str]:
        """The order in which things are told."""
        self.bench.network.capacity = capacity
        if peer is not None:
            self.bench.serve(peer)
        told: list[str] = []
        run = CheckRun(
            self.bench.clock,
            self.bench.network,
            Job(checker="x", dialogue=lambda: Scripted((Send(b"hello"), OK)), address=ADDRESS, timeout=TIMEOUT, today=today),
            lambda report: told.append("done"),
            lambda: told.append("gone"),
        )
        run.start()
        for _step in range(20):
            self.bench.clock.advance(0.1)
        return told

    def test_it_is_told_when_all_is_closed(self) -> None:
        self.assertEqual(self.gone(Peer()), ["done", "gone"])

    def test_it_is_told_when_there_was_nothing_to_close(self) -> None:
        self.assertEqual(self.gone(None), ["done", "gone"])

    def test_it_is_told_when_the_peer_had_to_be_left(self) -> None:
        class Deaf(Peer):
            def accepted(self, stream: Stream) -> None:
                self.stream = stream

        self.assertEqual(self.gone(Deaf(), capacity=2), ["done", "gone"])


class CancelTests(RunnerTestCase):
    def test_a_cancelled_run_tells_nobody_wherever_it_stands(self) -> None:
        for peer, tls in ((None, None), (Peer(), None), (Peer(), client_tls(implicit=True))):
            bench = Bench()
            if peer is None:
                bench.network.blackhole(ADDRESS)
            else:
                bench.serve(peer)
            bench.begin(Scripted(), tls=tls).cancel()
            bench.clock.advance(TIMEOUT * 2)
            self.assertEqual(bench.reports, [])
            self.assertTrue(all(stream.lost for stream in bench.network.streams))


class ExplainerTests(RunnerTestCase):
    def explained(self, explain: Callable[[Outcome], Outcome]) -> Outcome:
        class Explaining(Scripted):
            def explain(self, outcome: Outcome) -> Outcome:
                return explain(outcome)

        return self.bench.run(Explaining())

    def test_a_dialogue_may_say_what_a_failed_connection_was_about(self) -> None:
        outcome = self.explained(lambda outcome: attrs.evolve(outcome, text=f"{outcome.text}, of emsmdb"))
        self.assertEqual((outcome.status, outcome.text), (Status.L4CON, "connection refused at 192.0.2.1:25, of emsmdb"))

    def test_and_what_a_timeout_was_about(self) -> None:
        self.bench.serve(Peer())
        outcome = self.explained(lambda outcome: attrs.evolve(outcome, text="of emsmdb"))
        self.assertEqual((outcome.status, outcome.text), (Status.L7TOUT, "of emsmdb"))

    def test_one_that_breaks_over_it_changes_nothing(self) -> None:
        def broken(outcome: Outcome) -> Outcome:
            raise RuntimeError("no idea")

        self.assertEqual(self.explained(broken).text, "connection refused at 192.0.2.1:25")
