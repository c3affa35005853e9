"""Postfix's smtp-sink: takes every mail, and writes it down before it says so."""

import os
import re
import signal
import smtplib

import attrs

from tests.integration.peers.needs import POSTFIX, program
from tests.integration.peers.process import Peer

NEEDS = (POSTFIX,)


@attrs.define
class Sink(Peer):
    """Keeps what it was given, also over its death and a new start."""

    lives: int = 0

    def command(self) -> list[str]:
        user = ["-u", "nobody"] if os.geteuid() == 0 else []  # it does not serve as root
        where = f"{self.host}:{self.port}"
        return [program("smtp-sink") or "smtp-sink", *user, "-h", self.name, "-D", f"mails/{self.lives}.", where, "1024"]

    def prepare(self) -> None:
        self.lives += 1
        (self.folder / "mails").mkdir(exist_ok=True)
        (self.folder / "mails").chmod(0o777)

    def ready(self) -> bool:
        with smtplib.SMTP(timeout=5) as client:
            return self.name.encode() in client.connect(self.host, self.port)[1]

    def die(self) -> None:
        """As of a power failure: in the midst of whatever it does."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def subjects(self) -> list[str]:
        """Of the mails that it has acknowledged, or was about to."""
        texts = (path.read_text(errors="replace") for path in sorted((self.folder / "mails").iterdir()))
        return [subject for text in texts for subject in re.findall(r"^Subject: (\S+)$", text, re.MULTILINE)]
