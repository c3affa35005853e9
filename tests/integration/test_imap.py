"""IMAP: Dovecot behind the proxy, imaplib in front."""

from tests.integration import mailboxes
from tests.integration.clients import imap_server_name


class ImapTests(mailboxes.MailboxTests):
    protocol = "imap"

    def client(self) -> str:
        return imap_server_name(self.proxy.host, self.proxy.port)
