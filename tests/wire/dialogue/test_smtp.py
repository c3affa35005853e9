"""Tests for :mod:`exproxy.wire.dialogue.smtp`."""

from exproxy.wire.dialogue.base import Outcome, Status
from exproxy.wire.dialogue.smtp import SmtpCheck
from tests.wire.dialogue.playing import GarbageMixin, PlayTestCase

BANNER = "server: 220 ex1.example.com Microsoft ESMTP MAIL Service ready"
EHLO = "we: EHLO lb.example.com"


class PlainTests(GarbageMixin, PlayTestCase):
    def dialogue(self) -> SmtpCheck:
        return SmtpCheck("lb.example.com")

    def test_a_server_that_is_well(self) -> None:
        outcome = self.play(
            BANNER,
            EHLO,
            "server: 250-ex1.example.com Hello [10.0.0.9]",
            "server: 250-SIZE 37748736",
            "server: 250 8BITMIME",
            "we: QUIT",
            "server: 221 2.0.0 Service closing transmission channel",
        )
        said = "SMTP said 220 ex1.example.com Microsoft ESMTP MAIL Service ready"
        self.assertEqual(outcome, Outcome(Status.L7OKD, said, 250, "250 8BITMIME", offers=("SIZE 37748736", "8BITMIME")))

    def test_a_banner_of_several_lines(self) -> None:
        outcome = self.play("server: 220-ex1", "server: 220 ready", EHLO, "server: 250 ex1", "we: QUIT", "server: 221 bye")
        self.assertEqual(outcome.status, Status.L7OKD)

    def test_a_server_that_closes_instead_of_an_answer_to_quit_is_well(self) -> None:
        self.assertEqual(self.play(BANNER, EHLO, "server: 250 ex1", "we: QUIT", "(close)").status, Status.L7OKD)

    def test_garbage_after_the_judgement_changes_nothing(self) -> None:
        outcome = self.play(BANNER, EHLO, "server: 250 ex1", "we: QUIT", "server: no SMTP at all")
        self.assertEqual(outcome.status, Status.L7OKD)

    def test_a_refusal_of_quit_changes_nothing(self) -> None:
        outcome = self.play(BANNER, EHLO, "server: 250 ex1", "we: QUIT", "server: 421 4.3.2 Service not active")
        self.assertEqual(outcome.status, Status.L7OKD)

    def test_exchange_in_maintenance_is_stopping(self) -> None:
        outcome = self.play("server: 421 4.3.2 Service not active", "we: QUIT", "(close)")
        self.assertEqual(
            outcome,
            Outcome(
                Status.L7OKC,
                "SMTP said 421 4.3.2 Service not active: Exchange is in maintenance",
                421,
                "421 4.3.2 Service not active",
            ),
        )

    def test_maintenance_that_begins_within_the_conversation_is_stopping(self) -> None:
        outcome = self.play(BANNER, EHLO, "server: 421 4.3.2 Service not active", "we: QUIT", "server: 221 bye")
        self.assertEqual(outcome.status, Status.L7OKC)

    def test_another_server_that_says_so_is_not_called_exchange(self) -> None:
        outcome = self.play("server: 421 4.3.2 All server ports are busy", "we: QUIT", "(close)")
        self.assertEqual(outcome.status, Status.L7OKC)
        self.assertEqual(outcome.text, "SMTP said 421 4.3.2 All server ports are busy: it takes no new sessions")

    def test_any_other_421_is_a_failure(self) -> None:
        outcome = self.play("server: 421 4.3.1 Insufficient system resources", "we: QUIT", "server: 221 bye")
        self.assertEqual(outcome.status, Status.L7STS)
        self.assertEqual(outcome.text, "SMTP said 421 4.3.1 Insufficient system resources, expected 220 as the greeting")

    def test_a_refusal_in_the_greeting_is_answered_with_quit(self) -> None:
        outcome = self.play("server: 554 5.7.1 not you", "we: QUIT", "server: 221 bye")
        self.assertEqual((outcome.status, outcome.code), (Status.L7STS, 554))
        self.assertEqual(outcome.text, "SMTP said 554 5.7.1 not you, expected 220 as the greeting")

    def test_a_refusal_of_ehlo(self) -> None:
        outcome = self.play(BANNER, EHLO, "server: 502 what?", "we: QUIT", "server: 221 bye")
        self.assertEqual(outcome.status, Status.L7STS)
        self.assertEqual(outcome.text, "SMTP said 502 what?, expected 250 as the answer to EHLO")

    def test_late_answers_before_the_goodbye_are_passed_over(self) -> None:
        outcome = self.play("server: 554 no", "we: QUIT", "server: 250 ex1", "server: 221 bye")
        self.assertEqual(outcome.code, 554)

    def test_a_server_that_speaks_ahead_is_understood(self) -> None:
        outcome = self.play(BANNER, "server: 250 ex1", EHLO, "we: QUIT", "(close)")
        self.assertEqual(outcome.status, Status.L7OKD)

    def test_another_protocol(self) -> None:
        outcome = self.play("server: +OK POP3 ready", "we: QUIT")
        self.assertEqual(outcome.status, Status.L7RSP)
        self.assertEqual(
            outcome.text,
            "SMTP was not spoken (SMTP reply, line 1: it does not begin with a three-digit code: '+OK POP3 ready')",
        )
        self.assertEqual(outcome.line, "+OK POP3 ready")

    def test_garbage_within_a_reply(self) -> None:
        outcome = self.play(BANNER, EHLO, "server: 250-ex1", "server: \x07\x07", "we: QUIT")
        self.assertEqual(outcome.line, r"\x07\x07")

    def test_a_close_without_a_word(self) -> None:
        outcome = self.play("(close)")
        self.assertEqual(outcome, Outcome(Status.L7RSP, "SMTP closed the connection instead of the greeting"))

    def test_a_close_within_the_banner(self) -> None:
        outcome = self.play(b"220 ex", "(close)")
        self.assertEqual(outcome, Outcome(Status.L7RSP, "SMTP closed the connection instead of the greeting", None, "220 ex"))

    def test_a_close_after_ehlo(self) -> None:
        outcome = self.play(BANNER, EHLO, "(close)")
        self.assertEqual(outcome.text, "SMTP closed the connection instead of the answer to EHLO")

    def test_an_endless_banner_of_lines(self) -> None:
        check = self.dialogue()
        check.start()
        *_, finish = check.receive(b"220-welcome\r\n" * 101)
        self.assertEqual(finish.outcome.status, Status.L7RSP)
        self.assertIn("longer than 100 lines", finish.outcome.text)

    def test_the_line_that_is_coming_is_what_a_timeout_shows(self) -> None:
        check = self.dialogue()
        check.start()
        check.receive(b"220-hello\r\n220 ex")
        self.assertEqual(check.last_line(), "220 ex")

    def test_the_judgement_can_be_read_while_the_goodbye_is_awaited(self) -> None:
        check = self.dialogue()
        check.start()
        check.receive(b"554 no\r\n")
        assert check.judged is not None
        self.assertEqual(check.judged.status, Status.L7STS)

    def test_a_name_that_would_break_the_command_is_refused(self) -> None:
        for helo in ("", "a b", "a\r\nQUIT", "ö"):
            self.assertRaises(ValueError, SmtpCheck, helo)


