"""Words about connections and certificates."""

import errno
from datetime import UTC, datetime

from twisted.trial.unittest import SynchronousTestCase

from exproxy.check.words import at, certificate_line, connect_reason
from exproxy.net.certificate import PeerCertificate

BEGIN, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)


class ConnectReasonTests(SynchronousTestCase):
    def test_each_is_words(self) -> None:
        for error, words in (
            (ConnectionRefusedError(), "connection refused"),
            (OSError(errno.EHOSTUNREACH, "No route to host"), "no route to the host"),
            (OSError(errno.EADDRNOTAVAIL, "x"), "the address to connect from is not ours, or all its ports are taken"),
            (OSError(errno.ENOBUFS, "No buffer space available"), "no buffer space available"),
            (ValueError("odd"), "odd"),
            (ValueError(), "ValueError"),
        ):
            self.assertEqual(connect_reason(error), words)


class AtTests(SynchronousTestCase):
    def test_ipv6_has_brackets(self) -> None:
        self.assertEqual((at("10.0.0.5", 25), at("fd00::5", 25)), ("10.0.0.5:25", "[fd00::5]:25"))


class CertificateLineTests(SynchronousTestCase):
    def test_names_and_the_last_day_are_told(self) -> None:
        certificate = PeerCertificate("CN=x", "CN=ca", ("mail.example.com", "10.0.0.5"), BEGIN, END)
        self.assertEqual(certificate_line(certificate), "certificate for mail.example.com, 10.0.0.5, until 2026-04-01")

    def test_without_names_the_subject_is(self) -> None:
        self.assertEqual(certificate_line(PeerCertificate("CN=x", "", (), BEGIN, END)), "certificate for CN=x, until 2026-04-01")

    def test_what_is_wrong_with_it_stands_behind(self) -> None:
        certificate = PeerCertificate("CN=x", "CN=x", ("x",), BEGIN, END, "it is self-signed", "it is for x, not for y")
        self.assertTrue(certificate_line(certificate).endswith(" (it is self-signed; it is for x, not for y)"))
