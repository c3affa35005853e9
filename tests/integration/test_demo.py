"""``make demo`` as a person has it: started, tried with one client a protocol, broken, ended by Ctrl-C."""

import http.client
import imaplib
import os
import poplib
import signal
import smtplib
import ssl
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import attrs
from impacket.dcerpc.v5 import epm, nspi, transport

from tests.integration.peers.process import Peer, PeerTestCase
from tests.integration.peers.waiting import PATIENCE, eventually

ROOT = Path(__file__).resolve().parents[2]
FRONT = "127.0.0.1"
SOON, LATE = 'interval = "1s", timeout = "2s"', 'interval = "1s", timeout = "30s"'


@attrs.define
class Demo(Peer):
    """``port`` is the SMTP front end of ``conf/demo.toml``."""

    configuration: Path = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Everything as people have it, but that a slow machine is no server that is ill."""
        super().__attrs_post_init__()
        text = (ROOT / "conf" / "demo.toml").read_text()
        assert SOON in text, "the demo's checks have another timeout"
        self.configuration = self.folder / "demo.toml"
        self.configuration.write_text(text.replace(SOON, LATE))

    def command(self) -> list[str]:
        return [sys.executable, "-m", "exproxy.simulator.demo", str(self.configuration)]

    def prepare(self) -> None:
        path = os.pathsep.join([str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")])
        self.process.environment = {**os.environ, "PYTHONPATH": path.rstrip(os.pathsep), "PYTHONUNBUFFERED": "1"}

    def ready(self) -> bool:
        return "Ctrl-C ends everything" in self.process.news()

    def tell(self, command: str) -> str:
        """What the guide tells people to type."""
        done = subprocess.run(
            [sys.executable, "-m", "exproxy.simulator", "tell", *command.split()],
            env=self.process.environment,
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE,
            check=True,
        )
        return done.stdout.strip()

    def written(self) -> int:
        """How long its output is: what comes later, comes after this."""
        return len(self.process.text())

    def wait_for(self, pattern: str, after: int) -> str:
        """The first line that matches, in what was written ``after``."""
        return eventually(lambda: self.process.line(pattern, after), f"{pattern!r} in the output") or ""

    def children(self) -> list[int]:
        """The processes that it has started."""
        return [
            int(pid) for path in Path(f"/proc/{self.process.pid}/task").glob("*/children") for pid in path.read_text().split()
        ]


def smtp_greeting() -> str:
    """Send a mail; the first line of the server's greeting."""
    client = smtplib.SMTP(timeout=PATIENCE)
    _, greeting = client.connect(FRONT, 10_025)
    client.sendmail("me@example.com", ["anna@example.com"], "Subject: hello\r\n\r\n")
    client.quit()
    return greeting.decode()


