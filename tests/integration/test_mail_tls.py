"""TLS of mail in every combination, with real Postfix and Dovecot: to the client, to the server, both, or past us."""

import poplib
import re
import smtplib
import subprocess

import trustme

from tests.integration.clients import swaks
from tests.integration.mailways import CLIENT, FIRST, FRONT, IN, OUT, SECOND, MailWaysTests
from tests.integration.peers import dovecot, needs, postfix
from tests.integration.peers.ports import free_ports
from tests.integration.peers.waiting import eventually

LETTER = "Subject: hello\n\nhello\n"


def s_client(port: int, protocol: str, ca: str, say: bytes) -> str:
    """What ``openssl s_client -starttls`` shows of the handshake, and of what it hears then."""
    command = ["openssl", "s_client", "-connect", f"{FRONT}:{port}", "-starttls", protocol, "-CAfile", ca, "-ign_eof", "-crlf"]
    done = subprocess.run([*command, "-verify_return_error"], input=say, capture_output=True, timeout=180, check=False)
    return (done.stdout + done.stderr).decode("latin-1")


class SmtpTests(MailWaysTests):
    mode = "smtp"

    def postfix(self, host: str = FIRST, name: str = "ex1", leaf: trustme.LeafCert | None = None, **more: object) -> str:
        needs.require(*postfix.NEEDS)
        port, smtps = free_ports(2, host)
        self.peer = postfix.Postfix(name, host, port, certificate=leaf or self.leaf(host), smtps_port=smtps, **more)
        self.started(self.peer)
        return f"{host}:{self.peer.port}"

    def nine(self) -> None:
        place = self.postfix()
        self.pairs(place, f"{FIRST}:{self.peer.smtps_port}")
        self.run_site("off/ex1", "starttls/ex1", "implicit/ex1")

    def test_a_mail_goes_all_nine_ways(self) -> None:
        self.nine()
        for way in IN:
            for out in OUT:
                client = self.smtp(f"{way}-{out}", way)
                client.sendmail("bob@example.net", "anna@example.com", f"Subject: {way}-{out}\n\nhello\n")
                self.assertEqual(client.quit()[0], 221)
        letters = eventually(lambda: len(self.peer.delivered()) == 9 and self.peer.delivered(), "nine mails")
        for letter in letters:
            out = re.search(r"^Subject: \w+-(\w+)$", letter, re.MULTILINE)[1]
            self.assertEqual("with ESMTPS" in letter, out != "off", letter)

    def test_starttls_is_offered_where_it_can_be_begun_and_nowhere_else(self) -> None:
        self.nine()
        for way in IN:
            for out in OUT:
                client = self.smtp(f"{way}-{out}", "implicit" if way == "implicit" else "off")
                self.assertEqual(client.has_extn("starttls"), way == "starttls", f"{way}-{out}")
                self.assertTrue(client.has_extn("pipelining") and client.has_extn("chunking"))
                if way != "starttls":
                    self.assertGreaterEqual(client.docmd("STARTTLS")[0], 500)
                else:
                    client.starttls(context=self.context)
                    client.ehlo()
                    self.assertFalse(client.has_extn("starttls"))
                    self.assertEqual(client.docmd("STARTTLS")[0], 503)

    def test_swaks_and_openssl_come_in_each_way(self) -> None:
        needs.require(needs.SWAKS, needs.SSLEAY, needs.OPENSSL)
        self.nine()
        ca = ["--tls-verify", "--tls-ca-path", str(self.ca)]
        self.assertIn("250 2.0.0 Ok: queued", swaks(FRONT, self.ports["off-starttls"]))
        self.assertIn("TLS started", swaks(FRONT, self.ports["starttls-starttls"], "-tls", *ca))
        self.assertIn("TLS started", swaks(FRONT, self.ports["implicit-implicit"], "-tlsc", *ca))
        shown = s_client(self.ports["starttls-off"], "smtp", str(self.ca), b"QUIT\n")
        self.assertIn("Verify return code: 0 (ok)", shown)
        self.assertIn("221 2.0.0 Bye", shown)

    def test_a_server_with_a_certificate_of_another_authority_is_passed_over_and_named(self) -> None:
        wrong = self.postfix(FIRST, "ex1", trustme.CA().issue_cert(FIRST))
        wrong_tls = f"{FIRST}:{self.peer.smtps_port}"
        self.first = self.peer
        right = self.postfix(SECOND, "ex2")
        right_tls = f"{SECOND}:{self.peer.smtps_port}"
        self.back("starttls", {"ex1": wrong, "ex2": right}, "starttls")
        self.back("implicit", {"ex1": wrong_tls, "ex2": right_tls}, "implicit", '{ type = "smtp", tls = "implicit" }')
        for out in ("starttls", "implicit"):
            self.front(out, out, "off")
        self.run_site("starttls/ex1", "starttls/ex2", "implicit/ex1", "implicit/ex2")
        for out in ("starttls", "implicit"):
            for _ in range(4):
                client = self.smtp(out)
                self.assertIn(b"ex2.example.com", client.ehlo()[1])
                client.quit()
        self.proxy.wait_for_log(r"starttls/ex1 could not be spoken to over TLS \(.*certificate.*its client goes to another")
        self.proxy.wait_for_log(r"implicit/ex1: .*TLS handshake.* failed.*certificate")

    def test_where_no_server_may_be_believed_the_client_hears_421_and_no_server_a_mail(self) -> None:
        wrong = self.postfix(FIRST, "ex1", trustme.CA().issue_cert(FIRST))
        self.back("starttls", {"ex1": wrong}, "starttls", more="retries = 1")
        self.front("mail", "starttls", "off")
        self.run_site("starttls/ex1")
        with self.assertRaises(smtplib.SMTPConnectError) as caught:
            self.smtp("mail")
        self.assertEqual(caught.exception.smtp_code, 421)
        self.assertEqual(self.peer.delivered(), [])

    def test_past_us_the_client_sees_the_certificate_of_the_server(self) -> None:
        needs.require(needs.OPENSSL)
        self.back("hub", {"ex1": self.postfix()})
        self.front("mail", "hub", None)
        self.run_site("hub/ex1")
        shown = s_client(self.ports["mail"], "smtp", str(self.ca), b"QUIT\n")
        self.assertIn("Verify return code: 0 (ok)", shown)
        self.context.check_hostname = False
        client = self.smtp("mail", "starttls")
        names = dict(client.sock.getpeercert())["subjectAltName"]
        self.assertEqual(names, (("IP Address", FIRST),))
        client.sendmail("bob@example.net", "anna@example.com", LETTER)
        client.quit()
        self.assertIn("with ESMTPS", eventually(self.peer.delivered, "the mail")[0])

    def test_login_is_offered_only_after_tls_where_that_is_required(self) -> None:
        needs.require(*dovecot.NEEDS)
        directory = dovecot.Dovecot("auth", SECOND, *free_ports(2, SECOND))
        directory.settings = f"service auth {{\n unix_listener {directory.folder}/login {{\n  mode = 0666\n }}\n}}"
        self.started(directory)
        sasl = f"smtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\nsmtpd_sasl_path = {directory.folder}/login\n"
        place = self.postfix(settings=sasl)
        for out in ("off", "starttls"):
            self.back(out, {"ex1": place}, out)
            self.front(out, out, "starttls", "require_tls = true")
        self.run_site("off/ex1", "starttls/ex1")
        for name in ("off", "starttls"):
            client = self.smtp(name)
            self.assertFalse(client.has_extn("auth"))
            self.assertEqual(client.docmd("AUTH", "PLAIN AGFubmEAY29ycmVjdC1ob3JzZQ==")[0], 530)
            self.assertEqual(client.docmd("MAIL", "FROM:<bob@example.net>")[0], 530)
            client.starttls(context=self.context)
            client.ehlo()
            self.assertTrue(client.has_extn("auth"))
            self.assertEqual(client.login(dovecot.USER, dovecot.PASSWORD)[0], 235)
            client.sendmail("bob@example.net", "anna@example.com", LETTER)
            client.quit()
        eventually(lambda: len(self.peer.delivered()) == 2, "two mails")

    def test_the_header_goes_before_starttls_and_before_tls(self) -> None:
        place = self.postfix(proxied=True)
        for version in ("v1", "v2"):
            for out, where in (("off", place), ("starttls", place), ("implicit", f"{FIRST}:{self.peer.smtps_port}")):
                name = f"{version}-{out}"
                self.back(name, {"ex1": where}, out, '"off"', f'send_proxy = "{version}"')
                self.front(name, name, "starttls")
        self.run_site()
        for name in self.ports:
            client = self.smtp(name, "starttls")
            client.sendmail("bob@example.net", "anna@example.com", f"Subject: {name}\n\nhello\n")
            client.quit()
        letters = eventually(lambda: len(self.peer.delivered()) == 6 and self.peer.delivered(), "six mails")
        for letter in letters:
            self.assertIn(f"[{CLIENT}]", letter)
            self.assertEqual("with ESMTPS" in letter, "-off" not in letter, letter)

    def test_a_balancer_before_us_says_who_the_client_is_and_then_comes_tls(self) -> None:
        self.back(
            "hub", {"ex1": self.postfix(settings="smtpd_authorized_xclient_hosts = 127.0.0.0/8")}, more="send_xclient = true"
        )
        for way in IN:
            self.front(way, "hub", way, trusted=f"{CLIENT}/32")
        self.run_site("hub/ex1")
        for way in IN:
            client = self.smtp(way, way, b"PROXY TCP4 192.0.2.7 192.0.2.9 4711 25\r\n")
            client.sendmail("bob@example.net", "anna@example.com", LETTER)
            client.quit()
        for letter in eventually(lambda: len(self.peer.delivered()) == 3 and self.peer.delivered(), "three mails"):
            self.assertIn("[192.0.2.7]", letter)


