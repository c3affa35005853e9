"""Tests for :mod:`exproxy.wire.dialogue.imap`."""

from exproxy.wire.dialogue.base import Outcome, Status
from exproxy.wire.dialogue.imap import ImapCheck
from tests.wire.dialogue.playing import GarbageMixin, PlayTestCase

GREETING = "server: * OK The Microsoft Exchange IMAP4 service is ready"
CAPABILITY = "server: * CAPABILITY IMAP4rev1 STARTTLS IDLE"
DONE = "server: a1 OK CAPABILITY completed."
OFFERS = ("IDLE", "IMAP4REV1", "STARTTLS")


class PlainTests(GarbageMixin, PlayTestCase):
    def dialogue(self) -> ImapCheck:
        return ImapCheck()

    def test_a_server_that_is_well(self) -> None:
        outcome = self.play(
            GREETING,
            "we: a1 CAPABILITY",
            CAPABILITY,
            DONE,
            "we: bye LOGOUT",
            "server: * BYE logging out",
            "server: bye OK LOGOUT completed.",
        )
        said = "IMAP said OK The Microsoft Exchange IMAP4 service is ready"
        self.assertEqual(outcome, Outcome(Status.L7OKD, said, None, "a1 OK CAPABILITY completed.", offers=OFFERS))

    def test_one_that_closes_instead_of_an_answer_to_logout_is_well(self) -> None:
        outcome = self.play(GREETING, "we: a1 CAPABILITY", CAPABILITY, DONE, "we: bye LOGOUT", "server: * BYE", "(close)")
        self.assertEqual(outcome.status, Status.L7OKD)

    def test_one_that_tells_its_capabilities_with_the_ok_is_well(self) -> None:
        outcome = self.play(
            GREETING, "we: a1 CAPABILITY", "server: a1 OK [CAPABILITY IMAP4rev2] done", "we: bye LOGOUT", "(close)"
        )
        self.assertEqual(outcome.status, Status.L7OKD)

    def test_other_untagged_responses_are_passed_over(self) -> None:
        outcome = self.play(
            GREETING,
            "we: a1 CAPABILITY",
            "server: * OK still here",
            "server: * 3 EXISTS",
            CAPABILITY,
            DONE,
            "we: bye LOGOUT",
            "(close)",
        )
        self.assertEqual(outcome.status, Status.L7OKD)

    def test_preauth_is_well(self) -> None:
        outcome = self.play("server: * PREAUTH hello", "we: a1 CAPABILITY", CAPABILITY, DONE, "we: bye LOGOUT", "(close)")
        self.assertEqual(outcome.text, "IMAP said PREAUTH hello")

    def test_bye_is_a_failure(self) -> None:
        outcome = self.play("server: * BYE too many connections", "we: bye LOGOUT", "(close)")
        self.assertEqual(outcome.status, Status.L7STS)
        self.assertEqual(outcome.text, "IMAP said BYE too many connections, expected OK as the greeting")

    def test_bye_within_the_conversation_is_a_failure(self) -> None:
        outcome = self.play(GREETING, "we: a1 CAPABILITY", "server: * BYE shutting down", "we: bye LOGOUT", "(close)")
        self.assertEqual(outcome.status, Status.L7STS)
        self.assertEqual(outcome.text, "IMAP said BYE shutting down, expected OK as the answer to CAPABILITY")

    def test_a_refusal_of_capability(self) -> None:
        outcome = self.play(GREETING, "we: a1 CAPABILITY", "server: a1 BAD what?", "we: bye LOGOUT", "server: bye BAD what?")
        self.assertEqual(outcome.text, "IMAP said BAD what?, expected OK as the answer to CAPABILITY")

    def test_an_ok_without_capabilities(self) -> None:
        outcome = self.play(GREETING, "we: a1 CAPABILITY", "server: a1 OK done", "we: bye LOGOUT", "(close)")
        self.assertEqual(outcome.status, Status.L7RSP)
        self.assertEqual(outcome.text, "IMAP said OK done to CAPABILITY, but told none")

    def test_capabilities_without_imap(self) -> None:
        outcome = self.play(
            GREETING, "we: a1 CAPABILITY", "server: * CAPABILITY IMAP2", "server: a1 OK done", "we: bye LOGOUT", "(close)"
        )
        self.assertEqual(outcome.status, Status.L7RSP)

    def test_another_protocol(self) -> None:
        outcome = self.play("server: 220 ex1 ESMTP", "we: bye LOGOUT")
        self.assertEqual(outcome.status, Status.L7RSP)
        self.assertEqual(outcome.line, "220 ex1 ESMTP")

    def test_a_greeting_that_is_none(self) -> None:
        outcome = self.play("server: * 12 EXISTS", "we: bye LOGOUT")
        self.assertEqual(outcome.text, "IMAP was not spoken (IMAP greeting: it is not OK, PREAUTH or BYE)")

    def test_an_answer_to_another_command(self) -> None:
        outcome = self.play(GREETING, "we: a1 CAPABILITY", "server: zz OK done", "we: bye LOGOUT")
        self.assertEqual(outcome.text, "IMAP was not spoken (IMAP response: the tag is zz, expected a1)")

    def test_a_continuation_that_nobody_asked_for(self) -> None:
        outcome = self.play(GREETING, "we: a1 CAPABILITY", "server: + go on", "we: bye LOGOUT")
        self.assertEqual(outcome.status, Status.L7RSP)

    def test_a_close_after_capability(self) -> None:
        outcome = self.play(GREETING, "we: a1 CAPABILITY", "(close)")
        self.assertEqual(outcome.text, "IMAP closed the connection instead of the answer to CAPABILITY")


