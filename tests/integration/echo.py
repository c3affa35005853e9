"""A server that tells each client what it was asked, with TLS or without."""

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        body = json.dumps({name.lower(): value for name, value in self.headers.items()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


class Echo(ThreadingHTTPServer):
    """Answers with the header lines of the request, as JSON.

    :param context: of TLS; its certificate may be changed.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, host: str, context: ssl.SSLContext | None = None) -> None:
        super().__init__((host, 0), _Handler)
        self.context = context
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def place(self) -> str:
        host, port = self.server_address[:2]
        return f"{host!s}:{port}"

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In a thread of its own."""
        secured = request if self.context is None else self.context.wrap_socket(request, server_side=True)
        super().finish_request(secured, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients may leave, and need not trust it."""

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
