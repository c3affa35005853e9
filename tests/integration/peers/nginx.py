"""A real nginx that answers like Exchange's front end: OWA sends to its logon page, each directory tells its health."""

import http.client
import signal
import ssl
from pathlib import Path

import attrs
import trustme

from tests.integration.peers.certificates import write_certificate
from tests.integration.peers.needs import NGINX, program
from tests.integration.peers.process import Peer
from tests.integration.peers.proxied import connected
from tests.integration.peers.waiting import eventually

NEEDS = (NGINX,)

DIRECTORIES = ("owa", "ecp", "EWS", "Microsoft-Server-ActiveSync", "OAB", "Autodiscover", "mapi", "Rpc", "PowerShell", "API")
"""Exchange's virtual directories (EXCHANGE.md)."""

CONFIGURATION = """\
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 1;
worker_shutdown_timeout 1s;
events {{ worker_connections 256; }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  default_type text/html;
  server {{
    listen {address} ssl{proxied};
    ssl_certificate {folder}/certificate.pem;
    ssl_certificate_key {folder}/certificate.pem;
    add_header X-FEServer {name} always;
{locations}
  }}
}}
"""

WELL = """\
    location ~* ^/({directories})/healthcheck.htm$ {{ return 200 "200 OK<br/>{name}.example.com"; }}
    location = /owa {{ return 302 /owa/auth/logon.aspx; }}
    location = /rpc/rpcproxy.dll {{ {challenge}return 401; }}
    location = /who {{ return 200 "$remote_addr reached {name} for $proxy_protocol_addr\\n"; }}
    location = /page {{ add_header Set-Cookie "{cookie}"; return 200 "<!doctype html><title>{name}</title>"; }}
    location = /told {{ return 200 "$http_cookie"; }}
    location /store/ {{ root {folder}; dav_methods PUT; client_max_body_size 0; }}
    location / {{ return 200 "this is {name}\\n"; }}
"""

COOKIE = "whose={name}; Path=/; Secure; HttpOnly; SameSite=Lax"
"""Of ``/page``: a cookie of the server's own."""

ILL = """\
    location / {{ return 503 "The service is unavailable.\\n"; }}
"""


@attrs.define
class Nginx(Peer):
    """Presents a certificate for ``certified`` by ``authority``; ``proxied`` demands a PROXY header."""

    authority: trustme.CA = attrs.field(factory=trustme.CA, repr=False)
    well: bool = True
    certified: str = "mail.example.com"
    proxied: bool = False
    challenges: bool = True
    """Whether its RPC proxy says how to log in."""

    def command(self) -> list[str]:
        return [program("nginx") or "nginx", "-c", str(self.folder / "nginx.conf"), "-p", str(self.folder), "-e", "stderr"]

    def prepare(self) -> None:
        write_certificate(self.folder / "certificate.pem", self.authority.issue_cert(self.certified, self.host))
        self.store.mkdir(exist_ok=True)
        self.store.chmod(0o777)  # its workers are somebody else
        self._write()

    def _write(self) -> None:
        locations = (WELL if self.well else ILL).format(
            name=self.name,
            directories="|".join(DIRECTORIES),
            cookie=COOKIE.format(name=self.name),
            folder=self.folder,
            challenge='add_header WWW-Authenticate "NTLM" always; ' if self.challenges else "",
        )
        proxied = " proxy_protocol" if self.proxied else ""
        values = {"folder": self.folder, "address": self.address, "name": self.name, "proxied": proxied}
        (self.folder / "nginx.conf").write_text(CONFIGURATION.format(locations=locations, **values))

    @property
    def store(self) -> Path:
        """Files that are had by GET, and come by PUT."""
        return self.folder / "store"

    @property
    def address(self) -> str:
        """As it stands in a URL."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def ready(self) -> bool:
        return self.status("/owa/healthcheck.htm") == (200 if self.well else 503)

    def answer(self, *, well: bool) -> None:
        """Answer every request with 503, or rightly again, from now on."""
        self.well = well
        self._write()
        before = self._workers()
        self.process.signal(signal.SIGHUP)
        # Old and new workers share the listening socket for a moment.
        eventually(lambda: not before & self._workers(), f"the old workers of {self.name} to end")
        eventually(self.ready, f"{self.name} to answer {'rightly' if well else 'wrongly'}")

    def _workers(self) -> set[str]:
        pid = self.process.pid
        return set(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())

    def status(self, path: str) -> int:
        """The status of one request straight to this server.

        :raises OSError: no answer.
        """
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        client = http.client.HTTPSConnection(self.host, self.port, timeout=5)
        with connected(self.host, self.port, self.proxied) as plain:
            client.sock = context.wrap_socket(plain, server_hostname=self.host)
            try:
                client.request("GET", path)
                return client.getresponse().status
            except http.client.HTTPException as error:
                raise ConnectionError("no answer in HTTP") from error
            finally:
                client.close()
