"""A program for each message.  (Real ones with children: tests/integration/test_notify.py.)"""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.notify import command
from exproxy.notify.channel import DeliveryError
from exproxy.notify.command import LOOK, SAID, Command
from tests.notify.stories import message


class FakeProcess:
    """What :class:`subprocess.Popen` makes."""

    pid = 4711

    def __init__(self, arguments: Any, stdin: Any, stdout: Any, env: Any, **more: Any) -> None:
        self.arguments, self.environ, self.output = arguments, env, stdout
        self.told = stdin.read()
        self.returncode: int | None = None
        self.kill: Callable[[], None]

    def poll(self) -> int | None:
        return self.returncode


class CommandTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.started: list[FakeProcess] = []
        self.killed: list[int] = []
        self.patch(subprocess, "Popen", self.spawn)
        if hasattr(command.os, "killpg"):
            self.patch(command.os, "killpg", lambda group, signal: self.kill(group))
        self.command = Command(self.clock, ["/bin/tell", "x"], 5.0, {"PATH": "/bin", "SECRET": "s3cret"})

    def spawn(self, *arguments: Any, **more: Any) -> FakeProcess:
        process = FakeProcess(*arguments, **more)
        process.kill = lambda: self.kill(process.pid)
        self.started.append(process)
        return process

    def kill(self, group: int) -> None:
        self.killed.append(group)
        self.started[-1].returncode = -9

    def deliver(self) -> Any:
        self.delivery = self.command.deliver(message())
        return self.started[-1]

    def end(self, status: int, said: bytes = b"") -> None:
        self.started[-1].output.write(said)
        self.started[-1].output.flush()
        self.started[-1].returncode = status
        self.clock.advance(LOOK)

    def why(self) -> str:
        error = self.failureResultOf(self.delivery, DeliveryError).value
        self.assertEqual(self.clock.getDelayedCalls(), [])
        return str(error)

    def test_it_has_the_facts_and_little_else(self) -> None:
        process = self.deliver()
        self.assertEqual((process.arguments, json.loads(process.told)), (["/bin/tell", "x"], message().facts()))
        self.assertEqual(process.environ["PATH"], "/bin")
        self.assertNotIn("SECRET", process.environ)
        self.assertEqual((process.environ["EXPROXY_NAME"], process.environ["EXPROXY_STATE"]), ("hub/ex2", "down"))

    def test_a_good_end_is_one(self) -> None:
        self.deliver()
        self.assertNoResult(self.delivery)
        self.end(0, b"whatever it says")
        self.assertIsNone(self.successResultOf(self.delivery))

    def test_a_bad_end_is_told_with_the_last_words(self) -> None:
        self.deliver()
        self.end(3, b"x" * 1000 + b"\nno such channel\n")
        self.assertRegex(self.why(), r"^it ended with 3: x+ no such channel$")

    def test_that_it_was_killed_by_somebody_is_told(self) -> None:
        self.deliver()
        self.end(-15)
        self.assertEqual(self.why(), "it was ended by signal 15")

    def test_one_that_hangs_is_killed_with_all_of_its_group(self) -> None:
        self.deliver()
        self.clock.pump([LOOK] * 60)
        self.assertEqual((self.killed, self.why()), ([4711], "it did not end within 5 s, and was killed"))

    def test_one_that_does_not_stop_talking_is_killed(self) -> None:
        self.deliver().output.write(b"x" * (SAID + 1))
        self.started[-1].output.flush()
        self.clock.pump([LOOK] * 3)
        self.assertIn("it wrote more than 1 MB, and was killed", self.why())

    def test_one_that_cannot_be_run_is_told(self) -> None:
        def refuse(*arguments: Any, **more: Any) -> None:
            raise FileNotFoundError(2, "No such file or directory")

        self.patch(subprocess, "Popen", refuse)
        error = self.assertRaises(DeliveryError, self.command.deliver, message())
        self.assertEqual(str(error), "/bin/tell cannot be run: No such file or directory")

    def test_when_nobody_waits_any_more_it_is_killed(self) -> None:
        self.deliver()
        self.delivery.cancel()
        self.failureResultOf(self.delivery)
        self.assertEqual((self.killed, self.clock.getDelayedCalls()), ([4711], []))

    def test_one_that_is_gone_already_is_no_error(self) -> None:
        if hasattr(command.os, "killpg"):
            self.patch(command.os, "killpg", self.gone)
        self.deliver().kill = self.gone
        self.delivery.cancel()
        self.failureResultOf(self.delivery)

    def gone(self, *killed: int) -> None:
        raise ProcessLookupError

    def test_on_windows_there_are_no_groups(self) -> None:
        self.patch(sys, "platform", "win32")
        process = self.deliver()
        process.kill = lambda: self.kill(1)
        self.clock.pump([LOOK] * 60)
        self.assertEqual(self.killed, [1])
        self.why()
