"""Twisted's own port forwarder as it comes, but for the two log lines a connection: ``python -m bench.forward PORT TO``."""

import sys
from typing import Any

from twisted.internet import reactor
from twisted.protocols.portforward import ProxyClientFactory, ProxyFactory, ProxyServer


class QuietClientFactory(ProxyClientFactory):
    noisy = False


class QuietServer(ProxyServer):
    clientProtocolFactory = QuietClientFactory  # noqa: N815 - portforward looks for this name


class QuietFactory(ProxyFactory):
    protocol = QuietServer
    noisy = False


def main() -> None:
    live: Any = reactor
    port, to = (int(each) for each in sys.argv[1:])
    live.listenTCP(port, QuietFactory("127.0.0.1", to), backlog=4096, interface="127.0.0.1")
    live.run()


if __name__ == "__main__":
    main()
