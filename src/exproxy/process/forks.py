"""The master's side of the fork server: keeps one running, asks it for workers, and knows whether they live."""

import signal
import socket
from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ConnectionDone, ConnectionLost, ProcessExitedAlready
from twisted.internet.interfaces import IDelayedCall, IProcessTransport, IReactorTime
from twisted.internet.protocol import Protocol
from twisted.logger import Logger
from twisted.protocols import amp

from exproxy.process.link import Link
from exproxy.process.messages import CannotChangeError, CannotForkError, Configure, Ended, Fork, Kill
from exproxy.process.spawning import Lines, ProcessProtocol
from exproxy.process.supervisor import Restarts

PATIENCE = 4
"""Looks after which a fork server that was told to kill a worker, or to end, and has not, is killed itself: of :data:`LOOK`
seconds each, and not one time for all, which would be over when we have stood still and heard nobody."""
LOOK = 1.0
ANSWER_PATIENCE = 30.0
"""The same when it was told to read another configuration, with all certificates that are in it: that is refused then."""
NAME = "the fork server"

_log = Logger()

Spawn = Callable[[ProcessProtocol, Protocol], IProcessTransport]
"""Starts a fork server."""
Tie = Callable[[Protocol], socket.socket]
"""Makes a pair and speaks the protocol at one end; returns the other."""


@attrs.define(eq=False)
class Forked:
    """A worker's process, or one that is to be.

    :param ends: its ends of the pairs for its link and its standard error; ours until it is forked.
    :param told: what its end is told to.
    :param pid: once it is forked.
    """

    forks: "Forks"
    link: Protocol
    ends: tuple[socket.socket, socket.socket]
    told: Callable[[str], object]
    pid: int | None = None

    def kill(self) -> None:
        """End it, whatever it does; that it has ended is told later."""
        self.forks.kill(self)


class ForksLink(Link):
    """The master's end of the fork server's pair."""

    def __init__(self, ended: Callable[[int, int], None]) -> None:
        super().__init__()
        self._ended = ended

    @Ended.responder
    def ended(self, pid: int, status: int) -> dict[str, object]:
        self._ended(pid, status)
        return {}


