"""A real HAProxy as the balancer in front of ours: it passes everything on behind a PROXY header."""

import attrs

from tests.integration.peers.needs import HAPROXY, program
from tests.integration.peers.ports import accepts
from tests.integration.peers.process import Peer

NEEDS = (HAPROXY,)

CONFIGURATION = """\
defaults
  mode tcp
  timeout connect 1m
  timeout client 5m
  timeout server 5m
listen front
  bind {host}:{port}
  server behind {behind} {header} source {source}
"""


@attrs.define
class HAProxy(Peer):
    """:param behind: address and port of what is behind it.

    :param source: the address that it connects from.
    :param header: ``send-proxy`` or ``send-proxy-v2``.
    """

    behind: str = ""
    source: str = "127.0.0.1"
    header: str = "send-proxy-v2"

    def command(self) -> list[str]:
        return [program("haproxy") or "haproxy", "-db", "-f", str(self.folder / "haproxy.cfg")]

    def prepare(self) -> None:
        values = {"host": self.host, "port": self.port, "behind": self.behind, "header": self.header, "source": self.source}
        (self.folder / "haproxy.cfg").write_text(CONFIGURATION.format(**values))

    def ready(self) -> bool:
        return accepts(self.host, self.port)
