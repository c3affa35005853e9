"""Whole mail user agents: mutt sends a mail and keeps a copy on the server, mbsync fetches all, over TLS that ends here."""

import os
import subprocess
from itertools import product
from pathlib import Path

from tests.integration.mailways import FIRST, FRONT, SECOND, MailWaysTests
from tests.integration.peers import dovecot, needs, postfix
from tests.integration.peers.ports import free_port, free_ports
from tests.integration.peers.waiting import eventually

MUTT = """\
set from = "bob@example.net"
set hostname = "client.example.com"
set smtp_url = "{smtp}://{front}:{submission}/"
set imap_user = "{user}"
set imap_pass = "{password}"
set folder = "{imap}://{front}:{mail}/"
set record = "+INBOX"
set certificate_file = "{ca}"
set ssl_starttls = {starttls}
set ssl_force_tls = yes
set ssl_usesystemcerts = no
set header_cache = ""
"""
MBSYNC = """\
IMAPAccount here
Host {front}
Port {mail}
User {user}
Pass {password}
SSLType {type}
CertificateFile {ca}
AuthMechs LOGIN

IMAPStore far
Account here

MaildirStore near
Path {near}/
Inbox {near}/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns INBOX
Create Near
SyncState *
"""


class AgentTests(MailWaysTests):
    mode = "imap"

    def setUp(self) -> None:
        super().setUp()
        needs.require(*dovecot.NEEDS, *postfix.NEEDS, needs.MUTT, needs.MBSYNC)
        self.mailbox = dovecot.Dovecot("ex1", FIRST, *free_ports(2, FIRST), certificate=self.leaf(FIRST))
        self.server = postfix.Postfix("ex2", SECOND, free_port(SECOND), certificate=self.leaf(SECOND))
        self.started(self.mailbox, self.server)
        for way, out in product(("starttls", "implicit"), ("off", "starttls")):
            self.mode = "imap"
            self.back(f"imap-{way}-{out}", {"ex1": f"{FIRST}:{self.mailbox.port}"}, out)
            self.front(f"imap-{way}-{out}", f"imap-{way}-{out}", way)
            self.mode = "smtp"
            self.back(f"smtp-{way}-{out}", {"ex2": f"{SECOND}:{self.server.port}"}, out)
            self.front(f"smtp-{way}-{out}", f"smtp-{way}-{out}", way)
        self.run_site(
            *(
                f"{mode}-{way}-{out}/{server}"
                for mode, server in (("imap", "ex1"), ("smtp", "ex2"))
                for way, out in product(("starttls", "implicit"), ("off", "starttls"))
            )
        )
        self.home = self.ca.parent

    def values(self, way: str, out: str) -> dict[str, object]:
        return {
            "front": FRONT,
            "mail": self.ports[f"imap-{way}-{out}"],
            "submission": self.ports[f"smtp-{way}-{out}"],
            "user": dovecot.USER,
            "password": dovecot.PASSWORD,
            "ca": self.ca,
            "imap": "imaps" if way == "implicit" else "imap",
            "smtp": "smtps" if way == "implicit" else "smtp",
            "starttls": "yes" if way == "starttls" else "no",
            "type": "STARTTLS" if way == "starttls" else "IMAPS",
            "near": self.home / f"{way}-{out}",
        }

    def agent(self, *command: str, said: str = "") -> None:
        environment = {"HOME": str(self.home), "PATH": os.environ["PATH"], "TERM": "dumb"}
        done = subprocess.run(command, input=said, capture_output=True, text=True, env=environment, timeout=180, check=False)
        self.assertEqual(done.returncode, 0, f"{' '.join(command)} said\n{done.stdout}\n{done.stderr}")

    def written(self, name: str, text: str) -> Path:
        path = self.home / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def copies(self) -> list[str]:
        """What is in the mailbox: also the letter that was there before."""
        folders = (self.mailbox.folder / "mail" / dovecot.USER / name for name in ("new", "cur"))
        return [path.read_text() for folder in folders for path in folder.iterdir()]

    def test_mutt_sends_and_keeps_a_copy_each_way(self) -> None:
        ways = [*product(("starttls", "implicit"), ("off", "starttls"))]
        for way, out in ways:
            settings = self.written("muttrc", MUTT.format(**self.values(way, out)))
            self.agent("mutt", "-n", "-F", str(settings), "-s", f"{way}-{out}", "anna@example.com", said="hello\n")
        mails = eventually(lambda: len(self.server.delivered()) == len(ways) and self.server.delivered(), "all mails")
        # Dovecot may be moving some of them
        copies = eventually(lambda: len(self.copies()) == 1 + len(ways) and self.copies(), "all copies")
        for way, out in ways:
            self.assertEqual(sum(f"Subject: {way}-{out}\n" in mail for mail in mails), 1)
            self.assertEqual(sum(f"Subject: {way}-{out}\n" in copy.replace("\r", "") for copy in copies), 1)

    def test_mbsync_fetches_all_each_way(self) -> None:
        for way, out in product(("starttls", "implicit"), ("off", "starttls")):
            values = self.values(way, out)
            near = Path(str(values["near"]))
            near.mkdir()
            settings = self.written("mbsyncrc", MBSYNC.format(**values))
            self.agent("mbsync", "-c", str(settings), "all")
            (letter,) = [path for path in (near / "INBOX").glob("*/*") if path.is_file() and path.parent.name in ("cur", "new")]
            self.assertIn("This is ex1.", letter.read_text())
