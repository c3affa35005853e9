"""A real nginx that answers like Exchange's front end: OWA sends to its logon page, each directory tells its health."""

import signal
import ssl
import urllib.error
import urllib.request
from pathlib import Path

import attrs
import trustme

from tests.integration.peers.needs import NGINX, program
from tests.integration.peers.process import Peer
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
    listen {host}:{port} ssl;
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
    location / {{ return 200 "this is {name}\\n"; }}
"""

ILL = """\
    location / {{ return 503 "The service is unavailable.\\n"; }}
"""


@attrs.define
class Nginx(Peer):
    """Presents a certificate for ``mail.example.com`` by ``authority``."""

    authority: trustme.CA = attrs.field(factory=trustme.CA, repr=False)
    well: bool = True

    def command(self) -> list[str]:
        return [program("nginx") or "nginx", "-c", str(self.folder / "nginx.conf"), "-p", str(self.folder), "-e", "stderr"]

    def prepare(self) -> None:
        self.authority.issue_cert("mail.example.com", self.host).private_key_and_cert_chain_pem.write_to_path(
            str(self.folder / "certificate.pem")
        )
        self._write()

    def _write(self) -> None:
        locations = (WELL if self.well else ILL).format(name=self.name, directories="|".join(DIRECTORIES))
        (self.folder / "nginx.conf").write_text(
            CONFIGURATION.format(folder=self.folder, host=self.host, port=self.port, name=self.name, locations=locations)
        )

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
        """The status of one request straight to this server, redirects followed.

        :raises OSError: no answer.
        """
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        try:
            with urllib.request.urlopen(f"https://{self.host}:{self.port}{path}", context=context, timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
