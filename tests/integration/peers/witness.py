"""Real servers that write down each request that they find in what they are sent, and tell the client the same."""

import re
import socket

import attrs

from tests.integration.peers.needs import HAPROXY, NGINX, program
from tests.integration.peers.ports import accepts
from tests.integration.peers.process import Peer

NEEDS = (NGINX, HAPROXY)

NGINX_CONFIGURATION = """\
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 1;
events {{ worker_connections 256; }}
http {{
  log_format seen 'seen $request_method $request_uri $status';
  access_log {folder}/seen.log seen;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  default_type text/plain;
  large_client_header_buffers 4 16k;
  keepalive_requests 100000;
  lingering_close off;
  server {{
    listen {host}:{port};
    location / {{ return 200 "seen $request_method $request_uri\\n"; }}
  }}
}}
"""

HAPROXY_CONFIGURATION = """\
global
  log stdout format raw local0
defaults
  mode http
  log global
  log-format "seen %HM %HU %ST"
  option http-keep-alive
  option dontlognull
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  timeout http-request 30s
frontend front
  bind {host}:{port}
  default_backend behind
backend behind
  server nginx {behind}
"""


class Witness(Peer):
    """``seen`` is what it found so far."""

    def ready(self) -> bool:
        return accepts(self.host, self.port)

    def seen(self) -> list[str]:
        """Method, target and status of each request, in order; what it refused has no method or a made-up one."""
        return re.findall(r"^seen (.*)$", self.written(), re.MULTILINE)

    def written(self) -> str:
        """Where the lines are."""
        raise NotImplementedError

    def told(self, data: bytes, patience: float) -> bytes:
        """What it answers to ``data`` and an end behind it until it closes, or has said nothing for ``patience`` seconds."""
        return told(self.host, self.port, data, patience, end=True)


@attrs.define
class NginxWitness(Witness):
    def command(self) -> list[str]:
        return [program("nginx") or "nginx", "-c", str(self.folder / "nginx.conf"), "-p", str(self.folder), "-e", "stderr"]

    def prepare(self) -> None:
        values = {"folder": self.folder, "host": self.host, "port": self.port}
        (self.folder / "nginx.conf").write_text(NGINX_CONFIGURATION.format(**values))

    def written(self) -> str:
        path = self.folder / "seen.log"
        return path.read_text(errors="replace") if path.exists() else ""


@attrs.define
class HAProxyWitness(Witness):
    """:param behind: address and port of the nginx that answers for it."""

    behind: str = ""

    def command(self) -> list[str]:
        return [program("haproxy") or "haproxy", "-db", "-f", str(self.folder / "haproxy.cfg")]

    def prepare(self) -> None:
        values = {"host": self.host, "port": self.port, "behind": self.behind}
        (self.folder / "haproxy.cfg").write_text(HAPROXY_CONFIGURATION.format(**values))

    def written(self) -> str:
        return self.process.text()


def told(host: str, port: int, data: bytes, patience: float, *, end: bool = False) -> bytes:
    """What is answered to ``data`` until the connection ends, by whatever, or was silent for ``patience`` seconds.

    :param end: end our side behind it, so that nobody waits for more.
    """
    answers = b""
    with socket.create_connection((host, port), timeout=patience) as connection:
        try:
            connection.sendall(data)
            if end:
                connection.shutdown(socket.SHUT_WR)
            while octets := connection.recv(65_536):
                answers += octets
        except OSError:
            return answers  # silent, or reset: what came before that is what was told
    return answers
