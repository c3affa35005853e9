"""Tests for :mod:`exproxy.wire.dialogue.pop3`."""

from exproxy.wire.dialogue.base import Outcome, Status
from exproxy.wire.dialogue.pop3 import Pop3Check
from tests.wire.dialogue.playing import GarbageMixin, PlayTestCase

GREETING = "server: +OK The Microsoft Exchange POP3 service is ready"
CAPABILITIES = ("server: +OK", "server: TOP", "server: STLS", "server: .")


class PlainTests(GarbageMixin, PlayTestCase):
    def dialogue(self) -> Pop3Check:
        return Pop3Check()

    def test_a_server_that_is_well(self) -> None:
        outcome = self.play(GREETING, "we: CAPA", *CAPABILITIES, "we: QUIT", "server: +OK bye")
        said = "POP3 said +OK The Microsoft Exchange POP3 service is ready"
        self.assertEqual(outcome, Outcome(Status.L7OKD, said, None, ".", offers=("TOP", "STLS")))

    def test_one_that_does_not_know_capa_is_well(self) -> None:
        outcome = self.play(GREETING, "we: CAPA", "server: -ERR what?", "we: QUIT", "server: +OK bye")
        self.assertEqual(outcome.status, Status.L7OKD)

    def test_one_that_closes_instead_of_an_answer_to_quit_is_well(self) -> None:
        self.assertEqual(self.play(GREETING, "we: CAPA", *CAPABILITIES, "we: QUIT", "(close)").status, Status.L7OKD)

    def test_garbage_after_the_judgement_changes_nothing(self) -> None:
        outcome = self.play(GREETING, "we: CAPA", *CAPABILITIES, "we: QUIT", "server: tschüss")
        self.assertEqual(outcome.status, Status.L7OKD)

    def test_err_is_a_failure(self) -> None:
        outcome = self.play("server: -ERR [SYS/TEMP] later", "we: QUIT", "server: +OK bye")
        self.assertEqual(outcome.status, Status.L7STS)
        self.assertEqual(outcome.text, "POP3 said -ERR [SYS/TEMP] later, expected +OK as the greeting")

    def test_another_protocol(self) -> None:
        outcome = self.play("server: * OK IMAP", "we: QUIT")
        self.assertEqual(outcome.status, Status.L7RSP)
        self.assertEqual(outcome.text, "POP3 was not spoken (POP3 reply: it begins neither with +OK nor with -ERR: '* OK IMAP')")

    def test_a_close_within_the_list(self) -> None:
        outcome = self.play(GREETING, "we: CAPA", "server: +OK", "server: TOP", "(close)")
        self.assertEqual(outcome.status, Status.L7RSP)
        self.assertEqual(outcome.text, "POP3 closed the connection instead of the list of capabilities")


class StartTlsTests(GarbageMixin, PlayTestCase):
    prologue = b"+OK ready\r\n+OK\r\nSTLS\r\n.\r\n"

    def dialogue(self) -> Pop3Check:
        return Pop3Check(starttls=True)

    def test_a_server_that_is_well_answers_again_over_tls(self) -> None:
        outcome = self.play(
            GREETING, "we: CAPA", *CAPABILITIES, "we: STLS", "server: +OK go", "(handshake)",
            "we: CAPA", *CAPABILITIES, "we: QUIT", "server: +OK bye",
        )  # fmt: skip
        self.assertEqual(outcome.status, Status.L7OKD)
        self.assertIn("over TLS", outcome.text)

    def test_one_that_does_not_offer_it_fails(self) -> None:
        outcome = self.play(GREETING, "we: CAPA", "server: +OK", "server: TOP", "server: .", "we: QUIT", "server: +OK")
        self.assertEqual(outcome.status, Status.L7STS)
        self.assertEqual(outcome.text, "POP3 does not offer STLS among its capabilities")

    def test_one_that_does_not_know_capa_is_just_asked(self) -> None:
        outcome = self.play(
            GREETING, "we: CAPA", "server: -ERR what?", "we: STLS", "server: +OK go", "(handshake)",
            "we: CAPA", "server: -ERR what?", "we: QUIT", "(close)",
        )  # fmt: skip
        self.assertEqual(outcome.status, Status.L7OKD)

    def test_one_that_refuses_it_fails(self) -> None:
        outcome = self.play(GREETING, "we: CAPA", *CAPABILITIES, "we: STLS", "server: -ERR no key", "we: QUIT", "server: +OK")
        self.assertEqual(outcome.text, "POP3 said -ERR no key, expected +OK as the answer to STLS")

    def test_what_comes_in_clear_behind_the_answer_is_an_attack(self) -> None:
        check = self.dialogue()
        check.start()
        check.receive(self.prologue)
        (finish,) = check.receive(b"+OK go\r\n+OK injected\r\n")
        self.assertEqual(finish.outcome.status, Status.L7RSP)
