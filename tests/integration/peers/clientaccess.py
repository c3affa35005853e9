"""A real nginx as one of Exchange's client access servers: each directory has its own health, by HTTPS and in clear."""

import http.client
import signal
from pathlib import Path

import attrs
import trustme

from tests.integration.peers.certificates import write_certificate
from tests.integration.peers.nginx import DIRECTORIES, Nginx
from tests.integration.peers.ports import accepts
from tests.integration.peers.waiting import eventually

NAMES = ("mail.example.com", "autodiscover.example.com")
"""What clients call the site."""

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
    listen {host}:{plain};
    ssl_certificate {folder}/certificate.pem;
    ssl_certificate_key {folder}/certificate.pem;
    ssl_protocols {protocols};
    ssl_ciphers DEFAULT@SECLEVEL=0;
    location ~* "^/({ill})/healthcheck.htm$" {{ return 503 "The service is unavailable.\\n"; }}
    location ~* "^/({directories})/healthcheck.htm$" {{ return 200 "200 OK<br/>{name}.example.com"; }}
    location = /rpc/rpcproxy.dll {{ add_header WWW-Authenticate NTLM always; return 401; }}
    location ~* "^/({directories})(/|$)" {{
      return 200 "{name} $1 $http_host proto=$http_x_forwarded_proto https=$http_front_end_https for=$http_x_forwarded_for\\n";
    }}
    location / {{ return 404; }}
  }}
}}
"""


@attrs.define
class ClientAccess(Nginx):
    """:param identity: its certificate; one by ``authority`` for :data:`NAMES`, if nothing else is said.

    :param plain: the port for HTTP in clear.
    :param ill: directories whose health page says no.
    """

    identity: trustme.LeafCert | None = None
    plain: int = 0
    ill: tuple[str, ...] = ()
    protocols: str = "TLSv1.2 TLSv1.3"

    def prepare(self) -> None:
        self.present(self.identity or self.authority.issue_cert(*NAMES))
        self._write()

    def present(self, identity: trustme.LeafCert) -> None:
        """Have this certificate from the next start on, or the next :meth:`reload`."""
        self.identity = identity
        write_certificate(self.folder / "certificate.pem", identity)

    def _write(self) -> None:
        values = {"folder": self.folder, "host": self.host, "port": self.port, "plain": self.plain, "name": self.name}
        values |= {"directories": "|".join(DIRECTORIES), "ill": "|".join(self.ill) or "none", "protocols": self.protocols}
        (self.folder / "nginx.conf").write_text(CONFIGURATION.format(**values))

    def ready(self) -> bool:
        return accepts(self.host, self.port) and accepts(self.host, self.plain)

    def fail(self, *directories: str) -> None:
        """These, and no others, from now on."""
        self.ill = directories
        self._write()
        self.reload()
        for directory in directories:
            eventually(lambda asked=directory: self.health(asked) == 503, f"{self.name} to say that {directory} is ill")  # type: ignore[misc]  # mypy knows no defaults of lambdas
        eventually(lambda: self.health("OWA") == (503 if "owa" in directories else 200), f"{self.name} to be reloaded")

    def reload(self) -> None:
        """Take up what was changed; who is connected stays."""
        before = self._workers()
        self.process.signal(signal.SIGHUP)
        eventually(lambda: not before & self._workers(), f"the old workers of {self.name} to end")

    def health(self, directory: str) -> int:
        """What its health page says, asked in clear."""
        client = http.client.HTTPConnection(self.host, self.plain, timeout=5)
        try:
            client.request("GET", f"/{directory}/healthcheck.htm")
            return client.getresponse().status
        finally:
            client.close()

    def asked(self) -> list[str]:
        """Its access log."""
        return Path(self.folder, "access.log").read_text().splitlines()
