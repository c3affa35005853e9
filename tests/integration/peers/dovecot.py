"""A real Dovecot with IMAP and POP3 and one user, whose mailbox names the instance."""

import os
import pwd
import socket

import attrs

from tests.integration.peers.needs import DOVECOT, DOVECOT_IMAP, DOVECOT_POP3, ROOT, program
from tests.integration.peers.ports import says
from tests.integration.peers.process import Peer

NEEDS = (ROOT, DOVECOT, DOVECOT_IMAP, DOVECOT_POP3)

USER, PASSWORD = "anna", "correct-horse"
OWNER = "nobody"

CONFIGURATION = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap pop3
listen = {host}
ssl = no
disable_plaintext_auth = no
login_greeting = {name} ready
mail_location = maildir:{folder}/mail/%u
mail_uid = {owner}
mail_gid = nogroup
first_valid_uid = 1
first_valid_gid = 1
# A balancer's clients all come from its own address.
mail_max_userip_connections = 1000
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = uid={owner} gid=nogroup home={folder}/mail/%u
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
"""


@attrs.define
class Dovecot(Peer):
    """``port`` is IMAP's, ``pop3_port`` POP3's."""

    pop3_port: int = 0

    def command(self) -> list[str]:
        return [program("dovecot") or "dovecot", "-F", "-c", str(self.folder / "dovecot.conf")]

    def prepare(self) -> None:
        owner = pwd.getpwnam(OWNER)
        inbox = self.folder / "mail" / USER
        for folder in (self.folder / "mail", inbox, *(inbox / name for name in ("cur", "new", "tmp"))):
            folder.mkdir(exist_ok=True)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        letter = inbox / "cur" / "1:2,"
        letter.write_text(f"From: postmaster@example.com\nTo: {USER}@example.com\nSubject: {self.name}\n\nThis is {self.name}.\n")
        os.chown(letter, owner.pw_uid, owner.pw_gid)
        (self.folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
        (self.folder / "dovecot.conf").write_text(
            CONFIGURATION.format(
                folder=self.folder, host=self.host, name=self.name, owner=OWNER, imap=self.port, pop3=self.pop3_port
            )
        )

    def ready(self) -> bool:
        if not says(self.host, self.pop3_port, f"+OK {self.name} ready".encode()):
            return False
        with socket.create_connection((self.host, self.port), timeout=2) as connection:
            return f"{self.name} ready".encode() in connection.recv(512)
