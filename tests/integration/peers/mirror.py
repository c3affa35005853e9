"""A real nginx that says which path it made of a target, and whether that is one of ``/ecp``."""

import socket

import attrs

from tests.integration.peers.needs import NGINX, program
from tests.integration.peers.ports import accepts
from tests.integration.peers.process import Peer

NEEDS = (NGINX,)

CONFIGURATION = """\
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 1;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  default_type text/plain;
  lingering_close off;
  merge_slashes {merge};
  server {{
    listen {host}:{port};
    location ~* ^/ecp {{ return 200 "protected $uri"; }}
    location / {{ return 200 "open $uri"; }}
  }}
}}
"""


@attrs.define
class Mirror(Peer):
    """:param merge: ``on`` or ``off``: whether ``//`` is ``/`` for it."""

    merge: str = "on"

    def command(self) -> list[str]:
        return [program("nginx") or "nginx", "-c", str(self.folder / "nginx.conf"), "-p", str(self.folder), "-e", "stderr"]

    def prepare(self) -> None:
        values = {"folder": self.folder, "host": self.host, "port": self.port, "merge": self.merge}
        (self.folder / "nginx.conf").write_text(CONFIGURATION.format(**values))

    def ready(self) -> bool:
        return accepts(self.host, self.port)

    def says(self, data: bytes) -> bytes:
        """All that it answers to ``data`` until it closes.

        :raises OSError: it did not close.
        """
        with socket.create_connection((self.host, self.port), timeout=60) as connection:
            connection.sendall(data)
            answers = b""
            while octets := connection.recv(65_536):
                answers += octets
        return answers

    def path(self, target: bytes) -> tuple[int, str]:
        """Status and path of one GET."""
        answer = self.says(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head.split(b" ")[1]), body.decode("utf-8", "replace")
