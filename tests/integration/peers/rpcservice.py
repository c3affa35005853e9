"""Exchange's RPC interfaces by impacket: ``python -m tests.integration.peers.rpcservice NAME HOST INTERFACE=PORT …``.

Each interface knows one call, number 0, which answers the server's name.
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

    def __init__(self, host: str, port: int, name: str, interface: str) -> None:
        self.name = name
        self.interface = interface
        super().__init__((host, port), _Connection)


class _Connection(socketserver.BaseRequestHandler):
    """impacket's server holds one connection's state: one for each."""

    def handle(self) -> None:
        assert isinstance(self.server, _Server)
        identifier, major, minor = INTERFACES[self.server.interface]
        name = self.server.name.encode()
        server = DCERPCServer(self.request)
        server.addCallbacks((identifier, f"{major}.{minor}"), str(self.server.server_address[1]), {0: lambda _: name})
        with contextlib.suppress(OSError):
            while (request := server.recv()) is not None:
                answer = server.processRequest(request)
                if answer is not None:
                    server.send(answer)


def serve(name: str, host: str, ports: dict[str, int]) -> None:
    """Serve each interface on its port, for ever."""
    threads = []
    for interface, port in ports.items():
        server = _Server(host, port, name, interface)
        threads.append(threading.Thread(target=server.serve_forever))
    for thread in threads:
        thread.start()


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], {name: int(port) for name, port in (entry.split("=") for entry in sys.argv[3:])})
