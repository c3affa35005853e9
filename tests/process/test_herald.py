"""What a supervisor is told, and when."""

import socket
import sys
from pathlib import Path

from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from exproxy.process.herald import EVERY, OWED, Herald, Post


class HeraldTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.sent: list[list[str]] = []
        self.summary = "0 sessions"
        self.deaf = False

    def send(self, words: bytes) -> bool:
        if not self.deaf:
            self.sent.append(words.decode().split("\n"))
        return not self.deaf

    def herald(self, watchdog: float | None = None) -> Herald:
        return Herald(self.clock, self.send, watchdog, lambda: self.summary, lambda: 7.0)

    def test_ready_comes_with_a_sentence(self) -> None:
        self.herald().ready()
        self.assertEqual(self.sent, [["READY=1", "STATUS=0 sessions"]])

    def test_nothing_is_said_while_nothing_changes(self) -> None:
        self.herald().ready()
        self.clock.pump([EVERY] * 3)
        self.assertEqual(len(self.sent), 1)

    def test_a_sentence_that_changes_is_said(self) -> None:
        self.herald().ready()
        self.summary = "1 session"
        self.clock.advance(EVERY)
        self.assertEqual(self.sent[1:], [["STATUS=1 session"]])

    def test_signs_of_life_come_twice_as_often_as_they_are_wanted(self) -> None:
        self.herald(watchdog=4.0).ready()
        self.clock.pump([1.0] * 4)
        self.assertEqual(self.sent[1:], [["WATCHDOG=1"], ["WATCHDOG=1"]])

    def test_a_watchdog_that_waits_long_still_hears_what_changes(self) -> None:
        self.herald(watchdog=600.0).ready()
        self.summary = "1 session"
        self.clock.advance(EVERY)
        self.assertEqual(self.sent[1:], [["WATCHDOG=1", "STATUS=1 session"]])

    def test_a_reload_has_the_moment_of_its_beginning(self) -> None:
        herald = self.herald()
        herald.ready()
        herald.reloading()
        herald.ready()
        self.assertEqual(self.sent[1:], [["RELOADING=1", "MONOTONIC_USEC=7000000"], ["READY=1", "STATUS=0 sessions"]])

    def test_there_is_one_timer_however_often_it_is_ready(self) -> None:
        herald = self.herald()
        herald.ready()
        herald.ready()
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)

    def test_the_end_asks_for_patience_again_and_again(self) -> None:
        herald = self.herald(watchdog=10.0)
        herald.ready()
        herald.stopping()
        self.clock.advance(EVERY)
        self.assertEqual(
            self.sent[1:],
            [
                ["STOPPING=1", "EXTEND_TIMEOUT_USEC=30000000", "STATUS=0 sessions"],
                ["WATCHDOG=1", "EXTEND_TIMEOUT_USEC=30000000"],
            ],
        )

    def test_who_ends_is_not_ready_any_more(self) -> None:
        herald = self.herald()
        herald.stopping()
        herald.ready()
        herald.reloading()
        self.assertEqual(len(self.sent), 1)

    def test_who_cannot_be_described_still_lives_and_the_log_says_so_once(self) -> None:
        def fail() -> str:
            raise ValueError("in the summary")

        herald = Herald(self.clock, self.send, 10.0, fail, lambda: 7.0)
        herald.ready()
        self.clock.pump([EVERY] * 2)
        self.assertEqual([words[0] for words in self.sent], ["READY=1", "WATCHDOG=1", "WATCHDOG=1"])
        self.assertTrue(self.sent[1][1].startswith("STATUS=running; "))
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_what_was_not_heard_is_said_again_in_order(self) -> None:
        herald = self.herald(watchdog=10.0)
        self.deaf = True
        herald.ready()
        herald.reloading()
        self.clock.advance(EVERY)
        self.deaf = False
        herald.ready()
        self.assertEqual([words[0] for words in self.sent], ["READY=1", "RELOADING=1", "READY=1"])

    def test_it_is_said_again_at_the_next_beat_when_nothing_else_is_to_be_said(self) -> None:
        herald = self.herald()
        self.deaf = True
        herald.ready()
        self.deaf = False
        self.clock.pump([EVERY] * 2)
        self.assertEqual(self.sent, [["READY=1", "STATUS=0 sessions"]])

    def test_a_sentence_that_was_not_heard_is_said_again(self) -> None:
        self.herald().ready()
        self.summary = "1 session"
        self.deaf = True
        self.clock.advance(EVERY)
        self.deaf = False
        self.clock.pump([EVERY] * 2)
        self.assertEqual(self.sent[1:], [["STATUS=1 session"]])

    def test_of_what_is_never_heard_not_all_is_kept(self) -> None:
        herald = self.herald()
        self.deaf = True
        for _ in range(2 * OWED):
            herald.ready()
        self.deaf = False
        self.clock.advance(EVERY)
        self.assertEqual(len(self.sent), OWED)

    def test_after_the_end_nothing_is_left(self) -> None:
        herald = self.herald()
        herald.stopping()
        herald.end()
        herald.end()
        self.assertEqual(self.clock.getDelayedCalls(), [])


class PostTests(SynchronousTestCase):
    skip = "Python has no unix sockets on Windows" if sys.platform == "win32" else None

    def bound(self, address: str | bytes) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(sock.close)
        sock.bind(address)
        sock.setblocking(False)
        return sock

    def test_a_path_hears(self) -> None:
        # relative: an address has 107 octets at most, and the folder of a test may be far away
        path = Path(self.mktemp()).name
        self.addCleanup(Path(path).unlink)
        heard = self.bound(path)
        self.assertTrue(Post(path).send(b"READY=1"))
        self.assertEqual(heard.recv(100), b"READY=1")

    def test_an_abstract_name_hears(self) -> None:
        name = b"\0exproxy-" + self.id().encode()
        heard = self.bound(name[:100])
        Post(name[:100]).send(b"READY=1")
        self.assertEqual(heard.recv(100), b"READY=1")

    def test_where_nobody_listens_the_log_says_so_once(self) -> None:
        post = Post("/nonexistent/socket")
        with capturedLogs() as logs:
            self.assertFalse(post.send(b"WATCHDOG=1"))
            self.assertFalse(post.send(b"WATCHDOG=1"))
        self.assertEqual([event["reason"] for event in logs], ["No such file or directory"])

    def test_who_does_not_read_is_not_waited_for(self) -> None:
        name = b"\0exproxy-full-" + self.id().encode()
        heard = self.bound(name[:100])
        post = Post(name[:100])
        with capturedLogs() as logs:
            for _ in range(2000):
                post.send(b"x" * 1000)
            heard.recv(2000)
            post.send(b"WATCHDOG=1")
        self.assertEqual([event["reason"] for event in logs], ["Resource temporarily unavailable"])
