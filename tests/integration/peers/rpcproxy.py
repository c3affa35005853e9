"""An RPC proxy (Outlook Anywhere) with an RPC server behind it: RPC over HTTP version 2 as far as a client sees it (MS-RPCH).

``python -m tests.integration.peers.rpcproxy NAME HOST PORT``; the users are in the file that ``NTLM_USER_FILE`` names.
A virtual connection's two channels find each other by its cookie, within this process: on two servers they would not.
"""

import contextlib
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import attrs
from impacket.dcerpc.v5 import rpch
from impacket.dcerpc.v5.rpcrt import MSRPC_RTS, DCERPCServer, MSRPCHeader

from tests.integration.peers.doorkeeper import USERS, Doorkeeper, write_users
from tests.integration.peers.ports import accepts
from tests.integration.peers.process import Peer
from tests.integration.peers.samba import INTERFACES

FACTS, WAIT, TALK = 0, 1, 2
"""Numbers of the calls of emsmdb here: facts as JSON; an answer after as many seconds as are said, with a ping now and then
before it; as many octets as are said."""

PING = 0.3
"""Seconds between two pings of a call that takes its time."""

ENDLESS = 1 << 30
"""The length that both channels promise, and never reach (MS-RPCH 2.1.2.1.8)."""


class RpchError(Exception):
    """The client did not do as MS-RPCH says."""


@attrs.define
class Virtual:
    """A virtual connection (MS-RPCH 3.2.1.1.1)."""

    facts: dict[str, object]
    complete: threading.Event = attrs.field(factory=threading.Event)
    """The IN channel is there too."""
    server: socket.socket = attrs.field(init=False)
    """The RPC server's end."""
    inside: socket.socket = attrs.field(init=False)
    """The end to which the IN channel's PDUs go."""

    def __attrs_post_init__(self) -> None:
        self.inside, self.server = socket.socketpair()