def https_server() -> str:
    """The heading of ``/owa/``."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection(FRONT, 10_443, timeout=PATIENCE, context=context)
    connection.request("GET", "/owa/")
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    assert response.status == 200, f"{response.status}: {body}"
    return body.partition("<h1>")[2].partition("<")[0]


def imap_subject() -> bytes:
    with imaplib.IMAP4(FRONT, 10_143, timeout=PATIENCE) as client:
        client.login("anna", "demo")
        client.select("INBOX", readonly=True)
        return repr(client.fetch("1", "(BODY[HEADER.FIELDS (SUBJECT)])")[1]).encode()


def pop3_subject() -> bytes:
    client = poplib.POP3(FRONT, 10_110, timeout=PATIENCE)
    client.user("anna")
    client.pass_("demo")
    lines = client.retr(1)[1]
    client.quit()
    return next(line for line in lines if line.startswith(b"Subject:"))


def nspi_port() -> str:
    """Ask the endpoint mapper's front end, and bind to the Address Book's."""
    dce = transport.TCPTransport(FRONT, 10_135).get_dce_rpc()
    dce.connect()
    binding: str = epm.hept_map(FRONT, nspi.MSRPC_UUID_NSPI, protocol="ncacn_ip_tcp", dce=dce)
    dce.disconnect()
    book = transport.TCPTransport(FRONT, 10_532).get_dce_rpc()
    book.connect()
    book.bind(nspi.MSRPC_UUID_NSPI)
    book.disconnect()
    return binding


def lives(pid: int) -> bool:
    """Whether it still runs; who has ended and is not reaped by its adopter does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class DemoTests(PeerTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.demo = Demo("demo", FRONT, 10_025)

    def interrupt(self, children: list[int]) -> None:
        """As a terminal does it: everybody in the foreground gets the signal."""
        os.killpg(self.demo.process.pid, signal.SIGINT)
        self.assertEqual(self.demo.process.wait(), 0)
        self.assertEqual([pid for pid in children if lives(pid)], [])
        self.assertNotIn("asked to stop again", self.demo.process.text())

    def test_every_protocol_works_a_broken_service_leaves_and_ctrl_c_ends_all(self) -> None:
        self.started(self.demo)
        self.assertIn("EX", smtp_greeting())
        self.assertIn(https_server(), {"EX1.example.com", "EX2.example.com"})
        self.assertIn(b"You are connected to EX", imap_subject())
        self.assertIn(b"You are connected to EX", pop3_subject())
        self.assertIn("[10532]", nspi_port())
        with urlopen("http://127.0.0.1:17777/readyz", timeout=PATIENCE) as answer:
            self.assertEqual(answer.read(), b"ready\n")

        before = self.demo.written()
        self.assertEqual(self.demo.tell("ex1 smtp maintenance"), "ex1 smtp maintenance")
        sentence = r"SMTP said 421 4\.3\.2 Service not active: Exchange is in maintenance; draining"
        self.demo.wait_for(rf"proxy \|.*/ex1: {sentence}, in \d checks in a row; 1 of 2 servers", before)
        self.assertEqual({"EX2" in smtp_greeting() for _ in range(6)}, {True})

        before = self.demo.written()
        self.demo.tell("ex1 ews error")
        self.demo.wait_for(r"proxy \|.*\bews/ex1\b.*\bdown\b", before)
        self.assertEqual({https_server() for _ in range(6)}, {"EX1.example.com", "EX2.example.com"})

        before = self.demo.written()
        self.demo.tell("ex1 https error")
        self.demo.wait_for(r"proxy \|.*\bowa/ex1\b.*\bdown\b", before)
        self.assertEqual({https_server() for _ in range(6)}, {"EX2.example.com"})

        before = self.demo.written()
        self.demo.tell("ex1 all well")
        self.demo.wait_for(r"proxy \|.*\bowa/ex1\b.*\bup\b", before)
        eventually(lambda: https_server() == "EX1.example.com", "ex1 to serve again")

        children = self.demo.children()
        self.assertEqual(len(children), 1)
        self.interrupt(children)

    def test_a_demo_that_is_killed_takes_the_proxy_with_it(self) -> None:
        self.started(self.demo)
        children = self.demo.children()
        self.assertEqual([lives(pid) for pid in children], [True])
        self.demo.process.signal(signal.SIGKILL)
        self.demo.process.wait()
        eventually(lambda: not any(lives(pid) for pid in children), "the proxy to end")

    def test_a_proxy_that_does_not_start_is_told_with_what_it_said(self) -> None:
        broken = self.demo.folder / "broken.toml"
        broken.write_text("[frontends.smtp]\nbund = '127.0.0.1:10025'\n")
        self.demo.configuration = broken
        self.keep(self.demo)
        self.demo.prepare()
        self.demo.process.start(self.demo.command())
        self.assertEqual(self.demo.process.wait(), 1)
        self.assertRegex(self.demo.process.text(), r"proxy \|.*bund")
        self.assertIn("the proxy has ended", self.demo.process.text())
