"""A front end of mode ``smtp`` in memory."""

from typing import Any

from exproxy.net.tls.server import ServerTLS
from exproxy.proxy.accesslog.mail import MailRecord
from exproxy.proxy.backend import Backend
from exproxy.proxy.frontend import Frontend
from exproxy.proxy.listener import Listener
from exproxy.proxy.mail.house import House
from exproxy.proxy.mail.manner import Manner
from exproxy.proxy.mail.smtp import Smtp
from exproxy.wire.smtprelay import Settings
from tests.net.memory import MemoryStream, PeerSession, Recorder
from tests.proxy.stage import FRONT, Stage

GREETING = b"220 one ESMTP\r\n"
NONE_LEFT = b"421 4.3.2 No mail server is available, try again later\r\n"


class MailStage(Stage):
    """The servers ``one`` and ``two`` stand behind ``hub``; both greet well unless a test has it otherwise."""

    house: House

    def setUp(self) -> None:
        super().setUp()
        for name, peer in self.servers.items():
            peer.greeting = f"220 {name} ESMTP\r\n".encode()

    def serve(
        self,
        backend: Backend | None = None,
        settings: Settings | None = None,
        tls: ServerTLS | None = None,
        starttls: ServerTLS | None = None,
        xclient: tuple[str, ...] = (),
        manner: Manner | None = None,
        clients: dict[str, Any] | None = None,
        **options: Any,
    ) -> Frontend:
        backend = backend or self.backend()
        frontend = Frontend(
            **{
                "name": "mail",
                "clock": self.clock,
                "network": self.network,
                "gate": self.gate,
                "backend": backend,
                "routes": None,
                "maxconn": None,
                "client_timeout": 30.0,
                "client_fin_timeout": 4.0,
                "preface_timeout": 5.0,
                "handshake_timeout": 3.0,
                "log": self.records.append,
                "dontlognull": False,
            }
            | (clients or {})
        )
        backend.xclient = frozenset(xclient)
        manner = manner or Smtp("lb.example.com", settings or Settings(), backend).manner()
        self.house = House(frontend, manner, backend, **({"greeting_timeout": 20.0, "secret": b"secret"} | options))
        frontend.serve = self.house.serve
        listener = Listener(frontend, (), tls, starttls)
        listener.open(FRONT, 128)
        listener.start()
        return frontend

    def session(self, server: str = "one", number: int = 0) -> PeerSession:
        return self.servers[server].sessions[number]

    def reply(self, data: bytes, server: str = "one", number: int = 0) -> None:
        self.session(server, number).stream.write(data)
        self.settle()

    def near(self, session: PeerSession) -> MemoryStream:
        """Our end of a server's connection."""
        assert isinstance(session.stream, MemoryStream)
        return session.stream.other

    def lines(self) -> list[MailRecord]:
        return [record for record in self.records if isinstance(record, MailRecord)]

    def says(self, client: Recorder, *lines: str) -> None:
        for line in lines:
            self.send(client, f"{line}\r\n".encode())
