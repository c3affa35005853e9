"""A front end of mode ``imap`` in memory whose users say who they are before they have a server."""

from collections.abc import Callable
from typing import Any

from exproxy import pool
from exproxy.net.tls.server import ServerTLS
from exproxy.pool.key import HashedKeys
from exproxy.proxy.backend import Backend
from exproxy.proxy.frontend import Frontend
from exproxy.proxy.listener import Listener
from exproxy.proxy.mail.deskhouse import DeskHouse
from exproxy.proxy.mail.imap import Imap
from exproxy.proxy.mail.pop3 import Pop3
from exproxy.proxy.mail.smtp import Smtp
from exproxy.proxy.mail.users import key_of_name
from exproxy.wire.mailsettings import Settings
from tests.net.memory import Recorder
from tests.proxy.mail.mailstage import MailStage
from tests.proxy.stage import FRONT

PASSWORD = b"s3cret pass"
OFFERS = ("IDLE", "IMAP4REV1", "SASL-IR", "AUTH=PLAIN", "COMPRESS=DEFLATE", "UIDPLUS")


def imap_server(name: str, password: bytes = PASSWORD) -> Callable[[bytes], bytes | None]:
    """Answers LOGIN; says who it is to everybody who has logged in."""

    def answer(said: bytes) -> bytes | None:
        if not said.endswith(b"\r\n"):
            return None
        if b" LOGIN " in said:
            good = b'"%b"' % password in said
            return (
                b"exproxy OK [CAPABILITY IMAP4rev1 COMPRESS=DEFLATE] In\r\n"
                if good
                else b"exproxy NO [AUTHENTICATIONFAILED] Go\r\n"
            )
        if said.startswith(b"exproxy LOGOUT"):
            return b"* BYE\r\nexproxy OK\r\n"
        return b"* %b heard %b" % (name.encode(), said)

    return answer


class DeskStage(MailStage):
    """The servers ``one`` and ``two``, and a table of users."""

    def setUp(self) -> None:
        super().setUp()
        for name, peer in self.servers.items():
            peer.greeting = b"* OK [CAPABILITY IMAP4rev1] %b\r\n" % name.encode()
            peer.answer = imap_server(name)

    def desks(
        self,
        settings: Settings | None = None,
        starttls: ServerTLS | None = None,
        protocol: Callable[[Backend], Imap | Pop3 | Smtp] | None = None,
        **options: Any,
    ) -> Frontend:
        table = pool.Table("users", kind="user")
        servers = self.servers_of("source", group=pool.Group(table))
        for server in servers.servers.values():
            server.health.offers = OFFERS
        backend: Backend = self.backend(servers, server_timeout=60.0)
        frontend = Frontend(
            name="mail",
            clock=self.clock,
            network=self.network,
            gate=self.gate,
            backend=backend,
            routes=None,
            maxconn=None,
            client_timeout=1800.0,
            client_fin_timeout=4.0,
            preface_timeout=5.0,
            handshake_timeout=3.0,
            log=self.records.append,
            dontlognull=False,
        )
        spoken = protocol(backend) if protocol else Imap(settings or Settings(), backend)
        self.table = table
        self.pool = servers
        self.house = DeskHouse(
            frontend=frontend,
            manner=spoken.manner(),
            backend=backend,
            desks=spoken.desks(),
            key_of=key_of_name(HashedKeys(b"secret")),
            **({"greeting_timeout": 20.0, "secret": b"secret"} | options),
        )
        frontend.serve = self.house.serve
        listener = Listener(frontend, (), None, starttls)
        listener.open(FRONT, 128)
        listener.start()
        return frontend

    def log_in(self, user: str = "anna", password: bytes = PASSWORD) -> Recorder:
        client = self.client()
        self.send(client, b'a1 LOGIN %b "%b"\r\n' % (user.encode(), password))
        return client

    def where(self, client: Recorder) -> bytes:
        """The server that a client is with."""
        before = len(client.data)
        self.send(client, b"b1 NOOP\r\n")
        return bytes(client.data[before:]).split()[1]