class StartTlsTests(GarbageMixin, PlayTestCase):
    prologue = b"* OK ready\r\n* CAPABILITY IMAP4rev1 STARTTLS\r\na1 OK done\r\n"

    def dialogue(self) -> ImapCheck:
        return ImapCheck(starttls=True)

    def test_a_server_that_is_well_tells_its_capabilities_again_over_tls(self) -> None:
        outcome = self.play(
            GREETING,
            "we: a1 CAPABILITY",
            CAPABILITY,
            DONE,
            "we: a2 STARTTLS",
            "server: a2 OK Begin TLS negotiation now.",
            "(handshake)",
            "we: a3 CAPABILITY",
            "server: * CAPABILITY IMAP4rev1 AUTH=PLAIN",
            "server: a3 OK done",
            "we: bye LOGOUT",
            "server: bye OK done",
        )
        self.assertEqual(outcome.status, Status.L7OKD)
        self.assertIn("over TLS", outcome.text)

    def test_capabilities_that_were_told_in_clear_do_not_count_over_tls(self) -> None:
        outcome = self.play(
            GREETING, "we: a1 CAPABILITY", CAPABILITY, DONE, "we: a2 STARTTLS", "server: a2 OK go", "(handshake)",
            "we: a3 CAPABILITY", "server: a3 OK done", "we: bye LOGOUT", "(close)",
        )  # fmt: skip
        self.assertEqual(outcome.status, Status.L7RSP)

    def test_a_server_that_does_not_offer_it_fails(self) -> None:
        outcome = self.play(GREETING, "we: a1 CAPABILITY", "server: * CAPABILITY IMAP4rev1", DONE, "we: bye LOGOUT", "(close)")
        self.assertEqual(outcome.status, Status.L7STS)
        self.assertEqual(outcome.text, "IMAP does not offer STARTTLS among its capabilities")

    def test_a_server_that_refuses_it_fails(self) -> None:
        outcome = self.play(
            GREETING,
            "we: a1 CAPABILITY",
            CAPABILITY,
            DONE,
            "we: a2 STARTTLS",
            "server: a2 NO no key",
            "we: bye LOGOUT",
            "(close)",
        )
        self.assertEqual(outcome.text, "IMAP said NO no key, expected OK as the answer to STARTTLS")

    def test_preauth_leaves_no_room_for_it(self) -> None:
        outcome = self.play("server: * PREAUTH hello", "we: a1 CAPABILITY", CAPABILITY, DONE, "we: bye LOGOUT", "(close)")
        self.assertEqual(outcome.status, Status.L7STS)
        self.assertEqual(outcome.text, "IMAP greets with PREAUTH, after which there is no STARTTLS")

    def test_what_comes_in_clear_behind_the_answer_is_an_attack(self) -> None:
        check = self.dialogue()
        check.start()
        check.receive(self.prologue)
        (finish,) = check.receive(b"a2 OK go\r\n* CAPABILITY IMAP4rev1\r\n")
        self.assertEqual(finish.outcome.status, Status.L7RSP)
