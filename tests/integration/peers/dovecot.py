"""A real Dovecot with IMAP and POP3 and one user, whose mailbox names the instance."""

import os
import pwd

import attrs
import trustme

from tests.integration.peers.certificates import write_certificate
from tests.integration.peers.needs import DOVECOT, DOVECOT_IMAP, DOVECOT_POP3, ROOT, program
from tests.integration.peers.process import Peer
from tests.integration.peers.proxied import connected

NEEDS = (ROOT, DOVECOT, DOVECOT_IMAP, DOVECOT_POP3)

USER, PASSWORD = "anna", "correct-horse"
OWNER = "nobody"

CONFIGURATION = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap pop3
listen = {host}
disable_plaintext_auth = no
login_greeting = {name} ready
mail_location = maildir:{folder}/mail/%u
mail_uid = {owner}
mail_gid = nogroup
first_valid_uid = 1
first_valid_gid = 1
# A balancer's clients all come from its own address.
mail_max_userip_connections = 1000
{settings}
haproxy_trusted_networks = 127.0.0.0/8
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
    haproxy = {proxied}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
    haproxy = {proxied}
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {pop3}
    haproxy = {proxied}
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = yes
    haproxy = {proxied}
  }}
}}
{tls}
"""

TLS = """\
ssl = yes
ssl_cert = <{path}
ssl_key = <{path}
"""


@attrs.define
class Dovecot(Peer):
    """``port`` is IMAP's, ``pop3_port`` POP3's; ``proxied`` demands a PROXY header; ``settings`` are further lines.

    With a ``certificate`` there is STARTTLS, and TLS from the first byte at ``imaps_port`` and ``pop3s_port``.
    """

    pop3_port: int = 0
    imaps_port: int = 0
    pop3s_port: int = 0
    certificate: trustme.LeafCert | None = attrs.field(default=None, repr=False)
    proxied: bool = False
    settings: str = ""

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
                folder=self.folder,
                host=self.host,
                name=self.name,
                owner=OWNER,
                imap=self.port,
                imaps=self.imaps_port,
                pop3=self.pop3_port,
                pop3s=self.pop3s_port,
                proxied="yes" if self.proxied else "no",
                settings=self.settings,
                tls=self._tls(),
            )
        )

    def _tls(self) -> str:
        if self.certificate is None:
            return "ssl = no"
        return TLS.format(path=write_certificate(self.folder / "certificate.pem", self.certificate))

    def ready(self) -> bool:
        return self._greets(self.pop3_port) and self._greets(self.port)

    def _greets(self, port: int) -> bool:
        with connected(self.host, port, self.proxied) as connection:
            return f"{self.name} ready".encode() in connection.recv(512)
