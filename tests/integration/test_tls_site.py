"""TLS of the real proxy besides certificates of clients: ALPN, stapled answers, whom a certificate is for, pins, authorities."""

import re
import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography import x509

from exproxy.net.pins import pin_of
from tests.integration.clients import PATIENCE, exproxy
from tests.integration.echo import Echo
from tests.integration.peers import needs
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.waiting import eventually
from tests.integration.proxy import Proxy
from tests.net.tls.files import intermediate, ocsp_answer
from tests.net.tlspeer import authority, stranger

FRONT, SERVERS = "127.0.40.1", "127.0.40.2"

SITE = """
[service]
workers = {workers}
[frontends.web]
mode = "http"
bind = "{front}:{web}"
backend = "plain"
tls = {{ mode = "implicit", certificates = ["ec.pem", "rsa.pem", "wild.pem"], warn_days = 400 }}
[frontends.relay]
bind = "{front}:{relay}"
backend = "plain"
tls = {{ mode = "implicit", certificates = "ec.pem", alpn = ["h2", "http/1.1"] }}
[frontends.pinned]
mode = "http"
bind = "{front}:{pinned}"
backend = "pinned"
[frontends.mispinned]
mode = "http"
bind = "{front}:{mispinned}"
backend = "mispinned"
[frontends.verified]
mode = "http"
bind = "{front}:{verified}"
backend = "verified"
[backends.plain]
check = "off"
servers = {{ one = "{plain}" }}
[backends.pinned]
check = {{ type = "tls", tls = {{ pin = "{pin}" }} }}
tls = {{ mode = "implicit", verify = false, pin = "{pin}" }}
servers = {{ one = "{secure}" }}
[backends.mispinned]
check = "off"
retries = 0
tls = {{ mode = "implicit", verify = false, pin = "{other}" }}
servers = {{ one = "{secure}" }}
[backends.verified]
check = "off"
retries = 0
tls = {{ mode = "implicit", ca = "ca.pem", name = "ex1.example.com" }}
servers = {{ one = "{secure}" }}
"""
OTHER = "sha256/" + "A" * 43 + "="


class TLSSiteTestCase(PeerTestCase):
    WORKERS = 1

    def setUp(self) -> None:
        super().setUp()
        needs.require(needs.CURL, needs.OPENSSL)
        server = authority().issue_cert("ex1.example.com")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.configure_cert(context)
        plain, secure = Echo(SERVERS), Echo(SERVERS, context)
        self.addCleanup(plain.stop)
        self.addCleanup(secure.stop)
        self.pin = pin_of(x509.load_pem_x509_certificate(server.cert_chain_pems[0].bytes()))
        self.secure = secure.place
        self.ports = {name: free_port(FRONT) for name in ("web", "relay", "pinned", "mispinned", "verified")}
        places = {"plain": plain.place, "secure": secure.place, "front": FRONT, "pin": self.pin, "other": OTHER}
        self.proxy = Proxy("proxy", FRONT, self.ports["web"], SITE.format(workers=self.WORKERS, **places, **self.ports))
        self.leaf = intermediate().issue_cert("mail.example.com", not_after=datetime.now(UTC) + timedelta(days=5, hours=1))
        self.write("ec.pem", self.leaf)
        self.write("rsa.pem", intermediate().issue_cert("mail.example.com", key_type=trustme.KeyType.RSA))
        self.write("wild.pem", intermediate().issue_cert("*.example.org"))
        self.path("ec.pem.ocsp").write_bytes(ocsp_answer(self.leaf))
        self.path("ca.pem").write_bytes(authority().cert_pem.bytes())
        self.started(self.proxy)
        self.addCleanup(self.proxy.end)

    def path(self, name: str) -> Path:
        return self.proxy.folder / name

    def write(self, name: str, leaf: trustme.LeafCert) -> None:
        leaf.private_key_and_cert_chain_pem.write_to_path(str(self.path(name)))

    def s_client(self, name: str, *options: str) -> str:
        """What it says of the handshake."""
        where = f"{FRONT}:{self.ports[name]}"
        command = ["openssl", "s_client", "-connect", where, "-CAfile", str(self.path("ca.pem")), *options]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False)
        return (done.stdout + done.stderr).decode("latin-1")

    def curl(self, name: str, *options: str, scheme: str = "http") -> tuple[int, str]:
        """Status of the answer, and the protocol."""
        where = f"mail.example.com:{self.ports[name]}"
        command = ["curl", "--silent", "--max-time", str(PATIENCE), "--cacert", str(self.path("ca.pem")), "--output", "/dev/null"]
        command += [
            "--write-out",
            "%{http_code} %{http_version}",
            "--resolve",
            f"{where}:{FRONT}",
            *options,
            f"{scheme}://{where}/",
        ]
        said = subprocess.run(command, capture_output=True, timeout=3 * PATIENCE, check=False).stdout.decode()
        status, _, version = said.partition(" ")
        return int(status), version


