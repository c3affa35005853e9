"""Say trial's result as ``N passed, N failed, N skipped``, the closing line that is read where this runs.

Trial ends with ``PASSED (skips=1, successes=40)`` or ``FAILED (failures=1, errors=2, successes=37)``; a log without such a
line means that the tests were never run to their end, which counts as one failure.  Several logs are counted together.

Before it come what failed and why, since of a long log often only the end is kept: each block that trial marks ``[FAIL]`` or
``[ERROR]``, of a long one the last lines, and of a run that never ended the last lines of its log.
"""

import re
import sys
from pathlib import Path

CLOSING = re.compile(r"^(PASSED|FAILED)(?: \(([^)]*)\))?$", re.MULTILINE)
PASSED = ("successes", "expectedFailures")
FAILED = ("failures", "errors", "unexpectedSuccesses")
BLOCK = re.compile(r"^=====+\n(\[(?:FAIL|ERROR|SUCCESS!\?!)\]\n.*?)(?=^=====|^-----)", re.MULTILINE | re.DOTALL)
LINES = 25
BLOCKS = 12


def summary(log: str) -> tuple[int, int, int]:
    """How many passed, failed and were skipped, by the last closing line in ``log``."""
    closings = CLOSING.findall(log)
    if not closings:
        return 0, 1, 0
    verdict, details = closings[-1]
    counts = {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", details)}
    passed = sum(counts.get(name, 0) for name in PASSED)
    failed = sum(counts.get(name, 0) for name in FAILED)
    return passed, failed or int(verdict == "FAILED"), counts.get("skips", 0)


def causes(log: str) -> list[str]:
    """What failed and why, the last ``LINES`` lines of each."""
    if not CLOSING.search(log):
        return ["[never ended]\n" + _end(log)]
    return [_end(block) for block in BLOCK.findall(log)]


def _end(text: str) -> str:
    return "\n".join(text.rstrip().split("\n")[-LINES:])


if __name__ == "__main__":
    logs = [Path(log).read_text(encoding="utf-8", errors="replace") for log in sys.argv[1:]]
    print("\n\n".join([cause for log in logs for cause in causes(log)][:BLOCKS]))
    counts = [summary(log) for log in logs]
    passed, failed, skipped = (sum(each) for each in zip(*counts, strict=True))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(bool(failed or not passed))
