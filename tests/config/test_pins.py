"""Hashes of keys in a file."""

from tests.config.support import ConfigTestCase

DIGEST = "A" * 42 + "/="
SITE = """
[frontends.web]
bind = ":443"
backend = "web"
[backends.web]
tls = {{ mode = "implicit", pin = {pin} }}
check = {{ type = "tls", tls = {{ pin = {pin} }} }}
servers = {{ a = "10.0.0.1:443" }}
"""


class PinTests(ConfigTestCase):
    def pins(self, said: str) -> list[tuple[str, ...]]:
        server = self.load(SITE.format(pin=said)).backends["web"].servers[0]
        assert server.tls is not None
        assert server.checks[0].tls is not None
        return [server.tls.pin, server.checks[0].tls.pin]

    def test_one_or_several_as_the_rfc_or_curl_writes_them(self) -> None:
        self.assertEqual(self.pins(f'"sha256/{DIGEST}"'), [(f"sha256/{DIGEST}",)] * 2)
        self.assertEqual(self.pins(f'["sha256//{DIGEST}", "SHA256/{DIGEST}"]'), [(f"sha256/{DIGEST}",) * 2] * 2)

    def test_what_is_no_hash(self) -> None:
        for text in ("sha256/abc", f"sha1/{DIGEST}", DIGEST, f"sha256/{DIGEST[:-2]}*=", f"sha256/{'A' * 44}", ""):
            found = self.problems(SITE.format(pin=f'"{text}"'))
            self.assertEqual(len(found), 2, text)
            self.assertIn(f'backends.web.tls.pin: "{text}" is not the hash of a public key', "".join(found))
