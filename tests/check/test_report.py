"""What a run leaves behind."""

import time
from datetime import UTC, datetime, timedelta

from twisted.trial.unittest import SynchronousTestCase

from exproxy.check.report import KEPT, MAX_LINES, MAX_WIDTH, Kept, Report, Transcript, Unwritten, certificate_warnings
from exproxy.net.certificate import PeerCertificate
from exproxy.wire.dialogue.base import Outcome, Status

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class ResultTests(SynchronousTestCase):
    def test_a_passed_check_is_passed_with_all_that_was_found(self) -> None:
        result = Report(Outcome(Status.L7OKD, "SMTP said 220", 220, "220 hello", ("old",), offers=("A",)), 0.25).result()
        self.assertEqual((result.passed, result.stopping, result.status), (True, False, "L7OKD"))
        self.assertEqual((result.text, result.code, result.line), ("SMTP said 220", 220, "220 hello"))
        self.assertEqual((result.duration, result.warnings, result.offers), (0.25, ("old",), ("A",)))

    def test_a_server_in_maintenance_is_stopping_and_has_not_passed(self) -> None:
        report = Report(Outcome(Status.L7OKC, "SMTP said 421 4.3.2"), 0.0)
        self.assertEqual((report.result().passed, report.result().stopping), (False, True))
        self.assertEqual((report.passed, report.stopping), (False, True))

    def test_a_failed_check_is_neither(self) -> None:
        result = Report(Outcome(Status.L4CON, "refused"), 0.0).result()
        self.assertEqual((result.passed, result.stopping), (False, False))


class TranscriptTests(SynchronousTestCase):
    def test_lines_are_marked_by_who_said_them(self) -> None:
        told: list[str] = []
        transcript = Transcript(tell=told.append)
        transcript.event("connected")
        transcript.theirs(b"220 hello\r\n")
        transcript.ours(b"EHLO me\r\n")
        self.assertEqual(transcript.lines, ["--- connected", "<<< 220 hello", ">>> EHLO me"])
        self.assertEqual(told, transcript.lines)

    def test_control_characters_do_not_reach_a_terminal(self) -> None:
        transcript = Transcript()
        transcript.theirs(b"220 a perfectly long and harmless greeting \x1b[31m\r\n")
        self.assertEqual(transcript.lines, ["<<< 220 a perfectly long and harmless greeting .[31m"])

    def test_what_is_no_text_is_shown_as_octets(self) -> None:
        transcript = Transcript()
        pdu = b"\x05\x00\x0b\x03" * 10
        transcript.theirs(pdu)
        self.assertEqual(transcript.lines, [f"<<< 40 bytes: {pdu[:32].hex(' ')} …"])

    def test_credentials_are_not_shown(self) -> None:
        transcript = Transcript()
        transcript.ours(b"GET / HTTP/1.1\r\nAuthorization: Basic YW5uYTpkZW1v\r\nproxy-authorization: NTLM TlRM\r\n\r\n")
        self.assertEqual(
            transcript.lines[1:3], [">>> Authorization: Basic (not shown)", ">>> proxy-authorization: NTLM (not shown)"]
        )

    def test_a_token_without_a_scheme_is_not_shown_either(self) -> None:
        transcript = Transcript()
        transcript.ours(b"GET / HTTP/1.1\r\nAuthorization: YW5uYTpkZW1v\r\n\r\n")
        self.assertEqual(transcript.lines[1], ">>> Authorization: (not shown)")

    def test_a_head_of_http_can_be_read_whatever_its_body_is(self) -> None:
        transcript = Transcript()
        transcript.theirs(b"HTTP/1.1 200 Success\r\nContent-Length: 20\r\n\r\n" + bytes(20))
        self.assertEqual(transcript.lines[:3], ["<<< HTTP/1.1 200 Success", "<<< Content-Length: 20", "<<< "])
        self.assertEqual(transcript.lines[3:], [f"<<< 20 bytes: {bytes(20).hex(' ')}"])

    def test_a_flood_stays_bounded(self) -> None:
        transcript = Transcript()
        for _turn in range(20):
            transcript.theirs(b"x" * 1000 + b"\r\n" + b"y\r\n" * 100_000)
        self.assertEqual(len(transcript.lines), MAX_LINES + 1)
        self.assertEqual(transcript.lines[-1], "--- and more, which is not shown")
        self.assertLessEqual(max(map(len, transcript.lines)), MAX_WIDTH + 4)

    def test_headers_that_may_be_secrets_are_not_shown(self) -> None:
        transcript = Transcript()
        transcript.ours(b"GET / HTTP/1.1\r\nCookie: session=x\r\nX-Api-Key: y\r\nX-My-Token-Of: z\r\nAccept: */*\r\n\r\n")
        transcript.theirs(b"HTTP/1.1 200 OK\r\nSet-Cookie: session=x\r\nWWW-Authenticate: Negotiate\r\n\r\n")
        self.assertEqual(
            [line[4:] for line in transcript.lines if line[4:] not in ("", "GET / HTTP/1.1", "HTTP/1.1 200 OK")],
            [
                "Cookie: (not shown)",
                "X-Api-Key: (not shown)",
                "X-My-Token-Of: (not shown)",
                "Accept: */*",
                "Set-Cookie: (not shown)",
                "WWW-Authenticate: Negotiate",
            ],
        )

    def test_what_is_kept_for_later_is_bounded_and_cheap_whatever_a_server_says(self) -> None:
        for data in (b"x" * 200_000, b"y\r\n" * 100_000, b"\0" * 200_000, b"a-" * 100_000, b"<script>\x1b[31m\r\n" * 10_000):
            kept = Kept()
            kept.event("connected")
            began = time.process_time()
            for _turn in range(20):
                kept.theirs(data)
            self.assertLess(time.process_time() - began, 0.5)
            self.assertLessEqual(sum(map(len, kept.lines)), KEPT + MAX_WIDTH + 40)
            self.assertTrue(all(line.isprintable() for line in kept.lines))
            self.assertEqual(kept.lines[0], "--- connected")

    def test_what_is_left_out_of_what_is_kept_is_said(self) -> None:
        kept = Kept()
        for number in range(1000):
            kept.theirs(b"250 line %d\r\n" % number)
        self.assertEqual(kept.lines[-1], "--- and more, which is not shown")

    def test_unwritten_keeps_nothing(self) -> None:
        transcript = Unwritten()
        transcript.event("connected")
        transcript.ours(b"hello\r\n")
        self.assertEqual(transcript.lines, [])


class CertificateWarningTests(SynchronousTestCase):
    def warnings(self, left: timedelta) -> tuple[str, ...]:
        certificate = PeerCertificate("CN=x", "CN=y", ("x",), NOW - timedelta(days=400), NOW + left)
        return certificate_warnings(certificate, NOW, 14)

    def test_enough_days_are_no_warning(self) -> None:
        self.assertEqual(self.warnings(timedelta(days=14)), ())

    def test_few_days_are_told_with_the_date(self) -> None:
        self.assertEqual(self.warnings(timedelta(days=13, hours=5)), ("the certificate expires in 13 days, on 2026-03-14",))
        self.assertEqual(self.warnings(timedelta(days=1, hours=5)), ("the certificate expires in 1 day, on 2026-03-02",))
        self.assertEqual(self.warnings(timedelta(hours=5)), ("the certificate expires in less than a day, on 2026-03-01",))

    def test_an_expired_one_is_told_with_the_date(self) -> None:
        self.assertEqual(self.warnings(-timedelta(days=3)), ("the certificate expired 3 days ago, on 2026-02-26",))