class RenewalTests(TLSSiteTestCase):
    """What each worker has to notice by itself."""

    def test_the_answer_beside_a_certificate_is_stapled_and_renewed(self) -> None:
        status = ("-status", "-servername", "mail.example.com", "-sigalgs", "ECDSA+SHA256")
        self.assertIn("OCSP Response Status: successful", self.s_client("web", *status))
        self.assertIn("Cert Status: good", self.s_client("web", *status, "-tls1_2"))
        self.assertIn("no response sent", self.s_client("web", "-status", "-servername", "a.example.org"))
        self.path("ec.pem.ocsp").write_bytes(b"nonsense")
        eventually(lambda: "no response sent" in self.s_client("web", *status), "the broken answer is not stapled")
        self.proxy.wait_for_log("ec.pem.ocsp is not stapled: it is no OCSP answer in DER form")
        self.path("ec.pem.ocsp").write_bytes(ocsp_answer(self.leaf, days=3))
        eventually(lambda: "Status: successful" in self.s_client("web", *status), "the renewed answer is stapled")

    def test_renewed_authorities_are_believed_from_then_on(self) -> None:
        self.assertEqual(self.curl("verified")[0], 200)
        self.path("ca.pem").write_bytes(stranger().cert_pem.bytes())
        eventually(lambda: self.curl("verified")[0] == 503, "the server is not believed any more")
        self.path("ca.pem").write_bytes(authority().cert_pem.bytes())
        eventually(lambda: self.curl("verified")[0] == 200, "the server is believed again")


class HandshakeTests(TLSSiteTestCase):
    def test_alpn(self) -> None:
        self.assertEqual(self.curl("web", "--http2", scheme="https"), (200, "1.1"))
        self.assertIn("ALPN protocol: http/1.1", self.s_client("web", "-alpn", "h2,http/1.1"))
        self.assertIn("No ALPN negotiated", self.s_client("web"))
        for protocol in ("h2", "acme-tls/1"):
            for version in ("-tls1_2", "-tls1_3"):
                self.assertIn("no application protocol", self.s_client("web", version, "-alpn", protocol))
        self.assertIn("ALPN protocol: h2", self.s_client("relay", "-alpn", "http/1.1,h2"))
        self.proxy.wait_for_log(r"the client speaks .* inside TLS \(ALPN\), and here is only http/1.1, http/1.0")

    def test_each_client_gets_the_certificate_that_it_can_use(self) -> None:
        for options, key, name in (
            (("-servername", "mail.example.com", "-sigalgs", "ECDSA+SHA256"), "id-ecPublicKey", "mail.example.com"),
            (("-servername", "mail.example.com", "-sigalgs", "RSA-PSS+SHA256"), "rsaEncryption", "mail.example.com"),
            (("-noservername", "-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"), "rsaEncryption", "mail.example.com"),
            (("-servername", "owa.example.org"), "id-ecPublicKey", "*.example.org"),
            (("-servername", "a.owa.example.org", "-sigalgs", "ECDSA+SHA256"), "id-ecPublicKey", "mail.example.com"),
        ):
            shown = self.s_client("web", *options)
            self.assertIn("Verify return code: 0 (ok)", shown)
            certificate = re.search("-----BEGIN CERTIFICATE-----.*-----END CERTIFICATE-----", shown, re.DOTALL)
            assert certificate is not None
            command = ["openssl", "x509", "-noout", "-text"]
            text = subprocess.run(command, input=certificate.group().encode(), capture_output=True, timeout=60, check=True).stdout
            self.assertIn(f"Public Key Algorithm: {key}", text.decode())
            self.assertIn(f"DNS:{name}", text.decode())

    def test_what_expires_is_told(self) -> None:
        self.proxy.wait_for_log(r"site.toml:8: frontends.web.tls: .*ec.pem: the certificate expires in 5 days")
        status, said = exproxy("config", "check", str(self.proxy.file))
        self.assertEqual(status, 0, said)
        self.assertIn("the certificate expires in 5 days", said)
        self.path("rsa.pem").write_text("nonsense")
        status, said = exproxy("config", "check", str(self.proxy.file))
        self.assertEqual(status, 1)
        self.assertIn("site.toml:8: frontends.web.tls: ", said)

    def test_a_server_is_known_by_its_key_alone(self) -> None:
        self.proxy.wait_until("pinned/one", "up")
        self.assertEqual(self.curl("pinned"), (200, "1.1"))
        self.assertEqual(self.curl("mispinned")[0], 503)
        line = self.proxy.wait_for_log("mispinned/one: 1 TLS handshake failed: the server's certificate is refused")
        self.assertIn(f"its key is not a pinned one: it is {self.pin}", line)
        self.assertIn(f"its key is {self.pin}", exproxy("probe", "tls", self.secure, "--timeout", "60s")[1])


class TwoWorkersRenewalTests(RenewalTests):
    WORKERS = 2
