"""A server that authenticates connections: who has logged in speaks there until the connection ends, whatever later requests say.

``python -m tests.integration.peers.iis NAME HOST PORT``; the users are in the file that ``NTLM_USER_FILE`` names.
"""

import itertools
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import attrs

from tests.integration.peers.doorkeeper import USERS, Doorkeeper, write_users
from tests.integration.peers.ports import accepts
from tests.integration.peers.process import Peer

LEAVE, VANISH = "?leave", "?vanish"
"""What the target of a request ends with behind whose answer the connection is to be closed: as announced, or without a word."""


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "_Server"

    def setup(self) -> None:
        super().setup()
        self.keeper = Doorkeeper()
        self.number = next(self.server.numbers)

    def do_GET(self) -> None:
        refusals = self.keeper.admit(self.headers)
        said = f"{self.keeper.user or 'nobody'} {self.server.name} {self.number}".encode()
        self.send_response(401 if refusals else 200)
        for refusal in refusals:
            self.send_header("WWW-Authenticate", refusal)
        self.send_header("Content-Length", str(len(said)))
        if self.path.endswith(LEAVE):
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(said)
        self.close_connection = self.path.endswith((LEAVE, VANISH))

    def do_POST(self) -> None:
        left = int(self.headers["Content-Length"])
        while left:
            left -= len(self.rfile.read(min(left, 65_536)))
        self.do_GET()

    def log_message(self, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, name: str, host: str, port: int) -> None:
        self.name = name
        self.numbers = itertools.count()
        super().__init__((host, port), _Handler)

    def handle_error(self, request: object, address: object) -> None:
        """A client may leave in the middle of anything."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, address)


@attrs.define
class Iis(Peer):
    """Its answers are ``user name number``: who it takes the client for, its own name, and which of its connections this is."""

    users: list[str] = attrs.field(factory=list)

    def command(self) -> list[str]:
        return [sys.executable, "-m", "tests.integration.peers.iis", self.name, self.host, str(self.port)]

    def prepare(self) -> None:
        users = self.folder / "users"
        write_users(users, self.users)
        self.process.environment = {**os.environ, USERS: str(users)}
        self.process.directory = Path(__file__).resolve().parents[3]

    def ready(self) -> bool:
        return accepts(self.host, self.port)


if __name__ == "__main__":
    _Server(sys.argv[1], sys.argv[2], int(sys.argv[3])).serve_forever()