class _Channel(BaseHTTPRequestHandler):
    """One connection of a client, which becomes one channel."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "_Server"

    def setup(self) -> None:
        super().setup()
        self.keeper = Doorkeeper(("NTLM", "Basic"))

    def handle_expect_100(self) -> bool:
        """Not before we know who asks."""
        return True

    def do_RPC_IN_DATA(self) -> None:
        if not self._admitted():
            return
        self._require(self.headers["Content-Length"] == str(ENDLESS), "an IN channel without its length")
        virtual = self.server.virtual(self._handshake(rpch.CONN_B1_RTS_PDU))
        virtual.facts |= {"in_head": self._head(), "in_user": self.keeper.user, "in": 0, "pings": 0, "acks": 0}
        virtual.complete.set()
        with virtual.inside, contextlib.suppress(OSError):
            while pdu := self._pdu():
                virtual.facts["in"] += len(pdu)  # type: ignore[operator]  # it is a number, as said above
                if MSRPCHeader(pdu)["type"] == MSRPC_RTS:
                    flags = rpch.RTSHeader(pdu)["Flags"]
                    virtual.facts["pings" if flags == rpch.RTS_FLAG_PING else "acks"] += 1  # type: ignore[operator]
                else:
                    virtual.inside.sendall(pdu)

    def do_RPC_OUT_DATA(self) -> None:
        if not self._admitted():
            return
        virtual = self.server.virtual(self._handshake(rpch.CONN_A1_RTS_PDU))
        virtual.facts |= {"out_head": self._head(), "out_user": self.keeper.user, "server": self.server.name}
        self.wfile.write(f"HTTP/1.1 200 Success\r\nContent-Type: application/rpc\r\nContent-Length: {ENDLESS}\r\n\r\n".encode())
        self.wfile.write(_rts(rpch.CONN_A3_RTS_PDU(), "ConnectionTimeout"))
        self._require(virtual.complete.wait(60), "an OUT channel without its IN channel")
        self.wfile.write(_rts(rpch.CONN_C2_RTS_PDU(), "Version", "ReceiveWindowSize", "ConnectionTimeout"))
        with virtual.server:
            self._serve(virtual)

    def _serve(self, virtual: Virtual) -> None:
        server = DCERPCServer(virtual.server)
        identifier, major, minor = INTERFACES["emsmdb"]
        calls: dict[int, Callable[[bytes], bytes]] = {
            FACTS: lambda said: json.dumps(virtual.facts).encode(),
            WAIT: self._wait,
            TALK: lambda said: b"x" * int(said),
        }
        server.addCallbacks((identifier, f"{major}.{minor}"), "6001", calls)
        server.set_client_socket(_Both(virtual.server, self.connection))
        while (request := server.recv()) is not None:
            answer = server.processRequest(request)
            if answer is not None:
                server.send(answer)

    def _wait(self, said: bytes) -> bytes:
        until = time.monotonic() + float(said)
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, PING))
            self.connection.sendall(rpch.hPing())
        return said

    def _admitted(self) -> bool:
        refusals = self.keeper.admit(self.headers)
        self.close_connection = not refusals  # a channel is the connection's last request
        if not refusals:
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return True
        self.send_response(401)
        self.send_header("WWW-Authenticate", ", ".join(refusals))
        self.send_header("Content-Length", "0")
        if self.headers["Content-Length"] != "0":
            self.send_header("Connection", "close")  # what was promised with this request is not read
        self.end_headers()
        return False

    def _handshake(self, kind: type) -> bytes:
        """The cookie of the virtual connection."""
        said = kind(rpch.RTSHeader(self._pdu())["pduData"])
        return bytes(said["VirtualConnectionCookie"]["Cookie"]["Cookie"])

    def _pdu(self) -> bytes:
        """The next one; nothing at the end."""
        head = self.rfile.read(MSRPCHeader._SIZE)
        if len(head) < MSRPCHeader._SIZE:
            return b""
        return head + self.rfile.read(MSRPCHeader(head)["frag_len"] - len(head))

    def _head(self) -> list[str]:
        return [self.requestline, *(f"{name}: {value}" for name, value in self.headers.items())]

    def _require(self, condition: bool, complaint: str) -> None:
        if not condition:
            raise RpchError(complaint)

    def log_message(self, *args: object) -> None:
        pass


@attrs.frozen
class _Both:
    """A socket for impacket's server: reads what the IN channel gets, and writes to the OUT channel."""

    reading: socket.socket
    writing: socket.socket

    def recv(self, count: int) -> bytes:
        return self.reading.recv(count)

    def send(self, data: bytes) -> None:
        self.writing.sendall(data)


def _rts(body: rpch.Structure, *commands: str) -> bytes:
    for command in commands:
        body[command] = getattr(rpch, command)()
    packet = rpch.RTSHeader()
    packet["NumberOfCommands"] = len(commands)
    packet["pduData"] = body.getData()
    return bytes(packet.getData())


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, name: str, host: str, port: int) -> None:
        self.name = name
        self._lock = threading.Lock()
        self._virtual: dict[bytes, Virtual] = {}
        super().__init__((host, port), _Channel)

    def virtual(self, cookie: bytes) -> Virtual:
        """Whichever channel comes first makes it."""
        with self._lock:
            return self._virtual.setdefault(cookie, Virtual({}))

    def handle_error(self, request: object, address: object) -> None:
        """A client may leave in the middle of anything."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, address)


@attrs.define
class RpcProxy(Peer):
    users: list[str] = attrs.field(factory=list)

    def command(self) -> list[str]:
        return [sys.executable, "-m", "tests.integration.peers.rpcproxy", self.name, self.host, str(self.port)]

    def prepare(self) -> None:
        users = self.folder / "users"
        write_users(users, self.users)
        self.process.environment = {**os.environ, USERS: str(users)}
        self.process.directory = Path(__file__).resolve().parents[3]

    def ready(self) -> bool:
        return accepts(self.host, self.port)


if __name__ == "__main__":
    _Server(sys.argv[1], sys.argv[2], int(sys.argv[3])).serve_forever()
