"""Starts the fork server, a new interpreter, and ties processes to us by pairs of unix sockets."""

import ctypes
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IProcessTransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.protocol import ProcessProtocol as TwistedProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

LINK = 3
"""The descriptor of the other process's end."""

PROGRAM = "exproxy.worker"

_PR_SET_PDEATHSIG = 1

_log = Logger()


class Lines(Protocol):
    """Has what a process writes to standard error in the master's log."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._rest = b""

    def dataReceived(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            _log.info("{process}: {line}", process=self._name, line=line.decode("utf-8", "replace"))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Last words without an end: it died over them."""
        if self._rest:
            self.dataReceived(b"\n")


class ProcessProtocol(TwistedProcessProtocol):
    """:param ended: called with the reason when it is no more."""

    def __init__(self, name: str, ended: Callable[[str], object]) -> None:
        self._lines = Lines(name)
        self._ended = ended

    def errReceived(self, data: bytes) -> None:
        self._lines.dataReceived(data)

    def processEnded(self, reason: Any) -> None:
        self._lines.connectionLost()
        status = reason.value
        self._ended(f"signal {status.signal}" if status.signal else f"status {status.exitCode}")


class OneFactory(Factory):
    """For a connection that is there already."""

    noisy = False

    def __init__(self, link: Protocol) -> None:
        self._link = link

    def buildProtocol(self, addr: object) -> Protocol:
        return self._link


def adopt(reactor: Any, pair: socket.socket, link: Protocol) -> None:
    """Speak ``link`` on ``pair``, of which the reactor makes a descriptor of its own."""
    pair.setblocking(False)
    reactor.adoptStreamConnection(pair.fileno(), socket.AF_UNIX, OneFactory(link))
    pair.close()


def tie(reactor: Any, link: Protocol) -> socket.socket:
    """The other end of a new pair at whose one end ``link`` is spoken."""
    ours, theirs = socket.socketpair()
    adopt(reactor, ours, link)
    return theirs


def spawn(reactor: Any, process: ProcessProtocol, link: Protocol) -> IProcessTransport:
    """A fork server with ``link`` at our end of the pair; workers' access logs may go to our standard output."""
    # the same program, wherever it was found: what twistd added to the path is not in the environment
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(os.path.abspath(path) for path in sys.path)}
    command = [sys.executable, "-m", PROGRAM]
    with tie(reactor, link) as theirs:
        descriptors = {0: 0, 1: 1, 2: "r", LINK: theirs.fileno()}
        started: IProcessTransport = reactor.spawnProcess(process, sys.executable, command, environment, childFDs=descriptors)
    return started


def die_with_parent() -> None:
    """Have Linux kill us when our parent ends, even if we are stopped or busy then; elsewhere, the end of the pair tells.

    A fork does not inherit this.  The parent may have ended already: only who knows its number can tell.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
