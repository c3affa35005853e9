"""How the fork server is started, and how processes are tied to us."""

import socket
import sys
from typing import Any

from twisted.internet.protocol import Protocol
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from exproxy.process.spawning import LINK, PROGRAM, Lines, OneFactory, ProcessProtocol, spawn, tie


class Reason:
    class value:  # noqa: N801 - as Twisted's failures have it
        signal: int | None = 9
        exitCode: int | None = None  # noqa: N815 - likewise


class FakeReactor:
    def __init__(self) -> None:
        self.adopted: list[tuple[int, Any]] = []

    def spawnProcess(self, protocol: Any, program: str, command: Any, environment: Any, childFDs: Any) -> str:
        self.spawned = program, command, environment, childFDs
        return "the process"

    def adoptStreamConnection(self, fd: int, family: int, factory: Any) -> None:
        self.adopted.append((family, factory.buildProtocol(None)))


class SpawnTests(SynchronousTestCase):
    def test_it_is_the_same_program_with_one_end_of_a_pair(self) -> None:
        reactor, link = FakeReactor(), Protocol()
        self.assertEqual(spawn(reactor, ProcessProtocol("the fork server", print), link), "the process")
        program, command, environment, descriptors = reactor.spawned
        self.assertEqual((program, command), (sys.executable, [sys.executable, "-m", PROGRAM]))
        self.assertEqual((descriptors[1], descriptors[2], sorted(descriptors)), (1, "r", [0, 1, 2, LINK]))
        self.assertIn(sys.path[-1], environment["PYTHONPATH"])
        self.assertEqual(reactor.adopted, [(socket.AF_UNIX, link)])

    def test_a_pair_has_one_end_for_each(self) -> None:
        reactor, link = FakeReactor(), Protocol()
        with tie(reactor, link) as theirs:
            self.assertEqual(theirs.family, socket.AF_UNIX)
        self.assertEqual(reactor.adopted, [(socket.AF_UNIX, link)])

    def test_a_connection_that_is_there_has_one_protocol(self) -> None:
        link = Protocol()
        self.assertIs(OneFactory(link).buildProtocol(None), link)


class ProcessProtocolTests(SynchronousTestCase):
    def test_last_words_without_an_end_are_logged_when_it_is_no_more(self) -> None:
        events: list[Any] = []
        globalLogPublisher.addObserver(events.append)
        self.addCleanup(globalLogPublisher.removeObserver, events.append)
        lines = Lines("worker 1")
        lines.dataReceived(b"whole\nlast wo")
        lines.connectionLost()
        protocol = ProcessProtocol("the fork server", lambda why: None)
        protocol.errReceived(b"and mi")
        protocol.processEnded(Reason())
        found = [(event["process"], event["line"]) for event in events if "line" in event]
        self.assertEqual(found, [("worker 1", "whole"), ("worker 1", "last wo"), ("the fork server", "and mi")])

    def test_its_lines_are_in_the_master_s_log_with_its_name(self) -> None:
        events: list[Any] = []
        globalLogPublisher.addObserver(events.append)
        self.addCleanup(globalLogPublisher.removeObserver, events.append)
        Lines("worker 1").dataReceived(b"none yet")
        protocol = ProcessProtocol("the fork server", print)
        protocol.errReceived(b"one\ntw")
        protocol.errReceived(b"o\nthree")
        lines = [("the fork server", "one"), ("the fork server", "two")]
        self.assertEqual([(event["process"], event["line"]) for event in events], lines)

    def test_its_end_is_told_with_its_cause(self) -> None:
        ends: list[str] = []
        ProcessProtocol("worker 1", ends.append).processEnded(Reason())
        self.assertEqual(ends, ["signal 9"])
