"""The real proxy: ``twistd -n exproxy -c FILE`` as a process of its own."""

import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

import attrs

from exproxy.cli.connection import Connection
from tests.integration.peers.process import Peer, whole_lines
from tests.integration.peers.waiting import PATIENCE, eventually

ROOT = Path(__file__).resolve().parents[2]

TWISTD = "from twisted.scripts.twistd import run; run()"
"""The twistd program of this interpreter, which need not be on the path."""

FALL, RISE = 3, 2
INTERVAL = 0.2
"""Seconds between two checks, as ``DEFAULTS`` says."""

DEFAULTS = f"""
[defaults]
check = {{ interval = "{INTERVAL * 1000:g}ms", timeout = "20s", rise = {RISE}, fall = {FALL} }}
timeouts = {{ connect = "20s", drain = "1s" }}
"""
"""Put into most configurations: what a test waits for should not take long, but a machine that stands still is no dead server."""

ADMIN = """
[admin]
socket = "x.sock"
"""
"""For whoever asks a proxy by :meth:`Proxy.told` or waits by :meth:`Proxy.wait_for_workers`."""


PASSED = ("L4OK", "L6OK", "L7OK")
"""How the words of HAProxy for a check begin."""


@attrs.define
class Proxy(Peer):
    """``port`` is the first front end's; ``configuration`` is TOML without the tables of ``defaults``, which is put behind it."""

    configuration: str = ""
    defaults: str = DEFAULTS

    def command(self) -> list[str]:
        return [sys.executable, "-c", TWISTD, "--nodaemon", "--pidfile=", "--logfile=-", "exproxy", "-c", str(self.file)]

    @property
    def file(self) -> Path:
        return self.folder / "site.toml"

    def prepare(self) -> None:
        self.file.write_text(self.configuration + self.defaults)
        path = os.pathsep.join([str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")])
        self.process.environment = {**os.environ, "PYTHONPATH": path.rstrip(os.pathsep), "PYTHONUNBUFFERED": "1"}

    def ready(self) -> bool:
        """By its own word, for a look at its ports would be a client, and be passed on to a server."""
        return "exproxy is ready" in self.process.news()

    def end(self) -> None:
        """Tell it to stop, as an init system would; it has to go cleanly, after a life without an exception; once is enough.

        :raises AssertionError: it did not.
        """
        if self.process.exited is None:
            self.process.signal(signal.SIGTERM)
        status = self.process.wait()
        assert status == 0, f"the proxy ended with {status}:\n{self.logged()}"
        before, exception, after = self.logged().partition("Traceback")
        assert not exception, f"the proxy's log has an exception:\n{exception}{after}\nbefore it:\n{before}"

    def told(self, what: str) -> Any:
        """What ``/api/v1/`` says, by its socket.

        :raises OSError: nothing.
        """
        try:
            return Connection(self.folder / "x.sock", PATIENCE).get(*what.split("/"))
        except SystemExit as error:
            raise OSError(f"{self.name} does not say {what}") from error

    def wait_for_workers(self) -> None:
        """Until each of them knows what the master has found by now: it answers a question behind all that it was told before."""
        self.told("sessions")

    def wait_for_a_passed_check(self, server: str) -> None:
        """Until one that ends from now on passes, and ``backend/server`` takes clients; the configuration has :data:`ADMIN`."""
        backend, _, name = server.partition("/")
        what = f"backends/{backend}/servers/{name}"
        before = max(check["at"] or 0.0 for check in self.told(what)["checks"])

        def well() -> bool:
            seen = self.told(what)
            return seen["usable"] and all(
                check["status"].startswith(PASSED) and (check["at"] or 0.0) > before for check in seen["checks"]
            )

        eventually(well, f"{server} to be well")

    def fork_server(self) -> int:
        """Its process, where there are workers."""
        (found,) = _children(self.process.pid)
        return found

    def workers(self) -> set[int]:
        """The processes of those that live."""
        return _children(self.fork_server())

    def written(self) -> int:
        """How long its log is: what comes later, comes after this."""
        return len(self.process.text())

    def accessed(self) -> list[str]:
        """The lines of the access log, where the configuration says ``access = "access.log"``."""
        return whole_lines(self.folder / "access.log")

    def wait_for_log(self, pattern: str, after: int = 0) -> str:
        """The first line of its log that matches, in what was written ``after``."""
        return eventually(lambda: self.process.line(pattern, after), f"{pattern!r} in the log") or ""

    def wait_until(self, server: str, state: str, after: int = 0) -> str:
        """The sentence that says that ``backend/server`` is ``up``, ``down`` or ``stopping``."""
        word = "draining" if state == "stopping" else state
        return self.wait_for_log(rf"\b{re.escape(server)}: (?:.*; )?{word}\b[,;]", after)


def _children(pid: int) -> set[int]:
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}
