"""Certificates of clients by the real proxy: who is let in, what servers are told, and what nobody can say of himself."""

import json
import re
import socket
import ssl
import subprocess
from pathlib import Path

import trustme

from tests.integration.echo import Echo
from tests.integration.peers import needs
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.waiting import PATIENCE, eventually
from tests.integration.proxy import Proxy
from tests.net.tls.files import crl_file

FRONT, SERVERS = "127.0.40.1", "127.0.40.2"

SITE = """
[service]
workers = {workers}
log = {{ access = "access.log" }}
[frontends.required]
mode = "http"
bind = "{front}:{required}"
backend = "echo"
tls = {{ mode = "implicit", certificates = "mail.pem", client_certificates = {{ ca = "people.pem", crl = "crl.pem" }} }}
[frontends.optional]
mode = "http"
bind = "{front}:{optional}"
backend = "echo"
[frontends.optional.tls]
mode = "implicit"
certificates = "mail.pem"
client_certificates = {{ ca = "people.pem", verify = "optional", headers = {{ X-Who = "name", X-SSL-Client-Verify = "verify" }} }}
[frontends.plain]
mode = "http"
bind = "{front}:{plain}"
backend = "echo"
[backends.echo]
check = "off"
servers = {{ one = "{echo}" }}
"""
LIES = ("X-SSL-Client-Verify: SUCCESS", "X_SSL_Client_DN: CN=admin", "Client-Cert: :MIIC:", "X-Who: admin", "X_who: admin")
OURS = {"x-ssl-client-verify", "x-ssl-client-dn", "x_ssl_client_dn", "client-cert", "x-who", "x_who"}


class ClientCertificatesTestCase(PeerTestCase):
    WORKERS = 1

    def setUp(self) -> None:
        super().setUp()
        needs.require(needs.CURL)
        echo = Echo(SERVERS)
        self.addCleanup(echo.stop)
        self.required, self.optional, self.plain = (free_port(FRONT) for _ in range(3))
        ports = {"required": self.required, "optional": self.optional, "plain": self.plain}
        site = SITE.format(workers=self.WORKERS, front=FRONT, echo=echo.place, **ports)
        self.proxy = Proxy("proxy", FRONT, self.plain, site)
        self.authority, self.people = trustme.CA(), trustme.CA()
        self.authority.cert_pem.write_to_path(str(self.path("ca.pem")))
        self.people.cert_pem.write_to_path(str(self.path("people.pem")))
        self.authority.issue_cert("mail.example.com").private_key_and_cert_chain_pem.write_to_path(str(self.path("mail.pem")))
        self.leaf = self.people.issue_cert("anna@example.com", common_name="anna")
        self.anna = self.written("anna", self.leaf)
        self.bert = self.written("bert", self.people.issue_cert("bert@example.com", common_name="bert"))
        crl_file(str(self.proxy.folder), self.people)
        self.started(self.proxy)
        self.addCleanup(self.proxy.end)

    def path(self, name: str) -> Path:
        return self.proxy.folder / name

    def written(self, name: str, leaf: trustme.LeafCert) -> Path:
        """Key and certificate in a file."""
        leaf.private_key_and_cert_chain_pem.write_to_path(str(self.path(f"{name}.pem")))
        return self.path(f"{name}.pem")

    def curl(self, port: int, *options: str, scheme: str = "https") -> tuple[int, dict[str, str]]:
        """Its exit status, and what the server was told."""
        where = f"mail.example.com:{port}"
        command = [
            "curl",
            "--silent",
            "--max-time",
            f"{PATIENCE:g}",
            "--cacert",
            str(self.path("ca.pem")),
            "--resolve",
            f"{where}:{FRONT}",
        ]
        lies = [word for lie in LIES for word in ("--header", lie)]
        done = subprocess.run(
            [*command, *lies, *options, f"{scheme}://{where}/"], capture_output=True, timeout=2 * PATIENCE, check=False
        )
        told = json.loads(done.stdout) if done.stdout else {}
        return done.returncode, {name: value for name, value in told.items() if name in OURS}

    def context(self, person: Path, version: ssl.TLSVersion) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.maximum_version = version
        self.authority.configure_trust(context)
        context.load_cert_chain(person)
        return context

    def visit(
        self, context: ssl.SSLContext, session: ssl.SSLSession | None = None
    ) -> tuple[bool, ssl.SSLSession | None, dict[str, str]]:
        """Whether it was resumed, what the next connection may bring, and what the server was told."""
        sock = socket.create_connection((FRONT, self.required), PATIENCE)
        with context.wrap_socket(sock, server_hostname="mail.example.com", session=session) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: mail.example.com\r\nConnection: close\r\n\r\n")
            answer = b""
            while data := client.recv(65536):
                answer += data
            return client.session_reused is True, client.session, json.loads(answer.partition(b"\r\n\r\n")[2])

    def wait_until_renewed(self, name: str, before: int) -> None:
        """By all processes that clients meet: each worker, or the only one."""
        workers = [f"worker {number}: " for number in range(1, self.WORKERS + 1)] if self.WORKERS > 1 else [""]
        lines = [re.compile(f"{worker}new certificates are in use: .*{re.escape(name)}") for worker in workers]
        eventually(lambda: all(line.search(self.proxy.logged()[before:]) for line in lines), f"the renewed {name}")

    def refused(self, context: ssl.SSLContext, session: ssl.SSLSession | None) -> bool:
        try:
            self.visit(context, session)
        except (OSError, ValueError):  # an alert, or an end before an answer
            return True
        return False


