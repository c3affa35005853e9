"""One command to a running site: connect, say it, print the answer."""

from typing import TextIO

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.interfaces import IReactorTCP, ITCPTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

TIMEOUT = 10
"""Seconds to connect."""


class Teller(Protocol):
    """Says one line and collects what comes back.

    :ivar answered: fires with the whole answer when the site has closed.
    """

    transport: ITCPTransport

    def __init__(self, line: str) -> None:
        self._line = line
        self._heard: list[bytes] = []
        self.answered: Deferred[str] = Deferred()

    def connectionMade(self) -> None:
        self.transport.write(f"{self._line}\nquit\n".encode())

    def dataReceived(self, data: bytes) -> None:
        self._heard.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.answered.callback(b"".join(self._heard).decode("utf-8", "replace"))


def tell(reactor: IReactorTCP, address: tuple[str, int], line: str, out: TextIO) -> Deferred[None]:
    """Say ``line`` to the site whose control port is at ``address`` and write its answer to ``out``.

    The deferred fails with ``SystemExit`` and a sentence where no site is running.
    """

    def refused(failure: Failure) -> None:
        host, port = address
        raise SystemExit(
            f"no simulated site answers on {host}:{port} ({failure.getErrorMessage()}); "
            "start one with: python -m exproxy.simulator, or make demo"
        )

    endpoint = TCP4ClientEndpoint(reactor, *address, timeout=TIMEOUT)
    connected: Deferred[Teller] = connectProtocol(endpoint, Teller(line))
    connected.addErrback(refused)
    answered: Deferred[str] = connected.addCallback(lambda teller: teller.answered)
    return answered.addCallback(out.write).addCallback(lambda _: None)
