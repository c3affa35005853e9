"""Runs a program for each message: facts in its environment, JSON on its standard input, no shell.

What it says is thrown away but for the end of it, which the log has when it fails. Files are its input and output, and a look now
and then sees whether it has ended: so nothing waits for it, nothing is lost when it hangs up early, a child that it leaves behind
holds nothing of ours, and Windows does the same.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from typing import IO

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from exproxy.notify.channel import DeliveryError
from exproxy.notify.message import Message, plain

LOOK = 0.1
"""Seconds between two looks whether it has ended."""
GRACE = 5.0
"""Seconds after its time in which it is killed and looked for."""
SAID = 1024 * 1024
"""Octets that it may write; more, and it is killed."""
QUOTED = 300
_NO_WINDOW = 0x08000000
"""subprocess.CREATE_NO_WINDOW, which only Windows has."""
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SYSTEMROOT", "SYSTEMDRIVE", "COMSPEC", "PATHEXT", "TEMP", "TMP")
"""What it has of our environment: there may be secrets in the rest."""


class Command:
    """:param arguments: the program, and what it is told.

    :param limit: seconds that it may take.
    """

    name = "notify.command"

    def __init__(self, clock: IReactorTime, arguments: Sequence[str], limit: float, environ: Mapping[str, str]) -> None:
        self._clock = clock
        self._arguments = arguments
        self._limit = limit
        self._environ = {name: value for name, value in environ.items() if name in INHERITED}
        self.patience = limit + GRACE

    def deliver(self, message: Message) -> "Deferred[None]":
        """Run it."""
        said = tempfile.TemporaryFile()  # noqa: SIM115 - its run closes it
        try:
            with tempfile.TemporaryFile() as told:
                told.write(message.json())
                told.seek(0)
                process = self._spawn(message, told, said)
        except (OSError, ValueError) as error:
            said.close()
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise DeliveryError(f"{self._arguments[0]} cannot be run: {why}") from error
        run = _Run(self._clock, process, said, self._limit)
        run.look()
        return run.done

    def _spawn(self, message: Message, told: IO[bytes], said: IO[bytes]) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(  # noqa: S603 - what the configuration says, and no shell
            self._arguments,
            stdin=told,
            stdout=said,
            stderr=subprocess.STDOUT,
            env=self._environ | _variables(message),
            # so that it can be killed with all its children
            process_group=None if sys.platform == "win32" else 0,
            creationflags=_NO_WINDOW if sys.platform == "win32" else 0,
        )


def _variables(message: Message) -> dict[str, str]:
    last = message.stories[-1].last
    facts = {
        "SUBJECT": message.subject,
        "TEXT": message.text(),
        "HOST": message.host,
        "EVENTS": str(len(message.stories)),
        "KIND": last.kind,
        "NAME": last.subject,
        "STATE": last.state,
        "REASON": plain(last.reason),
    }
    # Linux takes 128 KB a variable; the rest is on the standard input
    return {f"EXPROXY_{name}": value.replace("\0", "")[:30_000] for name, value in facts.items()}


@attrs.define(eq=False)
class _Run:
    """One process."""

    clock: IReactorTime
    process: "subprocess.Popen[bytes]"
    said: IO[bytes]
    limit: float
    done: "Deferred[None]" = attrs.field(init=False)
    began: float = attrs.field(init=False)
    killed: str = ""
    """Why, if it was."""
    call: IDelayedCall | None = None

    def __attrs_post_init__(self) -> None:
        self.began = self.clock.seconds()
        self.done = Deferred(lambda _: self._leave())

    def look(self) -> None:
        """Has it ended?"""
        self.call = None
        if self.process.poll() is None:
            if not self.killed and self.clock.seconds() - self.began >= self.limit:
                self._kill(f"it did not end within {self.limit:g} s")
            elif not self.killed and os.fstat(self.said.fileno()).st_size > SAID:
                self._kill("it wrote more than 1 MB")
            self.call = self.clock.callLater(LOOK, self.look)
            return
        status, quoted = self.process.returncode, self._quoted()
        self.said.close()
        if self.killed:
            self.done.errback(DeliveryError(f"{self.killed}, and was killed{quoted}"))
        elif status:
            how = f"it ended with {status}" if status > 0 else f"it was ended by signal {-status}"
            self.done.errback(DeliveryError(how + quoted))
        else:
            self.done.callback(None)

    def _quoted(self) -> str:
        size = os.fstat(self.said.fileno()).st_size
        self.said.seek(max(0, size - QUOTED))
        text = plain(self.said.read(QUOTED).decode("utf-8", "replace"))
        return f": {text}" if text else ""

    def _kill(self, why: str) -> None:
        self.killed = why
        # a group that is gone already, or one that has become another user's
        with contextlib.suppress(OSError):
            if sys.platform == "win32":
                self.process.kill()
            else:
                os.killpg(self.process.pid, signal.SIGKILL)

    def _leave(self) -> None:
        """Nobody waits any more."""
        if self.call is not None:
            self.call.cancel()
            self.call = None
        self._kill("it was not waited for")
        self.process.poll()
        self.said.close()
