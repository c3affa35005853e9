"""A front end of mode ``http`` in memory."""

from typing import Any

from exproxy.proxy.accesslog.request import RequestRecord
from exproxy.proxy.backend import Backend
from exproxy.proxy.frontend import Frontend
from exproxy.proxy.web.routes import Routes
from exproxy.proxy.web.website import Website
from tests.net.memory import MemoryStream, PeerSession, Recorder
from tests.proxy.stage import Stage

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET / HTTP/1.1\r\nHost: mail.example.com\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def get(path: str, *lines: str, host: str = "mail.example.com") -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", f"Host: {host}", *lines, "", ""]).encode()


def post(body: bytes, *lines: str, path: str = "/ews", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    head = [f"POST {path} HTTP/1.1", "Host: mail.example.com", f"Content-Length: {size}", *lines, "", ""]
    return "\r\n".join(head).encode() + body


class WebStage(Stage):
    """The servers ``one`` and ``two`` stand behind ``hub``; they answer what a test has them answer."""

    website: Website

    def serve(self, backend: Backend | None = None, routes: Routes | None = None, **options: Any) -> Frontend:
        values = {name: options.pop(name) for name in ("clients", "accept_proxy", "tls", "address") if name in options}
        front: dict[str, Any] = values.pop("clients", {})
        frontend = self.open(None, name="web", **values, **front)
        table = routes or Routes(backend or self.backend())
        timeouts = {"request_timeout": 15.0, "keep_alive_timeout": 20.0, "tunnel_timeout": 100.0}
        self.website = Website(frontend, table, **(timeouts | options))
        frontend.serve = self.website.serve
        frontend.website = self.website
        return frontend

    def asks(self, *data: bytes, source: str | None = None) -> Recorder:
        """A client that has sent ``data``."""
        client = self.client(source=source)
        for part in data:
            self.send(client, part)
        return client

    def session(self, server: str = "one", number: int = 0) -> PeerSession:
        return self.servers[server].sessions[number]

    def reply(self, data: bytes, server: str = "one", number: int = 0) -> None:
        self.session(server, number).stream.write(data)
        self.settle()

    def near(self, session: PeerSession) -> MemoryStream:
        """Our end of a server's connection."""
        assert isinstance(session.stream, MemoryStream)
        return session.stream.other

    def requests(self) -> list[RequestRecord]:
        return [record for record in self.records if isinstance(record, RequestRecord)]

    def answers_all(self, answer: bytes = OK) -> None:
        for peer in self.servers.values():
            peer.answer = lambda data: answer if data.endswith(b"\r\n\r\n") else None