class MailboxTests(MailWaysTests):
    def dovecot(self, host: str = FIRST, name: str = "ex1", leaf: trustme.LeafCert | None = None, **more: object) -> None:
        needs.require(*dovecot.NEEDS)
        self.peer = dovecot.Dovecot(name, host, *free_ports(4, host), certificate=leaf or self.leaf(host), **more)
        self.started(self.peer)

    def places(self) -> tuple[str, str]:
        """Of this protocol: in the clear, and over TLS."""
        peer = self.peer
        pair = (peer.port, peer.imaps_port) if self.mode == "imap" else (peer.pop3_port, peer.pop3s_port)
        return f"{peer.host}:{pair[0]}", f"{peer.host}:{pair[1]}"

    def nine(self) -> None:
        self.dovecot()
        self.pairs(*self.places())
        self.run_site("off/ex1", "starttls/ex1", "implicit/ex1")

    def logins(self) -> list[str]:
        """What Dovecot says of them."""
        return re.findall(rf"^.*{self.mode}-login.* Login: .*$", self.peer.logged(), re.MULTILINE)

    def assert_secured(self, out: str) -> None:
        """Dovecot knows of TLS where there is some."""
        line = eventually(self.logins, "a login")[-1]
        self.assertEqual(", TLS" in line, out != "off", line)

    def two_authorities(self) -> None:
        """A server that may not be believed, and one that may."""
        self.dovecot(FIRST, "ex1", trustme.CA().issue_cert(FIRST))
        wrong, wrong_tls = self.places()
        self.dovecot(SECOND, "ex2")
        right, right_tls = self.places()
        self.back("starttls", {"ex1": wrong, "ex2": right}, "starttls")
        self.back("implicit", {"ex1": wrong_tls, "ex2": right_tls}, "implicit", f'{{ type = "{self.mode}", tls = "implicit" }}')
        for out in ("starttls", "implicit"):
            self.front(out, out, "off")
        self.run_site("starttls/ex1", "starttls/ex2", "implicit/ex1", "implicit/ex2")

    def assert_passed_over(self) -> None:
        self.proxy.wait_for_log(r"starttls/ex1 could not be spoken to over TLS \(.*certificate.*its client goes to another")
        self.proxy.wait_for_log(r"implicit/ex1: .*TLS handshake.* failed.*certificate")

    def proxied(self) -> None:
        """A front end for each version of the header and each way to the server."""
        self.dovecot(proxied=True)
        plain, secure = self.places()
        for version in ("v1", "v2"):
            for out, where in (("off", plain), ("starttls", plain), ("implicit", secure)):
                name = f"{version}-{out}"
                self.back(name, {"ex1": where}, out, '"off"', f'send_proxy = "{version}"')
                self.front(name, name, "starttls")
        self.run_site()

    def assert_known(self) -> None:
        """Each login came from the client."""
        for line in eventually(lambda: len(self.logins()) == 6 and self.logins(), "six logins"):
            self.assertIn(f"rip={CLIENT},", line)


