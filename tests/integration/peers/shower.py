"""A real nginx without TLS that says what it was told, whose headers may have underscores, and that knows how to misbehave."""

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
events {{ worker_connections 128; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  default_type text/plain;
  underscores_in_headers on;
  ignore_invalid_headers off;
  lingering_close always;
  server {{
    listen {host}:{port};
    add_header X-Powered-By ASP.NET always;
    location / {{ return 200 "{name} $request_method $request_uri\\n"; }}
    location /told {{ return 200 "{told}\\n"; }}
    location /read {{ proxy_pass http://{host}:{port}/; proxy_method GET; proxy_pass_request_body off; proxy_http_version 1.1; }}
    location /trailed {{ add_trailer X-Digest 1234; return 200 "{name}\\n"; }}
    location /hangs-up {{ return 444; }}
    location /ill {{ return 503 "{name} is ill\\n"; }}
    location /silent {{ proxy_pass http://{silent}; }}
  }}
}}
"""


@attrs.define
class Shower(Peer):
    """:param names: of headers that ``/told`` shows.

    :param silent: the address of somebody who accepts and says nothing, for ``/silent``.
    """

    names: tuple[str, ...] = ()
    silent: str = "127.0.0.1:9"

    def command(self) -> list[str]:
        return [program("nginx") or "nginx", "-c", str(self.folder / "nginx.conf"), "-p", str(self.folder), "-e", "stderr"]

    def prepare(self) -> None:
        told = "|".join(f"{name}=$http_{name.lower().replace('-', '_')}" for name in self.names)
        values = {"folder": self.folder, "host": self.host, "port": self.port, "name": self.name}
        (self.folder / "nginx.conf").write_text(CONFIGURATION.format(told=told, silent=self.silent, **values))

    def ready(self) -> bool:
        return accepts(self.host, self.port)
