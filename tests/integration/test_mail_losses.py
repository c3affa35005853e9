"""Servers die in the midst of some thousand mails: each that was acknowledged is on a server, and each is so in the end."""

import smtplib
import threading
from collections import Counter

from tests.integration.balanced import FIRST, FRONT, SECOND, servers
from tests.integration.clients import PATIENCE
from tests.integration.peers import needs, sink
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.waiting import eventually
from tests.integration.proxy import Proxy

SENDERS, EACH = 12, 250
DEATHS = 6
LONG = 300.0
"""Seconds for some hundred mails on a machine that has much else to do."""

SITE = """
[service]
workers = {workers}

[frontends.mx]
mode = "smtp"
bind = "{host}:{port}"
backend = "hub"

[backends.hub]
check = "smtp"
{servers}
"""


class Sender:
    """Sends its mails one after the other, each again until it is acknowledged; several in one session, as servers do."""

    def __init__(self, number: int, port: int) -> None:
        self.acknowledged: list[str] = []
        self.failures: Counter[str] = Counter()
        self._port = port
        self._left = [f"mail-{number}-{one}" for one in range(EACH)]
        self._over = False
        self.thread = threading.Thread(target=self._run, daemon=True)

    def stop(self) -> None:
        """Come to an end, also where nobody answers any more."""
        self._over = True
        self.thread.join(2 * PATIENCE)

    def _run(self) -> None:
        while self._left and not self._over:
            try:
                self._session()
            except (smtplib.SMTPException, OSError) as error:
                self.failures[type(error).__name__] += 1

    def _session(self) -> None:
        with smtplib.SMTP(FRONT, self._port, "client.example.com", PATIENCE) as client:
            for _ in range(min(5, len(self._left))):
                subject = self._left[-1]
                letter = f"Subject: {subject}\r\n\r\n{'x' * 70}\r\n" + f"{'y' * 70}\r\n" * 100
                client.sendmail("bob@example.net", ["anna@example.com"], letter)
                self.acknowledged.append(self._left.pop())


class LossTests(PeerTestCase):
    def setUp(self) -> None:
        super().setUp()
        needs.require(*sink.NEEDS)
        behind = free_port(FIRST, SECOND)
        self.sinks = [sink.Sink("ex1", FIRST, behind), sink.Sink("ex2", SECOND, behind)]
        self.started(*self.sinks)
        self.behind = behind

    def wait_for(self, senders: list[Sender], mails: int) -> None:
        eventually(
            lambda: sum(len(sender.acknowledged) for sender in senders) >= mails, f"{mails} mails to be acknowledged", LONG
        )

    def run_with(self, workers: int) -> None:
        port = free_port(FRONT)
        proxy = Proxy("proxy", FRONT, port, SITE.format(workers=workers, host=FRONT, port=port, servers=servers(self.behind)))
        self.started(proxy)
        self.addCleanup(proxy.end)
        for name in ("ex1", "ex2"):
            proxy.wait_until(f"hub/{name}", "up")
        senders = [Sender(number, port) for number in range(SENDERS)]
        for sender in senders:
            sender.thread.start()
            self.addCleanup(sender.stop)
        for death in range(DEATHS):
            due = (death + 1) * SENDERS * EACH // (DEATHS + 2)
            self.wait_for(senders, due)
            victim = self.sinks[death % 2]
            before = proxy.written()
            victim.die()
            proxy.wait_until(f"hub/{victim.name}", "down", before)
            victim.start()
            proxy.wait_until(f"hub/{victim.name}", "up", before)
        for sender in senders:
            sender.thread.join(LONG)
            self.assertFalse(sender.thread.is_alive(), "a sender has come to no end")
        acknowledged = Counter(subject for sender in senders for subject in sender.acknowledged)
        stored = Counter(subject for each in self.sinks for subject in each.subjects())
        self.assertEqual(len(acknowledged), SENDERS * EACH)
        self.assertEqual(set(acknowledged) - set(stored), set(), "acknowledged, and on no server")
        failures = sum((sender.failures for sender in senders), Counter())
        self.assertGreater(failures.total(), 0, "nobody noticed that servers died: the test proves nothing")
        twice = stored.total() - len(stored)
        self.assertLessEqual(twice, failures.total(), "more was sent twice than sessions were lost")

    def test_no_acknowledged_mail_is_lost(self) -> None:
        self.run_with(1)

    def test_nor_with_two_workers(self) -> None:
        self.run_with(2)
