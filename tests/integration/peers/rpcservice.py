"""Exchange's RPC interfaces by impacket: ``python -m tests.integration.peers.rpcservice NAME HOST INTERFACE=PORT …``.

Several interfaces may have one port.  Each knows one call, number 0, which answers the server's name.
"""

import contextlib
import socketserver
import sys
import threading

from impacket.dcerpc.v5.rpcrt import DCERPCServer

from tests.integration.peers.samba import INTERFACES


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 512

    def __init__(self, host: str, port: int, name: str, interfaces: list[str]) -> None:
        self.name = name
        self.interfaces = interfaces
        super().__init__((host, port), _Connection)


class _Connection(socketserver.BaseRequestHandler):
    """impacket's server holds one connection's state: one for each."""

    def handle(self) -> None:
        assert isinstance(self.server, _Server)
        name = self.server.name.encode()
        port = str(self.server.server_address[1])
        server = DCERPCServer(self.request)
        for interface in self.server.interfaces:
            identifier, major, minor = INTERFACES[interface]
            server.addCallbacks((identifier, f"{major}.{minor}"), port, {0: lambda _: name})
        with contextlib.suppress(OSError):
            while (request := server.recv()) is not None:
                answer = server.processRequest(request)
                if answer is not None:
                    server.send(answer)


def serve(name: str, host: str, entries: list[str]) -> None:
    """Serve each interface on its port, for ever."""
    ports: dict[int, list[str]] = {}
    for interface, port in (entry.split("=") for entry in entries):
        ports.setdefault(int(port), []).append(interface)
    servers = [_Server(host, port, name, interfaces) for port, interfaces in ports.items()]
    for server in servers:
        threading.Thread(target=server.serve_forever).start()


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], sys.argv[3:])
