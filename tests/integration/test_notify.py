"""A real proxy tells of its servers: by a real web server, a real Postfix and a real program; and by receivers that are bad."""

import email
import email.policy
import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

import trustme

from exproxy.notify.courier import PAUSES
from exproxy.notify.webhook import PATIENCE as SILENCE
from tests.integration.peers import dovecot, needs, postfix
from tests.integration.peers.certificates import write_authority
from tests.integration.peers.greeter import Greeter
from tests.integration.peers.ports import free_port, free_ports
from tests.integration.peers.process import PeerTestCase, new_folder, whole_lines
from tests.integration.peers.receiver import Receiver
from tests.integration.peers.waiting import PATIENCE, eventually
from tests.integration.proxy import DEFAULTS, Proxy

FRONT, FIRST, SECOND, THIRD = "127.0.142.1", "127.0.142.11", "127.0.142.12", "127.0.142.13"

WINDOW = 8
"""Seconds in which what follows is gathered, where a test waits for that."""

PROGRAM = f"""#!{sys.executable}
import json, os, subprocess, sys, time
from pathlib import Path
folder = Path(__file__).parent
facts = json.load(sys.stdin)
mode = (folder / "mode").read_text()
if mode == "hang":
    child = subprocess.Popen(["sleep", "1000"])
    (folder / "pids").write_text(f"{{os.getpid()}} {{child.pid}}")
    time.sleep(1000)
if mode == "fail":
    sys.exit("no such channel")
with (folder / "got").open("a") as file:
    file.write(json.dumps([sys.argv[1:], dict(os.environ), facts]) + "\\n")
"""


class NotifyTestCase(PeerTestCase):
    """Two servers behind a back end; a test takes their checks away and gives them back."""

    workers = 1

    def setUp(self) -> None:
        super().setUp()
        self.behind, self.checked = free_ports(2, FIRST, SECOND)
        self.front = free_port(FRONT)
        self.checks: dict[str, socket.socket] = {}
        self.addCleanup(lambda: [check.close() for check in self.checks.values()])
        for host, name in ((FIRST, b"one"), (SECOND, b"two")):
            self.addCleanup(Greeter(host, self.behind, name).stop)
            self.heal(host)

    def heal(self, host: str) -> None:
        self.checks[host] = socket.create_server((host, self.checked), backlog=4096)

    def fail_check(self, host: str) -> None:
        self.checks.pop(host).close()

    def begin(self, notify: str, more: str = "") -> None:
        configuration = f"""
[service]
workers = {self.workers}
{more}
[notify]
{notify}
[frontends.a]
bind = ["{FRONT}:{self.front}"]
backend = "hub"
[backends.hub]
check = {{ type = "tcp", port = {self.checked} }}
[backends.hub.servers]
ex1 = "{FIRST}:{self.behind}"
ex2 = "{SECOND}:{self.behind}"
"""
        self.proxy = Proxy("proxy", FRONT, self.front, configuration, DEFAULTS)
        self.started(self.proxy)
        for server in ("ex1", "ex2"):
            self.proxy.wait_until(f"hub/{server}", "up")

    def client(self) -> bytes:
        with socket.create_connection((FRONT, self.front), PATIENCE) as client:
            return client.recv(3)

    def took(self, host: str = SECOND, server: str = "hub/ex2") -> None:
        """Take a server's check away, and wait until it is down."""
        self.fail_check(host)
        self.proxy.wait_until(server, "down")


