"""A Wine session, and the Windows programs that run in it."""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import attrs

ENTRY = re.compile(r'^[0-9a-f]+:(?:trace|warn|err):eventlog:ReportEventW L"(.*)"$', re.MULTILINE)
"""What Wine does with an entry of the event log: it keeps none, but tells of each."""
WINE = Path("/usr/lib/wine")
"""Debian's."""
SECONDS = 300
"""For a program that takes a few on a machine that has nothing else to do, and half a minute to start on one that has."""
BEGUN = "Python has begun"
"""What it says before it does anything of ours."""
STARTS = 3
"""At most: under Wine, Python has been seen to end with 1 and without a word, once in some hundreds of times."""


@attrs.frozen
class Done:
    """How a program ended, and what it printed."""

    code: int
    text: str


@attrs.frozen
class Query:
    """What ``sc query`` says."""

    state: str
    code: int
    own_code: int
    point: int
    hint: int


@attrs.frozen
class Session:
    """:param tools: the folder with ``run.sh``.

    :param folder: of the interpreter, of Wine's files and of the log.
    """

    tools: Path
    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "python"

    @property
    def _log(self) -> Path:
        return self.folder / "session.log"

    def start(self) -> None:
        """A new one, with nothing of an older one in it.

        Not by ``run.sh start``: that throws away what Wine says, and services inherit from here where they say it.
        """
        self._run("stop")
        self._boot()
        # Wine's manager waits 10 s for a process to answer, Windows' 30 s, and a machine that runs tests is busy
        control = r"HKLM\System\CurrentControlSet\Control"
        self._run("exe", "reg", "add", control, "/v", "ServicesPipeTimeout", "/t", "REG_DWORD", "/d", "60000", "/f")
        self._run("stop")
        self._boot()

    def _boot(self) -> None:
        (self.folder / "prefix").mkdir(exist_ok=True)
        with self._log.open("wb") as log:
            environment = {**self._environment(), "WINEDEBUG": "-all,+eventlog", "WINEDLLOVERRIDES": "mscoree,mshtml="}
            environment.pop("DISPLAY", None)
            subprocess.run([WINE / "wineserver64", "-p"], env=environment, stdout=log, stderr=log, check=False)
            boot = [WINE / "wine64", "wineboot"]
            subprocess.run(boot, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=SECONDS, check=True)

    def stop(self) -> None:
        """End it, and all that runs in it."""
        self._run("stop")

    def run_python(self, *arguments: str, seconds: int = SECONDS) -> Done:
        """Windows' Python, in our folder."""
        return self._run("py", *arguments, seconds=seconds)

    def command(self) -> list[str]:
        """The same as a command that somebody else runs, with :meth:`environment`."""
        return ["sh", str(self.tools / "run.sh"), "py"]

    def environment(self, seconds: int) -> Mapping[str, str]:
        """For :meth:`command`."""
        return {**self._environment(), "T": str(seconds)}

    def exproxy(self, *arguments: str) -> Done:
        """The command line; where Python ends before it has begun, once more, for nothing of ours has run then."""
        for _ in range(STARTS):
            done = self.run_python("-c", f"print({BEGUN!r}, flush=True); from exproxy.cli import main; main()", *arguments)
            _, begun, said = done.text.partition(BEGUN + "\n")
            if begun:
                return Done(done.code, said)
        return done

    def query(self) -> Query | None:
        """What the service manager says of our service; ``None``: there is none."""
        said = self._run("exe", "sc", "query", "exproxy").text
        found = dict(re.findall(r"^\s+([A-Z0-9_]+)\s+: (.*)$", said, re.MULTILINE))
        if "STATE" not in found:
            return None
        code, own = (int(found[name].split()[0]) for name in ("WIN32_EXIT_CODE", "SERVICE_EXIT_CODE"))
        return Query(found["STATE"].split()[1], code, own, int(found["CHECKPOINT"], 16), int(found["WAIT_HINT"], 16))

    def entries(self) -> list[str]:
        """All that came into the event log."""
        said = self._log.read_text(encoding="utf-8", errors="replace")
        return [entry.replace("\\n", "\n").replace("\\\\", "\\").replace('\\"', '"') for entry in ENTRY.findall(said)]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "WINPY": str(self.python), "WINEPREFIX": str(self.folder / "prefix"), "WINEARCH": "win64"}

    def _run(self, verb: str, *arguments: str, seconds: int = SECONDS) -> Done:
        command = ["sh", str(self.tools / "run.sh"), verb, *arguments]
        done = subprocess.run(
            command,
            env=self.environment(seconds),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        return Done(done.returncode, done.stdout + done.stderr)


def windows_path(path: Path) -> str:
    """As programs of Wine see it."""
    return "Z:" + str(path).replace("/", "\\")
