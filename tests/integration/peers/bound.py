"""A server with Extended Protection: a login by NTLM counts only on a TLS connection on which the client saw this certificate.

What IIS does with ``tokenChecking = Require``: the client's answer has the hash of the certificate (RFC 5929 4.1), signed, and
the server compares it with that of its own.  ``/owa`` is a form, and wants no login.
"""

import base64
import hashlib
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import spnego
import trustme
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

from tests.integration.peers.certificates import write_certificate

USER, PASSWORD = "EXAMPLE\\anna", "correct-horse"
USERS = "NTLM_USER_FILE"
"""The variable that tells pyspnego where the users are."""


def write_users(folder: Path) -> Path:
    """As :data:`USERS` wants it."""
    path = folder / "users"
    path.write_text(f"{USER.replace(chr(92), ':')}:{PASSWORD}\n")
    return path


def bindings(certificate: bytes) -> GssChannelBindings:
    """What a login is bound to, of a certificate in DER that was signed with SHA-256."""
    return GssChannelBindings(application_data=b"tls-server-end-point:" + hashlib.sha256(certificate).digest())


class _Handler(BaseHTTPRequestHandler):
    """One connection, which is logged in once."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "_Server"
    context: spnego.ContextProxy | None = None
    welcome = False

    def do_GET(self) -> None:
        if "healthcheck" in self.path or self.path.startswith("/owa"):
            self._say(200, "200 OK")
        elif self.welcome:
            self._say(200, "welcome")
        else:
            self._log_in(self.headers.get("Authorization", ""))

    def _log_in(self, said: str) -> None:
        if self.context is None:
            self.context = spnego.server(protocol="ntlm", channel_bindings=self.server.bindings)
        token = base64.b64decode(said.removeprefix("NTLM "))
        try:
            answer = self.context.step(token) if token else None
        except SpnegoError:
            self.context = None
            self._say(401, "refused", "NTLM")
            return
        if self.context.complete:
            self.welcome = True
            self._say(200, "welcome")
        else:
            self._say(401, "who?", f"NTLM {base64.b64encode(answer or b'').decode()}".strip())

    def _say(self, status: int, words: str, challenge: str = "") -> None:
        self.send_response(status)
        if challenge:
            self.send_header("WWW-Authenticate", challenge)
        self.send_header("Content-Length", str(len(words)))
        self.end_headers()
        self.wfile.write(words.encode())

    def log_message(self, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512
    bindings: GssChannelBindings

    def handle_error(self, request: object, address: object) -> None:
        """A client may leave in the middle of anything."""


class Bound:
    """Runs in threads of the test, and with :data:`USERS` in its environment."""

    def __init__(self, host: str, identity: trustme.LeafCert, folder: Path) -> None:
        self._server = _Server((host, 0), _Handler)
        self._server.bindings = bindings(ssl.PEM_cert_to_DER_cert(identity.cert_chain_pems[0].bytes().decode()))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(write_certificate(folder / "bound.pem", identity))
        # in each connection's own thread, or one that does not speak would stop all others
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """Leave the port."""
        self._server.shutdown()
        self._server.server_close()