class WebhookTests(NotifyTestCase):
    def receiver(self, **more: Any) -> Receiver:
        made = Receiver("hook", THIRD, free_port(THIRD), **more)
        self.started(made)
        return made

    def test_a_server_that_goes_down_is_told_at_once_with_everything(self) -> None:
        hook = self.receiver()
        os.environ["EXPROXY_TEST_TOKEN"] = "s3cret"
        self.addCleanup(os.environ.pop, "EXPROXY_TEST_TOKEN")
        headers = 'headers = { Authorization = "Bearer ${EXPROXY_TEST_TOKEN}" }'
        self.begin(f'window = "1h"\nwebhook = {{ url = "http://{THIRD}:{hook.port}/hooks/x?y=1", {headers} }}')
        self.took()
        eventually(hook.requests, "the webhook")
        (request,) = hook.requests()
        self.assertEqual((request["method"], request["uri"]), ("POST", "/hooks/x?y=1"))
        self.assertEqual(request["headers"]["authorization"], "Bearer s3cret")
        self.assertEqual(request["headers"]["content-type"], "application/json")
        facts = json.loads(request["body"])
        (event,) = facts["events"]
        self.assertEqual((event["kind"], event["subject"], event["state"], event["changes"]), ("server", "hub/ex2", "down", 1))
        self.assertIn("1 of 2 servers of hub left", facts["text"])
        self.assertEqual(facts["host"], socket.gethostname())
        self.assertNotIn("s3cret", self.proxy.logged())
        self.proxy.end()

    def test_what_follows_is_one_summary_that_says_what_is_so(self) -> None:
        hook = self.receiver()
        self.begin(f'window = "{WINDOW}s"\nwebhook = "http://{THIRD}:{hook.port}/"')
        began = time.monotonic()
        self.took()
        eventually(hook.requests, "the first message")
        for _ in range(3):
            before = self.proxy.written()
            self.heal(SECOND)
            self.proxy.wait_until("hub/ex2", "up", before)
            before = self.proxy.written()
            self.fail_check(SECOND)
            self.proxy.wait_until("hub/ex2", "down", before)
        eventually(lambda: sum(event["changes"] for event in hook.events()) == 7, "the summary")
        first, *_, last = hook.events()
        self.assertEqual((first["changes"], last["state"]), (1, "down"))
        self.assertRegex(last["text"], r"^hub/ex2: (down since \d\d:\d\d:\d\d, \d changes in \d+ s: )?.*refused")
        # one a window: there is another summary only where that was over before we were
        self.assertLessEqual(len(hook.requests()), 2 + (time.monotonic() - began) // WINDOW)
        self.proxy.end()

    def test_a_back_end_without_servers_is_told_and_that_it_has_some_again(self) -> None:
        hook = self.receiver()
        self.begin(f'on = "backend"\nwindow = "1s"\nwebhook = "http://{THIRD}:{hook.port}/"')
        self.took(FIRST, "hub/ex1")
        self.took()
        eventually(hook.requests, "the first message")
        self.heal(FIRST)
        eventually(lambda: len(hook.requests()) == 2, "the second message")
        self.assertEqual([event["state"] for event in hook.events()], ["without servers", "has servers again"])
        self.assertIn("ex2 is down", hook.events()[0]["reason"])
        self.proxy.end()

    def test_by_tls_only_who_has_the_right_certificate_is_told(self) -> None:
        authority = trustme.CA()
        hook = self.receiver(certificate=authority.issue_cert(THIRD))
        file = write_authority(hook.folder, authority)
        self.begin(f'webhook = {{ url = "https://{THIRD}:{hook.port}/", ca = "{file}" }}')
        self.took()
        eventually(hook.requests, "the webhook")
        self.proxy.end()

    def test_a_wrong_certificate_is_sent_nothing(self) -> None:
        hook = self.receiver(certificate=trustme.CA().issue_cert(THIRD))
        self.begin(f'webhook = "https://{THIRD}:{hook.port}/"')
        self.took()
        self.heal(SECOND)
        self.proxy.wait_for_log("hub/ex2: .*; up, after 2 passed checks")
        self.assertIn(self.client(), (b"one", b"two"))
        self.proxy.end()
        self.assertEqual(hook.requests(), [])
        self.proxy.wait_for_log("notify.webhook: the process ends, and was not told: ")

    def test_one_that_refuses_for_good_is_told_of_once(self) -> None:
        hook = self.receiver()
        hook.answer(401)
        self.begin(f'window = "1s"\nwebhook = "http://{THIRD}:{hook.port}/"')
        self.took()
        line = "notify.webhook: given up after 1 try: it said 401 as the test wants; was not told: .*hub/ex2: .*; down"
        self.proxy.wait_for_log(line)
        hook.answer(200)
        self.heal(SECOND)
        eventually(lambda: len(hook.requests()) == 2, "the next news")
        self.assertEqual(hook.events()[1]["state"], "up")
        self.proxy.end()

    def test_one_that_sends_us_elsewhere_is_not_followed(self) -> None:
        hook = self.receiver()
        hook.answer(302, Location=f"http://{THIRD}:{hook.port}/login")
        self.begin(f'webhook = "http://{THIRD}:{hook.port}/"')
        self.took()
        self.proxy.wait_for_log("given up after 1 try: it said 302 and sends us to .*/login: write that into notify.webhook")
        self.assertEqual(len(hook.requests()), 1)
        self.proxy.end()

    def test_one_that_dies_is_tried_again_and_told_what_is_so_then(self) -> None:
        hook = self.receiver()
        hook.answer(-1)
        self.begin(f'webhook = "http://{THIRD}:{hook.port}/"')
        self.took()
        eventually(hook.requests, "the first try")
        hook.answer(503)
        eventually(lambda: len(hook.requests()) == 2, "the second try")
        hook.answer(200)
        eventually(lambda: len(hook.requests()) == 3, "the third try", PATIENCE + sum(PAUSES[:2]))
        self.assertEqual({event["state"] for event in hook.events()}, {"down"})
        self.proxy.end()

    def test_one_that_is_silent_or_not_there_keeps_nobody_waiting(self) -> None:
        hook = self.receiver()
        hook.answer(0)
        smtp = f'smtp = {{ server = "{THIRD}:9", sender = "a@b.example", to = "c@d.example" }}'
        self.begin(f'window = "1s"\nwebhook = "http://{THIRD}:{hook.port}/"\n{smtp}')
        began = time.monotonic()
        self.took()
        eventually(hook.requests, "the webhook")
        for _ in range(20):
            self.assertEqual(self.client(), b"one")
        self.heal(SECOND)
        self.proxy.wait_for_log("hub/ex2: .*; up, after 2 passed checks")
        self.proxy.end()
        self.assertLessEqual(len(hook.requests()), 1 + (time.monotonic() - began) // SILENCE)
        for channel in ("webhook", "smtp"):
            self.proxy.wait_for_log(f"notify.{channel}: the process ends, and was not told")


class WorkersWebhookTests(NotifyTestCase):
    workers = 2

    def test_the_master_tells(self) -> None:
        hook = Receiver("hook", THIRD, free_port(THIRD))
        self.started(hook)
        self.begin(f'webhook = "http://{THIRD}:{hook.port}/"')
        self.took()
        eventually(hook.requests, "the webhook")
        self.proxy.end()
        self.assertEqual([event["subject"] for event in hook.events()], ["hub/ex2"])

    def test_a_reload_has_it_tell_others(self) -> None:
        hooks = [Receiver(name, THIRD, free_port(THIRD)) for name in ("before", "after")]
        for hook in hooks:
            self.started(hook)
        self.begin(f'webhook = "http://{THIRD}:{hooks[0].port}/"')
        self.proxy.configuration = self.proxy.configuration.replace(f":{hooks[0].port}/", f":{hooks[1].port}/")
        self.proxy.prepare()
        self.proxy.process.signal(signal.SIGHUP)
        self.proxy.wait_for_log("notify was changed")
        self.took()
        eventually(hooks[1].requests, "the other webhook")
        self.assertEqual(hooks[0].requests(), [])
        self.proxy.end()


class MailTests(NotifyTestCase):
    def setUp(self) -> None:
        super().setUp()
        needs.require(*postfix.NEEDS)

    def mail(self, peer: postfix.Postfix) -> email.message.EmailMessage:
        (text,) = eventually(peer.delivered, "the mail")
        return email.message_from_string(text, policy=email.policy.default)  # type: ignore[return-value]  # by its policy

    def test_a_mail_comes_through_postfix(self) -> None:
        peer = postfix.Postfix("mx", THIRD, free_port(THIRD))
        self.started(peer)
        to = '["anna@example.com", "nobody@elsewhere.example"]'
        self.begin(f'smtp = {{ server = "{THIRD}:{peer.port}", sender = "exproxy@example.net", to = {to} }}')
        self.took()
        mail = self.mail(peer)
        self.assertRegex(str(mail["Subject"]), r"^\[.*\] hub/ex2: .*; down, after 3 failed checks; 1 of 2 servers of hub left$")
        self.assertEqual((mail["From"], mail["Auto-Submitted"]), ("exproxy@example.net", "auto-generated"))
        self.assertRegex(mail.get_content(), r"^\d{4}-\d\d-\d\dT\S+ hub/ex2: .*; down")
        self.proxy.wait_for_log("notify.smtp: .* did not take it for nobody@elsewhere.example: 554 .*Relay access denied")
        self.proxy.end()

    def test_starttls_is_demanded_and_verified(self) -> None:
        authority = trustme.CA()
        peer = postfix.Postfix(
            "mx", THIRD, free_port(THIRD), certificate=authority.issue_cert(THIRD), settings="smtpd_tls_loglevel = 1"
        )
        self.started(peer)
        file = write_authority(peer.folder, authority)
        where = f'server = "{THIRD}:{peer.port}", sender = "exproxy@example.net", to = "anna@example.com", tls = "starttls"'
        self.begin(f'smtp = {{ {where}, ca = "{file}" }}')
        self.took()
        self.mail(peer)
        peer.wait_for_log("TLS connection established")
        self.proxy.end()

    def test_who_has_to_log_in_does_so_within_tls(self) -> None:
        needs.require(*dovecot.NEEDS)
        directory = dovecot.Dovecot("auth", THIRD, *free_ports(2, THIRD))
        directory.settings = f"service auth {{\n unix_listener {directory.folder}/login {{\n  mode = 0666\n }}\n}}"
        self.started(directory)
        sasl = f"smtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\nsmtpd_sasl_path = {directory.folder}/login"
        demanded = "smtpd_tls_auth_only = yes\nsmtpd_recipient_restrictions = permit_sasl_authenticated, reject"
        authority = trustme.CA()
        certificate = authority.issue_cert(THIRD)
        peer = postfix.Postfix("mx", THIRD, free_port(THIRD), certificate=certificate, settings=f"{sasl}\n{demanded}")
        self.started(peer)
        file = write_authority(peer.folder, authority)
        where = f'server = "{THIRD}:{peer.port}", sender = "exproxy@example.net", to = "anna@example.com", tls = "starttls"'
        login = f'ca = "{file}", user = "{dovecot.USER}", password = "{dovecot.PASSWORD}"'
        self.begin(f"smtp = {{ {where}, {login} }}")
        self.took()
        self.mail(peer)
        peer.wait_for_log(f"sasl_username={dovecot.USER}")
        self.assertNotIn(dovecot.PASSWORD, self.proxy.logged())
        self.proxy.end()

    def test_tls_from_the_first_byte(self) -> None:
        authority = trustme.CA()
        peer = postfix.Postfix(
            "mx", THIRD, free_port(THIRD), certificate=authority.issue_cert(THIRD), smtps_port=free_port(THIRD)
        )
        self.started(peer)
        file = write_authority(peer.folder, authority)
        where = f'server = "{THIRD}:{peer.smtps_port}", sender = "exproxy@example.net", to = "anna@example.com", tls = "implicit"'
        self.begin(f'smtp = {{ {where}, ca = "{file}" }}')
        self.took()
        self.mail(peer)
        self.proxy.end()

    def test_without_starttls_nothing_is_sent(self) -> None:
        peer = postfix.Postfix("mx", THIRD, free_port(THIRD))
        self.started(peer)
        where = f'server = "{THIRD}:{peer.port}", sender = "exproxy@example.net", to = "anna@example.com", tls = "starttls"'
        self.begin(f"smtp = {{ {where} }}")
        self.took()
        self.proxy.wait_for_log(f"notify.smtp: given up after 1 try: {THIRD} does not offer STARTTLS; was not told: ")
        self.proxy.end()
        self.assertEqual(peer.delivered(), [])

    def test_what_postfix_says_is_in_the_log(self) -> None:
        peer = postfix.Postfix("mx", THIRD, free_port(THIRD))
        self.started(peer)
        self.begin(f'smtp = {{ server = "{THIRD}:{peer.port}", sender = "a@b.example", to = "anna@elsewhere.example" }}')
        self.took()
        self.proxy.wait_for_log(
            f"notify.smtp: given up after 1 try: {THIRD} said 554 .*Relay access denied; was not told: .*hub/ex2: .*; down"
        )
        self.proxy.end()


class CommandTests(NotifyTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.folder = new_folder("command")
        self.addCleanup(lambda: [path.unlink() for path in self.folder.iterdir()] and self.folder.rmdir())
        self.program = self.folder / "tell"
        self.program.write_text(PROGRAM)
        self.program.chmod(0o755)
        self.mode("")

    def mode(self, word: str) -> None:
        (self.folder / "mode").write_text(word)

    def got(self) -> list[Any]:
        return [json.loads(line) for line in whole_lines(self.folder / "got")]

    def test_a_program_has_the_facts_and_no_secrets(self) -> None:
        os.environ["EXPROXY_TEST_TOKEN"] = "s3cret"
        self.addCleanup(os.environ.pop, "EXPROXY_TEST_TOKEN")
        self.begin(f'command = ["{self.program}", "to the; touch {self.folder}/evil", "$HOME"]')
        self.took()
        ((arguments, environment, facts),) = eventually(self.got, "the program")
        self.assertEqual(arguments, [f"to the; touch {self.folder}/evil", "$HOME"])
        self.assertEqual((environment["EXPROXY_NAME"], environment["EXPROXY_STATE"]), ("hub/ex2", "down"))
        self.assertRegex(environment["EXPROXY_SUBJECT"], "hub/ex2: .*; down")
        self.assertNotIn("EXPROXY_TEST_TOKEN", environment)
        self.assertEqual(facts["events"][0]["subject"], "hub/ex2")
        self.proxy.end()

    def test_one_that_hangs_is_killed_with_its_children_and_run_again(self) -> None:
        self.mode("hang")
        self.begin(f'command = ["{self.program}"]\ncommand_timeout = "4s"')
        self.took()
        pids = eventually(lambda: (self.folder / "pids").exists() and (self.folder / "pids").read_text().split(), "the program")
        assert pids
        self.mode("")
        self.assertEqual(self.client(), b"one")
        eventually(lambda: not any(_lives(pid) for pid in pids), "both to be killed")
        eventually(self.got, "the next try")
        self.proxy.end()

    def test_one_that_fails_is_tried_again(self) -> None:
        self.mode("fail")
        self.begin(f'command = ["{self.program}"]')
        self.took()
        self.heal(SECOND)
        self.proxy.wait_for_log("hub/ex2: .*; up, after 2 passed checks")
        self.mode("")
        ((_, _, facts), *_) = eventually(self.got, "the second try")
        self.assertIn(facts["events"][0]["state"], ("down", "up"))
        self.proxy.end()

    def test_one_that_is_not_there_is_told_and_harms_nobody(self) -> None:
        self.begin(f'command = ["{self.folder}/nothing"]')
        self.took()
        self.assertEqual(self.client(), b"one")
        self.proxy.end()
        self.proxy.wait_for_log("notify.command: the process ends, and was not told: .*hub/ex2: .*; down")


def _lives(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