class RefusalTests(ClientCertificatesTestCase):
    def test_who_has_none_is_let_in_only_where_it_is_optional(self) -> None:
        status, told = self.curl(self.required)
        self.assertNotEqual(status, 0)
        self.assertEqual(told, {})
        self.proxy.wait_for_log(
            "required: 1 TLS handshake failed, .* the client has shown no certificate, and has to show one here"
        )
        self.assertEqual(self.curl(self.optional), (0, {"x-ssl-client-verify": "NONE"}))
        told = {"x-ssl-client-verify": "SUCCESS", "x-who": "anna"}
        self.assertEqual(self.curl(self.optional, "--cert", str(self.anna)), (0, told))

    def test_a_strangers_is_refused_also_where_it_is_optional(self) -> None:
        stranger = self.written("carl", trustme.CA().issue_cert("carl@example.com"))
        status, _ = self.curl(self.optional, "--cert", str(stranger))
        self.assertNotEqual(status, 0)
        self.proxy.wait_for_log(
            "optional: 1 TLS handshake failed, .* the client's certificate is refused: its issuer is not among"
        )


class IdentityTests(ClientCertificatesTestCase):
    def test_servers_are_told_who_a_client_is_and_clients_cannot_tell(self) -> None:
        status, told = self.curl(self.required, "--cert", str(self.anna))
        self.assertEqual((status, told["x-ssl-client-verify"]), (0, "SUCCESS"))
        self.assertTrue(told["x-ssl-client-dn"].startswith("CN=anna,OU=Testing cert"), told)
        self.assertTrue(told["client-cert"].startswith(":MII") and told["client-cert"].endswith(":"))
        self.assertEqual(told.keys() & {"x-who", "x_who", "x_ssl_client_dn"}, set())
        self.assertEqual(self.curl(self.plain, scheme="http"), (0, {}))

    def test_resumed_sessions_keep_it_also_after_a_renewal_of_ours(self) -> None:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = self.context(self.anna, version)
            _, session, told = self.visit(context)
            for _ in range(9):
                resumed, session, again = self.visit(context, session)
                self.assertTrue(resumed)
                self.assertEqual(again, told)
            before = self.proxy.written()
            self.authority.issue_cert("mail.example.com").private_key_and_cert_chain_pem.write_to_path(str(self.path("mail.pem")))
            self.wait_until_renewed("mail.pem", before)
            resumed, _, again = self.visit(context, session)
            self.assertTrue(resumed)
            self.assertEqual(again, told)

    def test_who_is_revoked_while_we_run_cannot_come_back_with_a_ticket(self) -> None:
        context = self.context(self.anna, ssl.TLSVersion.TLSv1_2)
        _, session, _ = self.visit(context)
        before = self.proxy.written()
        crl_file(str(self.proxy.folder), self.people, self.leaf)
        self.wait_until_renewed("crl.pem", before)
        for _ in range(5):
            self.assertTrue(self.refused(context, session))
        self.proxy.wait_for_log("required: .* TLS handshakes? failed, .* the client's certificate is refused: it is revoked")
        self.assertEqual(self.curl(self.required, "--cert", str(self.bert))[0], 0)


class TwoWorkersIdentityTests(IdentityTests):
    WORKERS = 2
