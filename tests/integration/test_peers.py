"""The real peers themselves: each is asked directly, so that a failure behind the proxy is the proxy's."""

import imaplib
import poplib
import smtplib
from pathlib import Path

from twisted.trial.unittest import FailTest, SkipTest, SynchronousTestCase

from tests.integration.clients import curl, endpoint_of, rpc_server_name, swaks
from tests.integration.peers import dovecot, needs, nginx, postfix, samba
from tests.integration.peers.liar import GARBAGE, Liar
from tests.integration.peers.ports import accepts, free_port, says
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.waiting import eventually

FIRST, SECOND = "127.0.0.2", "127.0.0.3"


class NeedsTests(SynchronousTestCase):
    ABSENT = needs.package("no-such-program", "no-such-package")

    def test_a_missing_program_skips_the_test_and_names_its_package(self) -> None:
        self.patch(needs, "demanded", lambda: False)
        skipped = self.assertRaises(SkipTest, needs.require, self.ABSENT)
        self.assertEqual(str(skipped), "no-such-program is missing (Debian package no-such-package)")

    def test_where_it_is_demanded_a_missing_program_fails_the_test(self) -> None:
        self.patch(needs, "demanded", lambda: True)
        self.assertRaises(FailTest, needs.require, self.ABSENT)

    def test_the_script_that_installs_them_names_every_package(self) -> None:
        script = (Path(__file__).resolve().parents[2] / ".ci" / "run").read_text()
        sources = [need.source.split() for need in needs.EVERYTHING if need.source.startswith("Debian package")]
        packages = {package for words in sources for package in words[2:]}
        # the one comes with the other two of Dovecot, and Debian is not without the other
        self.assertEqual(packages - {*script.split()}, {"dovecot-core", "util-linux"})


class PostfixTests(PeerTestCase):
    def setUp(self) -> None:
        super().setUp()
        needs.require(*postfix.NEEDS)

    def test_two_instances_run_side_by_side_and_deliver_to_themselves(self) -> None:
        needs.require(needs.SWAKS)
        port = free_port(FIRST, SECOND)
        first, second = postfix.Postfix("ex1", FIRST, port), postfix.Postfix("ex2", SECOND, port)
        self.started(first, second)
        dialogue = swaks(second.host, second.port)
        self.assertIn("220 ex2.example.com", dialogue)
        eventually(second.delivered, "the message to be delivered")
        self.assertEqual(first.delivered(), [])

    def test_an_instance_that_was_stopped_starts_again(self) -> None:
        peer = postfix.Postfix("ex1", FIRST, free_port(FIRST))
        self.started(peer)
        peer.stop()
        self.assertFalse(accepts(peer.host, peer.port))
        peer.start()
        with smtplib.SMTP(peer.host, peer.port, timeout=60) as client:
            self.assertEqual(client.noop()[0], 250)


class DovecotTests(PeerTestCase):
    def setUp(self) -> None:
        super().setUp()
        needs.require(*dovecot.NEEDS)

    def test_two_instances_show_their_own_mailboxes(self) -> None:
        imap, pop3 = free_port(FIRST, SECOND), free_port(FIRST, SECOND)
        peers = dovecot.Dovecot("ex1", FIRST, imap, pop3), dovecot.Dovecot("ex2", SECOND, imap, pop3)
        self.started(*peers)
        for peer in peers:
            with imaplib.IMAP4(peer.host, peer.port, timeout=60) as client:
                client.login(dovecot.USER, dovecot.PASSWORD)
                client.select("INBOX", readonly=True)
                letter = client.fetch("1", "(BODY[HEADER.FIELDS (SUBJECT)])")[1][0]
                self.assertIn(f"Subject: {peer.name}".encode(), letter[1])
            pop = poplib.POP3(peer.host, peer.pop3_port, timeout=60)
            pop.user(dovecot.USER)
            pop.pass_(dovecot.PASSWORD)
            self.assertIn(f"This is {peer.name}.".encode(), pop.retr(1)[1])
            pop.quit()


class NginxTests(PeerTestCase):
    def setUp(self) -> None:
        super().setUp()
        needs.require(*nginx.NEEDS, needs.CURL)
        self.peer = nginx.Nginx("ex1", FIRST, free_port(FIRST))
        self.started(self.peer)

    def test_every_directory_tells_its_health_and_the_name_of_the_server(self) -> None:
        for directory in nginx.DIRECTORIES:
            body = curl(self.peer, f"https://{FIRST}:{self.peer.port}/{directory}/healthcheck.htm")
            self.assertEqual(body, "200 OK<br/>ex1.example.com")

    def test_owa_sends_to_its_logon_page(self) -> None:
        head = curl(self.peer, "-i", f"https://{FIRST}:{self.peer.port}/owa")
        self.assertIn("302", head.splitlines()[0])

    def test_it_answers_wrongly_when_told_and_rightly_again(self) -> None:
        self.peer.answer(well=False)
        self.assertEqual(self.peer.status("/owa/healthcheck.htm"), 503)
        self.peer.answer(well=True)
        self.assertEqual(self.peer.status("/owa/healthcheck.htm"), 200)


class SambaTests(PeerTestCase):
    def setUp(self) -> None:
        super().setUp()
        needs.require(*samba.NEEDS)

    def test_two_mappers_tell_where_the_services_are_and_there_they_are(self) -> None:
        services = {name: free_port(FIRST, SECOND) for name in samba.SERVED}
        for name, host in (("ex1", FIRST), ("ex2", SECOND)):
            self.started(
                samba.EndpointMapper(name, host, samba.MAPPER_PORT, services),
                samba.RpcServices(name, host, services["emsmdb"], services),
            )
        for name, host in (("ex1", FIRST), ("ex2", SECOND)):
            for interface, port in services.items():
                self.assertEqual(endpoint_of(host, samba.MAPPER_PORT, interface), port)
                self.assertEqual(rpc_server_name(host, port, interface), name)


class LiarTests(PeerTestCase):
    def test_it_accepts_and_says_garbage_until_it_is_stopped(self) -> None:
        liar = Liar(FIRST, free_port(FIRST))
        liar.start()
        self.addCleanup(liar.stop)
        self.assertTrue(says(liar.host, liar.port, GARBAGE))
        self.assertEqual(liar.accepted, 1)
        liar.stop()
        self.assertFalse(accepts(liar.host, liar.port))
