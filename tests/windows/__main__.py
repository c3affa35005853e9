"""``python -m tests.windows FOLDER``: FOLDER has setup.sh and run.sh, which make and run a Windows Python under Wine."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from tests.windows.install import ROOT, install
from tests.windows.session import Session

LINUX = {
    "tests.net.epoll": "Linux' epoll",
    "tests.net.test_interfaces": "compares with Linux' epoll",
    "tests.process.test_descriptors": "limits of POSIX",
    "tests.process.test_forkserver": "no fork on Windows",
    "tests.process.test_privileges": "users of POSIX",
    "tests.test_worker": "no fork on Windows",
    "tests.wire.web.test_legs": "its pyspnego takes Windows' own NTLM, which Wine has not whole",
}
"""Modules that cannot even be imported on Windows, and why."""
NOT_UNITS = ("__pycache__", "bench", "fuzz", "integration", "smuggling", "windows")
"""Folders of tests that are not run: they need real peers, POSIX, or are about programs for Linux."""
STREAMS = "tests.integration.test_transport_streams"
"""Real sockets on completion ports."""
SECONDS = 1800
"""For each share of the unit tests."""
SHARES = 2
"""They run side by side: nothing of one is waited for by another, and Wine is slow."""


def units() -> list[str]:
    """The names of all modules of unit tests."""
    paths = [path.relative_to(ROOT) for path in (ROOT / "tests").rglob("test_*.py")]
    names = [".".join(path.with_suffix("").parts) for path in paths if path.parts[1] not in NOT_UNITS]
    return [*sorted(name for name in names if not name.startswith(tuple(LINUX))), STREAMS]


@attrs.frozen
class Run:
    """One of trial, whose output goes to ``log``."""

    title: str
    process: "subprocess.Popen[bytes]"
    log: Path
    began: float


def begin(title: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> Run:
    """Have trial run."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
        )
    return Run(title, process, log, time.monotonic())


def end(run: Run) -> dict[str, int]:
    """Wait for it, show what it said, and return its counts; a run that did not come to its end is an error."""
    status = run.process.wait()
    lines = run.log.read_text(encoding="utf-8", errors="replace").splitlines()
    print("\n".join(lines))
    last = next((line for line in reversed(lines) if line.startswith(("PASSED", "FAILED"))), "")
    counts = {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", last)}
    if not last or (status and not counts.get("failures") and not counts.get("errors")):
        counts["errors"] = counts.get("errors", 0) + 1
    print(f"{run.title}: {time.monotonic() - run.began:.0f} s", flush=True)
    return counts


def main(tools: Path) -> int:
    """Everything; the exit status."""
    if not (tools / "run.sh").exists():
        print(f"there is no {tools / 'run.sh'}, which makes a Windows Python under Wine: nothing is tested on Windows")
        return 1 if os.environ.get("CI") or os.environ.get("EXPROXY_REQUIRE_PEERS") else 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # who ends us wants all of it to end, Wine's server too
    session = Session(tools.resolve(), ROOT / "_windows")
    began = time.monotonic()
    install(session)
    print(f"Windows' Python is there: {time.monotonic() - began:.0f} s", flush=True)
    for name, reason in LINUX.items():
        print(f"left out: {name}: {reason}")
    for old in session.folder.glob("trial*"):  # of a run that was ended, whose lock Wine cannot judge
        shutil.rmtree(old, ignore_errors=True)
        old.unlink(missing_ok=True)
    runs: list[Run] = []
    try:
        session.start()
        options = [*session.command(), "-m", "tests.windows.units"]
        for share in range(SHARES):
            command = [*options, f"--temp-directory=_windows/trial-{share}", *units()[share::SHARES]]
            title, log = f"unit tests on Windows, {share + 1} of {SHARES}", session.folder / f"units-{share}.log"
            runs.append(begin(title, command, session.environment(SECONDS), log))
        counts = [end(run) for run in runs]
        session.start()
        environment = {**os.environ, "EXPROXY_WINDOWS": f"{session.tools}{os.pathsep}{session.folder}"}
        life = [sys.executable, "-m", "twisted.trial", "--temp-directory=_windows/trial-life", "tests.windows.life"]
        runs.append(begin("the service of Windows", life, environment, session.folder / "life.log"))
        counts.append(end(runs[-1]))
    finally:
        for run in runs:
            if run.process.poll() is None:
                run.process.terminate()
        session.stop()
    together = {name: sum(each.get(name, 0) for each in counts) for name in ("skips", "failures", "errors", "successes")}
    failed = bool(together["failures"] or together["errors"])
    said = ", ".join(f"{name}={number}" for name, number in together.items() if number)
    print(f"\n{'FAILED' if failed else 'PASSED'} ({said})")
    return int(failed)


if __name__ == "__main__":
    try:
        status = main(Path(sys.argv[1]))
    except (OSError, subprocess.SubprocessError) as error:
        # the last line is what is counted, and parts before may have gone well
        print(f"{error}\n\nFAILED (errors=1)")
        status = 1
    sys.exit(status)
