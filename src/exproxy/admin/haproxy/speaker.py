"""The runtime socket's wire: lines in, answers out, and no more of either in memory than a slice.

An answer is made while it is read: the next slice when the last one is with the kernel, so of who stops reading one is kept.  As
long as something is to be said, nothing is read.
"""

from collections.abc import Iterator
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IHalfCloseableProtocol, IPullProducer
from twisted.internet.protocol import Protocol, ServerFactory, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from exproxy.admin.haproxy.conversation import Conversation
from exproxy.admin.haproxy.runtime import Runtime
from exproxy.admin.haproxy.words import commands
from exproxy.admin.peer import peer

LONGEST_LINE = 16 * 1024
"""Octets, as many as HAProxy's buffers have."""
SLICE = 16 * 1024
"""Octets of an answer that are made at once."""
STEPS = 50
"""Pieces that are made at once, which may have nothing in them."""
GOODBYE = 5.0
"""Seconds for the rest of an answer to go out, when we have said that it is over."""
MOST = 32
"""Connections; one more takes the place of the one that has been silent for the longest."""

_log = Logger()


@implementer(IHalfCloseableProtocol, IPullProducer)
class Speaker(Protocol):
    """One connection."""

    transport: Any

    def __init__(self, speakers: "Speakers") -> None:
        self._speakers = speakers
        self._heard = b""
        self._commands: Iterator[str] = iter(())
        self._said: Iterator[str | Deferred[str]] | None = None
        self._answered = False
        self._speaking = False
        self._waiting = False
        self._leaving = False
        self._ended = False
        self._gone = False
        self._idle: IDelayedCall | None = None
        self.since = 0.0

    def connectionMade(self) -> None:
        self._conversation = Conversation(peer(self.transport)[0] or "somebody")
        self._speakers.came(self)
        self._progress()

    def dataReceived(self, data: bytes) -> None:
        self._heard += data
        if not self._leaving:
            self._progress()
            if not self._speaking:
                self._go_on()

    def readConnectionLost(self) -> None:
        """``socat`` ends its side as soon as the command is out; a line that was not finished is none."""
        self._ended = True
        if not self._speaking and not self._leaving:
            self._go_on()

    def writeConnectionLost(self) -> None:
        """Nobody is there to hear us."""
        self.cut()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._gone = True
        self._said = None
        self._commands = iter(())
        if self._idle is not None and self._idle.active():
            self._idle.cancel()
        self._speakers.left(self)

    def cut(self) -> None:
        """End it, whatever has not gone out."""
        self.transport.abortConnection()

    def _go_on(self) -> None:
        """Speak, listen, or leave."""
        if self._next():
            self._speaking = True
            self.transport.pauseProducing()
            self.transport.registerProducer(self, False)
            return
        if len(self._heard) > LONGEST_LINE:
            self.cut()
        elif self._conversation.over or self._ended or (self._answered and not self._conversation.prompting):
            self._leave()

    def _next(self) -> bool:
        """Whether there is something to say."""
        while self._said is None and not self._conversation.over:
            command = next(self._commands, None)
            if command is None:
                line, end, rest = self._heard.partition(b"\n")
                if not end:
                    return False
                self._heard = rest
                self._commands = iter(commands(line.decode("utf-8", "replace")))
                continue
            self._answered = True
            self._said = self._speakers.runtime.say(command, self._conversation)
        return self._said is not None

    # :class:`IPullProducer`: what was said is with the kernel.

    def resumeProducing(self) -> None:
        if self._waiting:
            return
        self._progress()
        pieces: list[str] = []
        size = steps = 0
        later: Deferred[str] | None = None
        while size < SLICE and steps < STEPS and later is None and self._next():
            steps += 1
            piece = None if self._said is None else next(self._said, None)
            if piece is None:
                self._said = None
            elif isinstance(piece, str):
                pieces.append(piece)
                size += len(piece)
            else:
                later = piece
        self._waiting = later is not None
        if size:
            self.transport.write("".join(pieces).encode())
        if later is not None:
            later.addCallback(self._came).addErrback(self._failed)
        elif not size and steps == STEPS:
            self._speakers.reactor.callLater(0, self._step)
        elif not size:
            self._fall_silent()

    def _step(self) -> None:
        """There was nothing to write yet: others had their turn meanwhile."""
        if not self._gone:
            self.resumeProducing()

    def stopProducing(self) -> None:
        """The connection is lost, which is told otherwise too."""

    def _came(self, piece: str) -> None:
        self._waiting = False
        if self._gone:
            return
        if piece:
            self.transport.write(piece.encode())
        else:
            self.resumeProducing()

    def _failed(self, failure: Failure) -> None:
        _log.failure("exproxy made an error in an answer at the runtime socket; please report this", failure)
        self.cut()

    def _fall_silent(self) -> None:
        self._speaking = False
        self.transport.unregisterProducer()
        self.transport.resumeProducing()
        self._go_on()

    # ---- time

    def _progress(self) -> None:
        self.since = self._speakers.reactor.seconds()
        self._patience(self._conversation.idle)

    def _patience(self, seconds: float) -> None:
        if self._idle is None:
            self._idle = self._speakers.reactor.callLater(seconds, self._tired)
        else:
            self._idle.reset(seconds)

    def _tired(self) -> None:
        """It neither speaks nor listens."""
        self._idle = None
        if self._speaking or self._leaving:
            self.cut()
        else:
            self._leave()

    def _leave(self) -> None:
        self._leaving = True
        self.transport.loseConnection()
        self._patience(GOODBYE)

    @property
    def waiting(self) -> bool:
        """Whether it has not asked for anything that it still is told."""
        return not self._speaking


class Speakers(ServerFactory):
    """:param runtime: has the answers."""

    noisy = False

    def __init__(self, reactor: Any, runtime: Runtime) -> None:
        self.reactor = reactor
        self.runtime = runtime
        self._there: list[Speaker] = []

    def buildProtocol(self, addr: object) -> Speaker:
        """A conversation."""
        return Speaker(self)

    def came(self, speaker: Speaker) -> None:
        """For a connection: it is there."""
        self._there.append(speaker)
        if len(self._there) > MOST:
            others = self._there[:-1]
            longest = min(others, key=lambda other: (not other.waiting, other.since))
            self._there.remove(longest)  # a cut is told in a turn of its own, and more may come before that
            longest.cut()

    def left(self, speaker: Speaker) -> None:
        """For a connection: it is no more."""
        if speaker in self._there:
            self._there.remove(speaker)

    def close(self) -> None:
        """End all conversations."""
        for speaker in tuple(self._there):
            speaker.cut()
