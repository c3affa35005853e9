"""The mail modes: what holds for a relayed protocol holds for a followed one, with the same servers and clients."""

from tests.integration import mailboxes, test_smtp
from tests.integration.clients import imap_server_name, pop3_server_name


class SmtpModeTests(test_smtp.SmtpTests):
    mode = "smtp"


class ImapModeTests(mailboxes.MailboxTests):
    protocol = mode = "imap"

    def client(self) -> str:
        return imap_server_name(self.proxy.host, self.proxy.port)


class Pop3ModeTests(mailboxes.MailboxTests):
    protocol = mode = "pop3"

    def client(self) -> str:
        return pop3_server_name(self.proxy.host, self.proxy.port)
