"""POP3: Dovecot behind the proxy, poplib in front."""

from tests.integration import mailboxes
from tests.integration.clients import pop3_server_name


class Pop3Tests(mailboxes.MailboxTests):
    protocol = "pop3"

    def client(self) -> str:
        return pop3_server_name(self.proxy.host, self.proxy.port)