class ImapTests(MailboxTests):
    mode = "imap"

    def test_a_mailbox_is_read_all_nine_ways(self) -> None:
        self.nine()
        for way in IN:
            for out in OUT:
                before = len(self.logins())
                client = self.imap(f"{way}-{out}", way)
                client.login(dovecot.USER, dovecot.PASSWORD)
                client.select("INBOX", readonly=True)
                self.assertIn(b"Subject: ex1", client.fetch("1", "(BODY[HEADER.FIELDS (SUBJECT)])")[1][0][1])
                client.logout()
                eventually(lambda before=before: len(self.logins()) > before, "the login in the log")
                self.assert_secured(out)

    def test_starttls_is_offered_where_it_can_be_begun_and_nowhere_else(self) -> None:
        self.nine()
        for way in IN:
            for out in OUT:
                client = self.imap(f"{way}-{out}", "implicit" if way == "implicit" else "off")
                self.assertEqual("STARTTLS" in client.capabilities, way == "starttls", f"{way}-{out}")
                self.assertIn("AUTH=PLAIN", client.capabilities)
                self.assertNotIn("LOGINDISABLED", client.capabilities)
                if way == "starttls":
                    client.starttls(self.context)
                    self.assertNotIn("STARTTLS", client.capabilities)
                else:
                    self.assertRaises(client.error, client.xatom, "STARTTLS")
                client.login(dovecot.USER, dovecot.PASSWORD)
                self.assertNotIn(b"STARTTLS", client.capability()[1][0].split())
                client.logout()

    def test_login_is_disabled_until_tls_where_that_is_required(self) -> None:
        self.dovecot()
        for out in ("off", "starttls"):
            self.back(out, {"ex1": self.places()[0]}, out)
            self.front(out, out, "starttls", "require_tls = true")
        self.run_site("off/ex1", "starttls/ex1")
        for name in ("off", "starttls"):
            client = self.imap(name)
            self.assertIn("LOGINDISABLED", client.capabilities)
            self.assertNotIn("AUTH=PLAIN", client.capabilities)
            with self.assertRaisesRegex(client.error, "PRIVACYREQUIRED"):
                client.login(dovecot.USER, dovecot.PASSWORD)
            client.starttls(self.context)
            self.assertNotIn("LOGINDISABLED", client.capabilities)
            self.assertIn("AUTH=PLAIN", client.capabilities)
            self.assertEqual(client.login(dovecot.USER, dovecot.PASSWORD)[0], "OK")
            client.logout()

    def test_a_server_that_wants_tls_gets_it_from_us_for_a_client_in_the_clear(self) -> None:
        self.dovecot(settings="disable_plaintext_auth = yes\nssl = required\nlogin_trusted_networks =")
        self.back("hub", {"ex1": self.places()[0]}, "starttls")
        self.front("mail", "hub", "off")
        self.run_site("hub/ex1")
        client = self.imap("mail")
        self.assertNotIn("LOGINDISABLED", client.capabilities)
        self.assertEqual(client.login(dovecot.USER, dovecot.PASSWORD)[0], "OK")
        client.logout()

    def test_openssl_comes_in(self) -> None:
        needs.require(needs.OPENSSL)
        self.nine()
        for name in ("starttls-off", "starttls-starttls"):
            shown = s_client(self.ports[name], "imap", str(self.ca), b"a LOGOUT\n")
            self.assertIn("Verify return code: 0 (ok)", shown)
            self.assertIn("a OK", shown)

    def test_a_server_with_a_certificate_of_another_authority_is_passed_over_and_named(self) -> None:
        self.two_authorities()
        for out in ("starttls", "implicit"):
            for _ in range(4):
                client = self.imap(out)
                self.assertIn(b"ex2 ready", client.welcome)
                client.logout()
        self.assert_passed_over()

    def test_past_us_the_client_sees_the_certificate_of_the_server(self) -> None:
        self.dovecot()
        self.back("hub", {"ex1": self.places()[0]})
        self.front("mail", "hub", None)
        self.run_site("hub/ex1")
        self.context.check_hostname = False
        client = self.imap("mail", "starttls")
        self.assertEqual(client.sock.getpeercert()["subjectAltName"], (("IP Address", FIRST),))
        client.login(dovecot.USER, dovecot.PASSWORD)
        client.logout()
        self.assert_secured("starttls")

    def test_the_header_goes_before_starttls_and_before_tls(self) -> None:
        self.proxied()
        for name in self.ports:
            client = self.imap(name, "starttls")
            client.login(dovecot.USER, dovecot.PASSWORD)
            client.logout()
        self.assert_known()


