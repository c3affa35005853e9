"""A real web server that takes webhooks, and answers as a test wants: twisted.web, in a process of its own."""

import json
import sys
from pathlib import Path
from typing import Any

import attrs
import trustme
from twisted.internet import ssl
from twisted.internet.task import react
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

from tests.integration.peers.certificates import write_certificate
from tests.integration.peers.process import Peer, whole_lines

SCRIPT = "from tests.integration.peers.receiver import main; main()"


@attrs.define
class Receiver(Peer):
    """Writes down what it is sent; with a ``certificate`` by HTTPS."""

    certificate: trustme.LeafCert | None = attrs.field(default=None, repr=False)

    def command(self) -> list[str]:
        certificate = [str(self.folder / "certificate.pem")] if self.certificate is not None else []
        return [sys.executable, "-c", SCRIPT, self.host, str(self.port), str(self.folder), *certificate]

    def prepare(self) -> None:
        if self.certificate is not None:
            write_certificate(self.folder / "certificate.pem", self.certificate)
        self.process.environment = {"PYTHONPATH": ":".join(sys.path)}

    def ready(self) -> bool:
        return "ready" in self.process.news()

    def answer(self, status: int, **headers: str) -> None:
        """What it says from now on; 0: nothing at all, -1: it hangs up."""
        # in one go: it may be reading
        (self.folder / "answer.new").write_text(json.dumps([status, headers]))
        (self.folder / "answer.new").rename(self.folder / "answer")

    def requests(self) -> list[dict[str, Any]]:
        """What it has been sent so far."""
        return [json.loads(line) for line in whole_lines(self.folder / "requests")]

    def events(self) -> list[dict[str, Any]]:
        """All events of them."""
        return [event for request in self.requests() for event in json.loads(request["body"])["events"]]


class _Hook(Resource):
    isLeaf = True  # noqa: N815 - Twisted's name

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def render(self, request: Request) -> Any:
        headers = {name.decode().lower(): values[0].decode() for name, values in request.requestHeaders.getAllRawHeaders()}
        seen = {"method": request.method.decode(), "uri": request.uri.decode(), "headers": headers}
        # first: with who sees the request, the next answer is for the next one
        path = self.folder / "answer"
        status, headers = json.loads(path.read_text()) if path.exists() else (200, {})
        with (self.folder / "requests").open("a") as file:
            file.write(json.dumps({**seen, "body": request.content.read().decode()}) + "\n")
        if status == -1:
            request.transport.abortConnection()
        if status < 1:
            return NOT_DONE_YET
        request.setResponseCode(status)
        for name, value in headers.items():
            request.setHeader(name, value)
        return b"as the test wants\n"


def main() -> None:
    """``host port folder [certificate]``."""
    react(_serve, sys.argv[1:])


def _serve(reactor: Any, host: str, port: str, folder: str, *certificate: str) -> Any:
    from twisted.internet.defer import Deferred

    site = Site(_Hook(Path(folder)))
    if certificate:
        pem = Path(certificate[0]).read_text()
        reactor.listenSSL(int(port), site, ssl.PrivateCertificate.loadPEM(pem).options(), interface=host)
    else:
        reactor.listenTCP(int(port), site, interface=host)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    return Deferred()