class Forks:
    """:param spawn: starts a fork server.

    :param tie: makes the pairs of workers.
    :param file: the pickled configuration.
    """

    def __init__(self, clock: IReactorTime, spawn: Spawn, tie: Tie, file: int) -> None:
        self._clock = clock
        self._spawn = spawn
        self._tie = tie
        self._file = file
        self._restarts = Restarts()
        self._process: IProcessTransport | None = None
        self._link: ForksLink | None = None
        self._configured = file
        """What the fork server that runs has been told last."""
        self._again: IDelayedCall | None = None
        self._waiting: list[Forked] = []
        """Not asked for yet: there is no fork server now."""
        self._asked: set[Forked] = set()
        """Asked for, or living."""
        self._draining = False
        self._ending: Deferred[None] | None = None

    def start(self) -> None:
        """Have a fork server."""
        self._again = None
        self._restarts.started(self._clock.seconds())
        link = ForksLink(self._child_ended)
        try:
            self._process = self._spawn(ProcessProtocol(NAME, self._ended), link)
        except OSError as error:  # no more processes or descriptors for the moment
            self._ended(f"cannot be started: {error.strerror or error}")
            return
        self._link = link
        self._configured = self._file
        self._ask(Configure, file=self._file)
        waiting, self._waiting = self._waiting, []
        for forked in waiting:
            self._order(forked)

    def prepare(self, file: int) -> "Deferred[None]":
        """Have the fork server read another configuration; fires when it has, or when there is none that could.

        Fails with :class:`exproxy.process.messages.CannotChangeError`; then the one before stays.  Until :meth:`use` or
        :meth:`abandon`, nobody is to be forked.
        """
        if self._link is None or self._link.lost:
            return succeed(None)
        self._configured = file
        done: Deferred[None] = Deferred()  # AMP ends the link when an error of its own answers is left over
        answer = self._link.callRemote(Configure, file=file)
        answer.addCallbacks(lambda _: done.callback(None), self._not_configured, errbackArgs=(done,))
        return done.addTimeout(ANSWER_PATIENCE, self._clock, _does_not_answer)

    def use(self, file: int) -> None:
        """Fork servers read that one from now on."""
        self._file = file
        self._reconfigure()

    def abandon(self) -> None:
        """What was prepared comes to nothing."""
        self._reconfigure()

    def _reconfigure(self) -> None:
        if self._configured != self._file:
            self._configured = self._file
            self._ask(Configure, file=self._file)

    def _not_configured(self, failure: Any, done: "Deferred[None]") -> None:
        if failure.check(CannotChangeError):
            self._configured = self._file
            done.errback(failure)
        else:
            _unanswered(failure)
            done.callback(None)  # another one will read whatever holds then

    def drain(self) -> None:
        """Those that live go on, and nobody comes after them: who waits for a fork server is told that there is none."""
        self._draining = True
        if self._again is not None:
            self._again.cancel()
            self._again = None
        for forked in tuple(self._waiting):
            self.kill(forked)

    def stop(self) -> "Deferred[None]":
        """Have none any more; to be called when all workers have ended.  Fires when it has ended too."""
        self.drain()
        if self._process is None:
            return succeed(None)
        self._ending = Deferred()
        transport: Any = self._link and self._link.transport
        if transport is not None:
            transport.loseConnection()
        self._kill_after_patience(lambda: True)
        return self._ending

    def fork(self, name: str, link: Protocol, told: Callable[[str], object]) -> Forked:
        """A worker with ``link`` at our end of its pair, where one may speak at once; its end is told with the cause.

        :raises OSError: the system gives no pair.
        """
        forked = Forked(self, link, self._pairs(name, link), told)
        if self._link is None or self._link.lost:
            self._waiting.append(forked)
        else:
            self._order(forked)
        return forked

    def kill(self, forked: Forked) -> None:
        """:meth:`Forked.kill`"""
        if forked in self._waiting:
            self._waiting.remove(forked)
            _close(None, *forked.ends)
            forked.told("there was no fork server")
        elif forked in self._asked and forked.pid is None:
            self._kill_server()  # it has not forked it for so long that somebody gave up
        elif forked in self._asked:
            self._ask(Kill, pid=forked.pid)
            self._kill_after_patience(lambda: forked in self._asked)

    def _pairs(self, name: str, link: Protocol) -> tuple[socket.socket, socket.socket]:
        theirs = self._tie(link)
        try:
            return theirs, self._tie(Lines(name))
        except OSError:
            theirs.close()
            raise

    def _order(self, forked: Forked) -> None:
        self._asked.add(forked)
        theirs, errors = forked.ends
        assert self._link is not None
        answer = self._link.callRemote(Fork, link=theirs.fileno(), errors=errors.fileno())
        # they are sent some turns later, and have to be open until then
        answer.addBoth(_close, theirs, errors).addCallback(_forked, forked).addErrback(self._not_forked, forked)

    def _not_forked(self, failure: Any, forked: Forked) -> None:
        if failure.check(CannotForkError):
            self._over(forked, f"cannot be forked: {failure.getErrorMessage()}")
        else:
            _unanswered(failure)

    def _child_ended(self, pid: int, status: int) -> None:
        for forked in self._asked:
            if forked.pid == pid:
                self._over(forked, f"signal {-status}" if status < 0 else f"status {status}")
                return

    def _over(self, forked: Forked, why: str) -> None:
        if forked in self._asked:
            self._asked.remove(forked)
            forked.told(why)

    def _ended(self, why: str) -> None:
        self._process = self._link = None
        workers = list(self._asked)
        if self._ending is not None:
            self._ending.callback(None)
        elif self._draining:
            _log.error("the fork server has ended ({why}), and all workers with it", why=why)
        else:
            delay = self._restarts.ended(self._clock.seconds())
            words = "the fork server has ended ({why}), and all workers with it; another one is started in {delay:g} s"
            _log.error(words, why=why, delay=delay)
            self._again = self._clock.callLater(delay, self.start)
        for forked in workers:
            transport: Any = forked.link.transport
            if transport is not None:
                transport.abortConnection()  # where the system does not end workers, this does
            self._over(forked, "with the fork server")

    def _kill_after_patience(self, still: Callable[[], bool]) -> None:
        process = self._process

        def look(left: int) -> None:
            if process is not self._process or process is None or not still():
                return
            if left:
                self._clock.callLater(LOOK, look, left - 1)
            else:
                _log.error("the fork server does not answer any more: it is killed")
                self._kill_server()

        self._clock.callLater(LOOK, look, PATIENCE - 1)

    def _kill_server(self) -> None:
        try:
            if self._process is not None:
                self._process.signalProcess(signal.SIGKILL)
        except ProcessExitedAlready:
            pass

    def _ask(self, command: type[amp.Command], **arguments: object) -> None:
        if self._link is not None and not self._link.lost:
            self._link.callRemote(command, **arguments).addErrback(_unanswered)


def _forked(answer: dict[str, Any], forked: Forked) -> None:
    forked.pid = answer["pid"]


def _close(result: Any, *ends: socket.socket) -> Any:
    for end in ends:
        end.close()
    return result


def _does_not_answer(_: object, seconds: float) -> Any:
    raise CannotChangeError(
        f"the fork server has not read it within {seconds:g} s; sessions go on, and if it stays so, only a restart helps"
    )


def _unanswered(failure: Any) -> None:
    """Its process tells why."""
    if not failure.check(ConnectionDone, ConnectionLost):
        _log.failure("exproxy made an error with the fork server; please report this", failure)
