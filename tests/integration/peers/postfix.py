"""A real Postfix: an instance of its own, which takes any mail for example.com into a maildir."""

import os
import pwd
import smtplib
from pathlib import Path

import attrs
import trustme

from tests.integration.peers.certificates import write_certificate
from tests.integration.peers.needs import POSTFIX, ROOT, program
from tests.integration.peers.process import Peer
from tests.integration.peers.proxied import connected
from tests.integration.peers.waiting import PATIENCE

NEEDS = (ROOT, POSTFIX)

# inet_interfaces takes only addresses that an interface has, and 127.0.0.2 is only routed to one: master.cf binds it.
MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
myhostname = {name}.example.com
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = all
inet_protocols = ipv4
smtpd_banner = {name}.example.com ESMTP
smtpd_relay_restrictions = reject_unauth_destination
smtpd_peername_lookup = no
smtpd_client_connection_rate_limit = 0
smtpd_client_connection_count_limit = 0
alias_maps =
alias_database =
virtual_mailbox_domains = example.com
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = static:inbox/
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
master_service_disable =
{more}
"""

MASTER = """\
{host}:{port} inet n - n - - smtpd
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
error unix - - n - - error
retry unix - - n - - error
tlsmgr unix - - n 1000 1 tlsmgr
virtual unix - n n - - virtual
{services}
"""
"""No service is chrooted, and only those are here that receiving and delivering need."""

QUEUES = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "public", "saved", "trace")


@attrs.define
class Postfix(Peer):
    """``settings`` are further lines of main.cf; with a ``certificate`` there is STARTTLS; ``proxied`` demands a PROXY header.

    At ``smtps_port`` there is TLS from the first byte.
    """

    settings: str = ""
    smtps_port: int = 0
    certificate: trustme.LeafCert | None = attrs.field(default=None, repr=False)
    proxied: bool = False

    def command(self) -> list[str]:
        # master and not "postfix start-fg": that first checks and mends the whole installation, which takes seconds.
        return [program("master") or "master", "-c", str(self.folder), "-d"]

    def prepare(self) -> None:
        owner = pwd.getpwnam("postfix")
        self._make_folders(owner)
        more = f"daemon_directory = {Path(program('master') or '').parent}\n{self.settings}\n"
        if self.certificate is not None:
            path = write_certificate(self.folder / "certificate.pem", self.certificate)
            more += f"smtpd_tls_security_level = may\nsmtpd_tls_chain_files = {path}\n"
        if self.proxied:
            more += "smtpd_upstream_proxy_protocol = haproxy\n"
        values = {"name": self.name, "host": self.host, "port": self.port, "folder": self.folder, "more": more}
        services = f"{self.host}:{self.smtps_port} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes" if self.smtps_port else ""
        (self.folder / "main.cf").write_text(MAIN.format(uid=owner.pw_uid, gid=owner.pw_gid, **values))
        # Postfix waits until main.cf is older than a second or two, lest somebody still writes it.
        os.utime(self.folder / "main.cf", (0, 0))
        (self.folder / "master.cf").write_text(MASTER.format(services=services, **values))

    def _make_folders(self, owner: pwd.struct_passwd) -> None:
        """What "postfix check" would make: the queue is Postfix's own but for its top and pid, which are root's."""
        (self.folder / "queue" / "pid").mkdir(parents=True, exist_ok=True)
        folders = [self.folder / "data", self.folder / "mail"]
        folders += [self.folder / "queue" / name for name in QUEUES]
        for folder in folders:
            folder.mkdir(exist_ok=True)
            folder.chmod(0o700)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        (self.folder / "queue" / "public").chmod(0o755)

    def ready(self) -> bool:
        # Politely, and with patience: who hangs up without QUIT is complained of in the log, which a test looks into.
        if self.proxied:
            return self._ready_behind_a_proxy()
        with smtplib.SMTP(timeout=PATIENCE) as client:
            return self.name.encode() in client.connect(self.host, self.port)[1]

    def _ready_behind_a_proxy(self) -> bool:
        with connected(self.host, self.port) as connection:
            banner = connection.recv(512)
            connection.sendall(b"QUIT\r\n")
            return self.name.encode() in banner and connection.recv(512).startswith(b"221")

    def delivered(self) -> list[str]:
        """The messages that this instance got and delivered."""
        return [path.read_text(errors="replace") for path in sorted((self.folder / "mail" / "inbox" / "new").glob("*"))]