class StartTlsTests(GarbageMixin, PlayTestCase):
    prologue = b"220 ex1\r\n250-ex1\r\n250 STARTTLS\r\n"

    def dialogue(self) -> SmtpCheck:
        return SmtpCheck("lb.example.com", starttls=True)

    def test_a_server_that_is_well_says_its_extensions_again_over_tls(self) -> None:
        outcome = self.play(
            BANNER,
            EHLO,
            "server: 250-ex1",
            "server: 250 STARTTLS",
            "we: STARTTLS",
            "server: 220 2.0.0 SMTP server ready",
            "(handshake)",
            EHLO,
            "server: 250 ex1",
            "we: QUIT",
            "server: 221 bye",
        )
        self.assertEqual(outcome.status, Status.L7OKD)
        self.assertTrue(outcome.text.endswith(", and answered again over TLS"), outcome.text)

    def test_a_server_that_does_not_offer_it_fails(self) -> None:
        outcome = self.play(BANNER, EHLO, "server: 250 ex1", "we: QUIT", "server: 221 bye")
        self.assertEqual(outcome.status, Status.L7STS)
        self.assertEqual(outcome.text, "SMTP does not offer STARTTLS in its answer to EHLO")

    def test_a_server_that_refuses_it_fails(self) -> None:
        outcome = self.play(
            BANNER,
            EHLO,
            "server: 250-x",
            "server: 250 starttls",
            "we: STARTTLS",
            "server: 454 4.7.0 no key",
            "we: QUIT",
            "(close)",
        )
        self.assertEqual(outcome.status, Status.L7STS)
        self.assertEqual(outcome.text, "SMTP said 454 4.7.0 no key, expected 220 as the answer to STARTTLS")

    def test_maintenance_instead_of_the_handshake_is_stopping(self) -> None:
        outcome = self.play(
            BANNER,
            EHLO,
            "server: 250-x",
            "server: 250 STARTTLS",
            "we: STARTTLS",
            "server: 421 4.3.2 Service not active",
            "we: QUIT",
            "(close)",
        )
        self.assertEqual(outcome.status, Status.L7OKC)

    def to_handshake(self) -> SmtpCheck:
        check = self.dialogue()
        check.start()
        check.receive(self.prologue)
        return check

    def test_what_comes_in_clear_behind_the_answer_is_an_attack(self) -> None:
        check = self.to_handshake()
        (finish,) = check.receive(b"220 go\r\n250 injected\r\n")
        self.assertEqual(finish.outcome.status, Status.L7RSP)
        self.assertEqual(finish.outcome.text, "SMTP sent more in clear behind its answer to STARTTLS")

    def test_also_when_it_comes_a_moment_later(self) -> None:
        whole, cut = self.to_handshake(), self.to_handshake()
        cut.receive(b"220 go\r\n")
        self.assertEqual(list(cut.receive(b"2")), list(whole.receive(b"220 go\r\n2")))

    def test_a_close_within_the_handshake(self) -> None:
        check = self.to_handshake()
        check.receive(b"220 go\r\n")
        (finish,) = check.closed()
        self.assertEqual(finish.outcome.status, Status.L6RSP)
        self.assertEqual(finish.outcome.text, "SMTP closed during the TLS handshake")

    def test_a_handshake_that_nobody_asked_for_changes_nothing(self) -> None:
        self.assertEqual(self.dialogue().secured(), ())
