import datetime

from cryptography import x509
from twisted.trial.unittest import SynchronousTestCase

from exproxy.simulator.certificate import NAMES, self_signed

NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


class SelfSignedTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.certificate = x509.load_pem_x509_certificate(self_signed(NOW).pem)

    def test_it_carries_the_names_of_the_site(self) -> None:
        names = self.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        self.assertEqual(tuple(names.get_values_for_type(x509.DNSName)), NAMES)

    def test_it_is_valid_for_90_days_from_now(self) -> None:
        self.assertLess(self.certificate.not_valid_before_utc, NOW)
        self.assertEqual(self.certificate.not_valid_after_utc - NOW, datetime.timedelta(days=90))

    def test_the_pem_has_no_key_in_it(self) -> None:
        self.assertNotIn(b"PRIVATE", self_signed(NOW).pem)

    def test_who_is_to_have_it_too_gets_the_key_with_it(self) -> None:
        made = self_signed(NOW)
        self.assertIn(b"PRIVATE", made.private)
        self.assertTrue(made.private.endswith(made.pem))

    def test_two_sites_have_two_keys(self) -> None:
        self.assertNotEqual(self_signed(NOW).pem, self_signed(NOW).pem)
