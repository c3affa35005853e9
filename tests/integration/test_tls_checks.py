"""Checks over TLS, against the TLS of real Postfix and Dovecot: who is verified, who is refused and why, who is warned of."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

from tests.integration.balanced import FIRST, FRONT, SECOND
from tests.integration.clients import exproxy
from tests.integration.peers import dovecot, needs, postfix
from tests.integration.peers.certificates import write_authority
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase, new_folder
from tests.integration.proxy import Proxy

NAME, OTHER = "mail.example.com", "other.example.com"

FRONTEND = """
[frontends.front]
bind = "{host}:{port}"
backend = "verified"
"""

BACKEND = """
[backends.{name}]
check = {check}
[backends.{name}.servers]
ex1 = "{address}"
"""


class TlsTestCase(PeerTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.authority = trustme.CA()
        self.folder = new_folder("ca")
        self.addCleanup(self.folder.rmdir)
        self.file = write_authority(self.folder, self.authority)
        self.addCleanup(self.file.unlink)
        self.backends: list[str] = []

    def certificate(self, days: int = 90) -> trustme.LeafCert:
        return self.authority.issue_cert(NAME, not_after=datetime.now(UTC) + timedelta(days=days, hours=1))

    def backend(self, name: str, kind: str, address: str, mode: str, asked: str = NAME, ca: Path | None = None) -> None:
        """A back end with one server whose certificate has to be right."""
        tls = f'{{ mode = "{mode}", verify = true, ca = "{ca or self.file}", name = "{asked}" }}'
        self.backends.append(BACKEND.format(name=name, check=f'{{ type = "{kind}", tls = {tls} }}', address=address))

    def run_proxy(self) -> Proxy:
        port = free_port(FRONT)
        proxy = Proxy("proxy", FRONT, port, FRONTEND.format(host=FRONT, port=port) + "".join(self.backends))
        self.started(proxy)
        self.addCleanup(proxy.end)
        return proxy


class PostfixTests(TlsTestCase):
    """STARTTLS of SMTP."""

    def setUp(self) -> None:
        super().setUp()
        needs.require(*postfix.NEEDS)
        self.peer = postfix.Postfix("ex1", FIRST, free_port(FIRST), certificate=self.certificate())
        self.started(self.peer)
        self.address = f"{FIRST}:{self.peer.port}"

    def test_the_right_certificate_is_up_and_one_of_another_name_or_authority_is_told_with_its_layer(self) -> None:
        self.backend("verified", "smtp", self.address, "starttls")
        self.backend("named", "smtp", self.address, "starttls", OTHER)
        stranger = write_authority(new_folder("stranger"), trustme.CA())
        self.addCleanup(stranger.parent.rmdir)
        self.addCleanup(stranger.unlink)
        self.backend("signed", "smtp", self.address, "starttls", ca=stranger)
        proxy = self.run_proxy()
        proxy.wait_until("verified/ex1", "up")
        self.assertIn(f"it is for {NAME}, not for {OTHER}", proxy.wait_until("named/ex1", "down"))
        self.assertIn("issuer", proxy.wait_until("signed/ex1", "down"))
        status, output = exproxy("config", "check", "--connect", str(proxy.file))
        self.assertEqual(status, 1, output)
        self.assertRegex(output, r"(?m)^verified/ex1 smtp: L7OKD in \d+ ms: SMTP said 220 ex1\.example\.com")
        self.assertRegex(output, rf"(?m)^named/ex1 smtp: L6RSP in \d+ ms: .*it is for {NAME}, not for {OTHER}: ")
        self.assertRegex(output, r"(?m)^signed/ex1 smtp: L6RSP in \d+ ms: .*issuer")
        self.assertIn("2 of 3 checks failed", output)

    def test_a_certificate_that_expires_soon_is_warned_of_and_the_server_is_up(self) -> None:
        soon = postfix.Postfix("ex2", SECOND, free_port(SECOND), certificate=self.certificate(days=3))
        self.started(soon)
        self.backend("verified", "smtp", f"{SECOND}:{soon.port}", "starttls")
        proxy = self.run_proxy()
        proxy.wait_until("verified/ex1", "up")
        proxy.wait_for_log(r"verified/ex1: warning: the certificate expires in 3 days, on \d{4}-")
        status, output = exproxy("config", "check", "--connect", str(proxy.file))
        self.assertEqual(status, 0, output)
        self.assertIn("verified/ex1 smtp: warning: the certificate expires in 3 days, on ", output)

    def test_checks_over_tls_leave_no_complaint_in_the_log_of_the_server(self) -> None:
        self.backend("verified", "smtp", self.address, "starttls")
        proxy = self.run_proxy()
        proxy.wait_until("verified/ex1", "up")
        self.peer.wait_for_log(r"ehlo=2 starttls=1 quit=1")
        self.assertNotRegex(self.peer.logged(), "lost connection|improper command|non-SMTP command|TLS library problem")


class DovecotTests(TlsTestCase):
    """STARTTLS and TLS from the first byte, of IMAP and POP3."""

    def setUp(self) -> None:
        super().setUp()
        needs.require(*dovecot.NEEDS)
        ports = [free_port(FIRST) for _ in range(4)]
        self.peer = dovecot.Dovecot("ex1", FIRST, *ports, certificate=self.certificate())
        self.started(self.peer)

    def places(self) -> list[tuple[str, str, int]]:
        """Type, mode and port."""
        peer = self.peer
        implicit = [("imap", "implicit", peer.imaps_port), ("pop3", "implicit", peer.pop3s_port)]
        return [("imap", "starttls", peer.port), ("pop3", "starttls", peer.pop3_port), *implicit]

    def test_the_right_certificate_is_up_and_one_of_another_name_is_not(self) -> None:
        for kind, mode, port in self.places():
            self.backend(f"{kind}-{mode}", kind, f"{FIRST}:{port}", mode)
            self.backend(f"{kind}-{mode}-named", kind, f"{FIRST}:{port}", mode, OTHER)
        self.backend("verified", "imap", f"{FIRST}:{self.peer.port}", "starttls")
        proxy = self.run_proxy()
        for kind, mode, _ in self.places():
            proxy.wait_until(f"{kind}-{mode}/ex1", "up")
            self.assertIn(f"it is for {NAME}, not for {OTHER}", proxy.wait_until(f"{kind}-{mode}-named/ex1", "down"))
        status, output = exproxy("config", "check", "--connect", str(proxy.file))
        self.assertEqual(status, 1, output)
        for kind, mode, _ in self.places():
            self.assertRegex(output, rf"(?m)^{kind}-{mode}/ex1 {kind}: L7OKD in \d+ ms: ")
            self.assertRegex(output, rf"(?m)^{kind}-{mode}-named/ex1 {kind}: L6RSP in \d+ ms: .*not for {OTHER}: ")
