"""A process that is bound to a pipe instead of a terminal."""

import os
import signal
from threading import Thread

from twisted.trial.unittest import SynchronousTestCase

from exproxy.simulator import bound


class BoundTests(SynchronousTestCase):
    def test_it_has_a_session_of_its_own(self) -> None:
        begun: list[str] = []
        self.patch(os, "setsid", lambda: begun.append("session"))
        bound.leave_terminal()
        self.assertEqual(begun, ["session"])

    def test_it_ends_in_order_when_the_pipe_does_and_not_before(self) -> None:
        killed: list[tuple[int, int]] = []
        self.patch(os, "kill", lambda *what: killed.append(what))
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        waiting = Thread(target=bound.end_with, args=(reader,), daemon=True)
        waiting.start()
        os.write(writer, b"a word")
        self.assertEqual(killed, [])
        os.close(writer)
        waiting.join(60)
        self.assertEqual(killed, [(os.getpid(), signal.SIGTERM)])