class Pop3Tests(MailboxTests):
    mode = "pop3"

    def read(self, client: poplib.POP3) -> list[bytes]:
        client.user(dovecot.USER)
        client.pass_(dovecot.PASSWORD)
        lines = client.retr(1)[1]
        client.quit()
        return lines

    def test_a_mailbox_is_read_all_nine_ways(self) -> None:
        self.nine()
        for way in IN:
            for out in OUT:
                before = len(self.logins())
                self.assertIn(b"Subject: ex1", self.read(self.pop(f"{way}-{out}", way)))
                eventually(lambda before=before: len(self.logins()) > before, "the login in the log")
                self.assert_secured(out)

    def test_stls_is_offered_where_it_can_be_begun_and_nowhere_else(self) -> None:
        self.nine()
        for way in IN:
            for out in OUT:
                client = self.pop(f"{way}-{out}", "implicit" if way == "implicit" else "off")
                self.assertEqual("STLS" in client.capa(), way == "starttls", f"{way}-{out}")
                self.assertIn("USER", client.capa())
                if way == "starttls":
                    client.stls(self.context)
                    self.assertNotIn("STLS", client.capa())
                else:
                    self.assertRaises(poplib.error_proto, client._shortcmd, "STLS")
                self.assertIn(b"Subject: ex1", self.read(client))

    def test_login_is_not_offered_until_tls_where_that_is_required(self) -> None:
        self.dovecot()
        for out in ("off", "starttls"):
            self.back(out, {"ex1": self.places()[0]}, out)
            self.front(out, out, "starttls", "require_tls = true")
        self.run_site("off/ex1", "starttls/ex1")
        for name in ("off", "starttls"):
            client = self.pop(name)
            self.assertNotIn("USER", client.capa())
            self.assertNotIn("SASL", client.capa())
            self.assertRaises(poplib.error_proto, client.user, dovecot.USER)
            client.stls(self.context)
            self.assertIn("USER", client.capa())
            self.assertIn(b"Subject: ex1", self.read(client))

    def test_openssl_comes_in(self) -> None:
        needs.require(needs.OPENSSL)
        self.nine()
        for name in ("starttls-off", "starttls-starttls"):
            shown = s_client(self.ports[name], "pop3", str(self.ca), b"QUIT\n")
            self.assertIn("Verify return code: 0 (ok)", shown)
            self.assertIn("+OK Logging out", shown)

    def test_a_server_with_a_certificate_of_another_authority_is_passed_over_and_named(self) -> None:
        self.two_authorities()
        for out in ("starttls", "implicit"):
            for _ in range(4):
                client = self.pop(out)
                self.assertIn(b"ex2 ready", client.getwelcome())
                client.quit()
        self.assert_passed_over()

    def test_past_us_the_client_sees_the_certificate_of_the_server(self) -> None:
        self.dovecot()
        self.back("hub", {"ex1": self.places()[0]})
        self.front("mail", "hub", None)
        self.run_site("hub/ex1")
        self.context.check_hostname = False
        client = self.pop("mail", "starttls")
        self.assertEqual(client.sock.getpeercert()["subjectAltName"], (("IP Address", FIRST),))
        self.assertIn(b"Subject: ex1", self.read(client))
        self.assert_secured("starttls")

    def test_the_header_goes_before_starttls_and_before_tls(self) -> None:
        self.proxied()
        for name in self.ports:
            self.read(self.pop(name, "starttls"))
        self.assert_known()
