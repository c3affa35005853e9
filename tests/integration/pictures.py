"""Takes the pictures of the status page that the documentation shows: ``python -m tests.integration.pictures [FOLDER]``.

The demo runs (``conf/demo.toml``, with an operator), clients come and go for a while, two faults are told to the site, and
Chromium takes the pictures.  The files are docs/status*.png; ``pngquant`` makes them small, and has to be there.
"""

import contextlib
import imaplib
import random
import smtplib
import ssl
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import trustme
from attrs import define, field

from exproxy.config.passwords import hashed
from tests.integration.peers.chromium import Chromium
from tests.integration.peers.waiting import eventually
from tests.integration.test_demo import FRONT, ROOT, Demo

WHILE = 150.0
"""Seconds for which there are clients before the pictures are taken."""
PAGE = "http://localhost:17777"
USER = '[admin]\nusers = {{ anna = {{ password = "{}", role = "operator" }} }}'
TAKEN = (
    # name, path, width, height, phone, dark
    ("status", "/", 1440, 1150, False, False),
    ("status-dark", "/", 1440, 1150, False, True),
    ("status-server", "/servers/smtp/ex1", 1280, 900, False, False),
    ("status-drain", "/hosts/ex2/drain", 1280, 420, False, False),
    ("status-phone", "/", 390, 1000, True, False),
)

UNDRAWN = "return document.querySelectorAll('[data-plot]').length - document.querySelectorAll('canvas').length"


@define
class Clients:
    """Some of each kind; more and less of them as time goes on."""

    mailboxes: list[imaplib.IMAP4] = field(factory=list)
    chance: random.Random = field(factory=lambda: random.Random(7))

    def turn(self, number: int) -> None:
        """One moment: IMAP clients stay, the others come and go."""
        wanted = 14 + round(8 * self.chance.random()) + number // 8
        while len(self.mailboxes) < wanted:
            self.mailboxes.append(imaplib.IMAP4(FRONT, 10_143, timeout=10))
        while len(self.mailboxes) > wanted:
            with contextlib.suppress(OSError, imaplib.IMAP4.error):
                self.mailboxes.pop(0).shutdown()
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        for path in self.chance.choices(("owa", "ews", "mapi", "ecp", "oab"), k=self.chance.randrange(1, 9)):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"https://{FRONT}:10443/{path}/", context=context, timeout=10).read()
        for _ in range(self.chance.randrange(3)):
            with smtplib.SMTP(FRONT, 10_025, timeout=10) as client:
                text = "Subject: hello\r\n\r\n" + "words\r\n" * self.chance.randrange(20_000)
                client.sendmail("me@example.com", ["anna@example.com"], text)


def main(folder: Path) -> None:
    """Take them all."""
    demo = Demo("demo", FRONT, 10_025)
    demo.configuration = demo.folder / "demo.toml"
    text = (ROOT / "conf" / "demo.toml").read_text("utf-8")
    demo.configuration.write_text(text.replace("[admin]", USER.format(hashed("secret")), 1), "utf-8")
    browser = Chromium.on_loopback({"localhost": FRONT}, trustme.CA().issue_cert("localhost"))
    try:
        demo.start()
        browser.start()
        clients = _come_and_go(demo)
        _take(browser, folder)
        clients.mailboxes.clear()
    finally:
        browser.close()
        demo.close()


def _come_and_go(demo: Demo) -> Clients:
    """Those that are still there."""
    clients = Clients()
    began = time.monotonic()
    number = 0
    while time.monotonic() - began < WHILE:
        clients.turn(number)
        number += 1
        time.sleep(0.5)
    demo.tell("ex1 ews error")
    after = demo.written()
    demo.tell("ex2 smtp maintenance")
    demo.wait_for("smtp/ex2.*draining", after)
    return clients


def _take(browser: Chromium, folder: Path) -> None:
    browser.visit(f"{PAGE}/login")
    browser.type("#user", "anna")
    browser.type("#password", "secret")
    browser.click("button")
    for name, path, width, height, phone, dark in TAKEN:
        browser.screen(width, height, phone, dark)
        browser.visit(PAGE + path)
        eventually(lambda: browser.read("#live") == "live", "events")
        eventually(lambda: browser.run(UNDRAWN) == 0, "charts")
        _write(folder / f"{name}.png", browser.picture())


def _write(path: Path, picture: bytes) -> None:
    done = subprocess.run(["pngquant", "--speed", "1", "64", "-"], input=picture, capture_output=True, check=True)
    path.write_bytes(done.stdout)
    sys.stderr.write(f"{path}: {len(done.stdout) // 1024} KB\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs")
