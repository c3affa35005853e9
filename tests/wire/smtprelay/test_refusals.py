"""Tests for :mod:`exproxy.wire.smtprelay.refusals`."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.mailsettings import Settings, StartTls
from exproxy.wire.smtprelay import answers
from exproxy.wire.smtprelay.commands import Kind
from exproxy.wire.smtprelay.facts import Facts
from exproxy.wire.smtprelay.refusals import refusal, starttls_refusal

CLEAR, TLS = Facts(), Facts(tls=True)
OFFLOAD = Settings(StartTls.OFFER)
STRICT = Settings(StartTls.OFFER, require_tls=True)
HARMLESS = {Kind.EHLO, Kind.HELO, Kind.FREE, Kind.RSET, Kind.QUIT, Kind.TLS}
NEVER = {Kind.DENIED: answers.DENIED, Kind.NOT_FOLLOWED: answers.NOT_FOLLOWED}


class RefusalTests(SynchronousTestCase):
    def test_what_is_never_passed(self) -> None:
        for kind, answer in NEVER.items():
            for settings in (OFFLOAD, STRICT, Settings(StartTls.PASS)):
                for facts in (CLEAR, TLS):
                    self.assertIs(refusal(kind, settings, facts, greeted=True), answer)

    def test_everything_else_passes(self) -> None:
        kinds = set(Kind) - NEVER.keys()
        self.assertEqual({kind for kind in kinds if refusal(kind, OFFLOAD, CLEAR, greeted=True)}, set())

    def test_before_tls_that_is_required_only_the_harmless_passes(self) -> None:
        passed = {kind for kind in Kind if refusal(kind, STRICT, CLEAR, greeted=True) is None}
        self.assertEqual(passed, HARMLESS | {Kind.STARTTLS})

    def test_before_a_new_ehlo_only_the_harmless_passes(self) -> None:
        self.assertEqual({kind for kind in Kind if refusal(kind, STRICT, TLS, greeted=False) is None}, HARMLESS)


class StartTlsTests(SynchronousTestCase):
    def test_it_begins_where_we_offer_it(self) -> None:
        self.assertIsNone(starttls_refusal(b"STARTTLS \r\n", OFFLOAD, CLEAR))

    def test_it_begins_once(self) -> None:
        self.assertIs(starttls_refusal(b"STARTTLS\r\n", OFFLOAD, TLS), answers.TLS_ACTIVE)

    def test_it_begins_nowhere_else(self) -> None:
        self.assertIs(starttls_refusal(b"STARTTLS\r\n", Settings(), CLEAR), answers.TLS_NOT_OFFERED)

    def test_it_has_no_parameters(self) -> None:
        self.assertIs(starttls_refusal(b"STARTTLS x\r\n", OFFLOAD, CLEAR), answers.TLS_PARAMETERS)

    def test_it_does_not_begin_after_auth(self) -> None:
        self.assertIs(starttls_refusal(b"STARTTLS\r\n", OFFLOAD, Facts(authenticated=True)), answers.TLS_AFTER_AUTH)
