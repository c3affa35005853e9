"""Lines that would be a forged identity."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.web.claims import KNOWN, certificate_claims


class ClaimTests(SynchronousTestCase):
    def test_every_spelling_of_what_is_known_and_of_what_is_said(self) -> None:
        claims = certificate_claims(["X-Who-Is"])
        self.assertLess({b"x-who-is", b"x_who-is", b"x-who_is", b"x_who_is", b"client-cert", b"x_ssl_client_dn"}, claims)
        self.assertLess(set(KNOWN), claims)

    def test_names_are_lower_case_as_they_are_compared(self) -> None:
        self.assertTrue(all(name == name.lower() for name in certificate_claims()))
