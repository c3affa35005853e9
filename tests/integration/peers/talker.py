"""A server of websockets (RFC 6455): says again what it hears, and does what some words ask for.

``python -m tests.integration.peers.talker HOST PORT``; it prints how each conversation ended.
"""

import sys
from pathlib import Path

import attrs
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from tests.integration.peers.ports import accepts
from tests.integration.peers.process import Peer


def talk(connection: ServerConnection) -> None:
    try:
        for heard in connection:
            _answer(connection, heard)
    except ConnectionClosed:
        pass
    finally:
        sys.stdout.write(f"closed {connection.close_code} {connection.close_reason}\n")
        sys.stdout.flush()


def _answer(connection: ServerConnection, heard: str | bytes) -> None:
    word, _, rest = heard.partition(" ") if isinstance(heard, str) else ("", "", "")
    if word == "say":
        connection.send(b"x" * int(rest))
    elif word == "size":
        following = connection.recv()
        connection.send(str(len(following)))
    elif word == "ping":
        connection.send("pong" if connection.ping(rest).wait(60) else "no pong")
    elif word == "close":
        code, _, reason = rest.partition(" ")
        connection.close(int(code), reason)
    elif word == "headers":
        assert connection.request is not None
        connection.send("\n".join(f"{name}: {value}" for name, value in connection.request.headers.raw_items()))
    else:
        connection.send(heard)


@attrs.define
class Talker(Peer):
    def command(self) -> list[str]:
        return [sys.executable, "-m", "tests.integration.peers.talker", self.host, str(self.port)]

    def prepare(self) -> None:
        self.process.directory = Path(__file__).resolve().parents[3]

    def ready(self) -> bool:
        return accepts(self.host, self.port)


if __name__ == "__main__":
    with serve(talk, sys.argv[1], int(sys.argv[2]), max_size=None, ping_interval=None) as server:
        server.serve_forever()
