"""Profiles, as OpenSSL takes them."""

from OpenSSL import SSL
from twisted.trial.unittest import SynchronousTestCase

from exproxy.net.tls.profiles import BUILT_IN, Profile, ProfileError
from tests.net.tls.handshakes import context_of, shake_hands


class ProfileTests(SynchronousTestCase):
    def versions(self, profile: Profile) -> list[str]:
        """Those that a server with this profile speaks, with its own ciphers."""
        spoken = []
        for version in (SSL.TLS1_VERSION, SSL.TLS1_1_VERSION, SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION):
            client = SSL.Context(SSL.TLS_CLIENT_METHOD)
            client.set_cipher_list(b"ALL:@SECLEVEL=0")
            client.set_min_proto_version(version)
            client.set_max_proto_version(version)
            try:
                spoken.append(shake_hands(client, context_of(profile))[0].get_protocol_version_name())
            except SSL.Error:
                continue
        return spoken

    def test_each_speaks_what_it_says(self) -> None:
        self.assertEqual(self.versions(BUILT_IN["modern"]), ["TLSv1.3"])
        self.assertEqual(self.versions(BUILT_IN["intermediate"]), ["TLSv1.2", "TLSv1.3"])
        self.assertEqual(self.versions(BUILT_IN["mx"]), ["TLSv1.2", "TLSv1.3"])
        self.assertEqual(self.versions(BUILT_IN["legacy"]), ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"])

    def test_mx_takes_ciphers_that_intermediate_does_not(self) -> None:
        client = SSL.Context(SSL.TLS_CLIENT_METHOD)
        client.set_max_proto_version(SSL.TLS1_2_VERSION)
        client.set_cipher_list(b"ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA")
        self.assertRaises(SSL.Error, shake_hands, client, context_of(BUILT_IN["intermediate"]))
        shake_hands(client, context_of(BUILT_IN["mx"]))

    def test_ciphers_that_openssl_does_not_know_are_named(self) -> None:
        error = self.assertRaises(ProfileError, context_of, Profile("mine", ciphers="NONSENSE"))
        self.assertEqual(str(error), 'OpenSSL knows none of the ciphers "NONSENSE" of TLS profile mine')
        error = self.assertRaises(ProfileError, context_of, Profile("mine", suites="NONSENSE"))
        self.assertEqual(str(error), 'OpenSSL knows none of the ciphersuites "NONSENSE" of TLS profile mine')
