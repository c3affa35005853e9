"""HAProxy's agent-check answer: one line such as ``up 75% maxconn:30 #cpu at 40%`` (configuration manual, agent-check).

Words stand in any order and case, parted by blanks, tabs or commas; the last of a kind wins; ``#`` begins a reason.
"""

import re
from collections.abc import Sequence
from typing import Literal

import attrs

from exproxy.wire.errors import WireError
from exproxy.wire.lines import printable, quoted

MAX_LINE = 1024
"""HAProxy's own agents write well below; its buffer is 16 KB."""

Operational = Literal["up", "down"]
Administrative = Literal["ready", "drain", "maint"]

_OPERATIONAL: dict[str, Operational] = {"up": "up", "down": "down", "failed": "down", "fail": "down", "stopped": "down"}
_ADMINISTRATIVE: dict[str, Administrative] = {"ready": "ready", "drain": "drain", "maint": "maint"}
_END = re.compile(rb"[\r\n]")
_PERCENT = re.compile(r"([0-9]{1,5})%", re.ASCII)
_MAXCONN = re.compile(r"maxconn:([0-9]{1,9})", re.ASCII)


@attrs.frozen
class AgentAnswer:
    """What an agent said; what it did not mention is None and stays as it is.

    :param operational: what the agent finds: the server is up or down.
    :param administrative: what the agent asks for.
    :param weight_percent: percent of the configured weight.
    :param maxconn: the server's new limit.
    :param reason: what stood behind ``#``, printable.
    :param unknown: words that mean nothing here, printable.
    """

    operational: Operational | None = None
    administrative: Administrative | None = None
    weight_percent: int | None = None
    maxconn: int | None = None
    reason: str = ""
    unknown: tuple[str, ...] = ()


@attrs.define
class AgentParser:
    """Bytes in, one answer out; what comes behind its line is not looked at.  CR or LF ends the line, as in HAProxy."""

    limit: int = attrs.field(default=MAX_LINE, init=False)
    line: bytes = attrs.field(default=b"", init=False)
    """The answer as it came, or its beginning."""
    _buffer: bytearray = attrs.field(factory=bytearray, init=False)
    _done: bool = attrs.field(default=False, init=False)

    @property
    def buffered(self) -> int:
        """Octets held."""
        return len(self._buffer)

    def feed(self, data: bytes) -> Sequence[AgentAnswer]:
        """The answer, once ``data`` ends its line.

        :raises WireError: the line is empty, too long or has no word that means anything.
        """
        if self._done:
            return ()
        looked = len(self._buffer)
        self._buffer += data
        end = _END.search(self._buffer, looked)
        if end is None and len(self._buffer) < MAX_LINE:
            self.line = bytes(self._buffer)
            return ()
        self._done = True
        self.line = bytes(self._buffer[: min(end.start() if end else MAX_LINE, MAX_LINE)])
        self._buffer.clear()
        if end is None or end.start() >= MAX_LINE:
            raise WireError(f"the line is longer than {MAX_LINE} octets", "agent answer")
        return (parse(self.line),)


def parse(line: bytes) -> AgentAnswer:
    """Read an agent's line, its end taken off.

    :raises WireError: no word in it means anything.
    """
    said, _, reason = line.decode("utf-8", "backslashreplace").partition("#")
    operational: Operational | None = None
    administrative: Administrative | None = None
    weight_percent: int | None = None
    maxconn: int | None = None
    unknown: list[str] = []
    for word in re.split(r"[ \t,]+", said.strip(" \t,")):
        lower = word.lower()
        if lower in _OPERATIONAL:
            operational = _OPERATIONAL[lower]
        elif lower in _ADMINISTRATIVE:
            administrative = _ADMINISTRATIVE[lower]
        elif found := _PERCENT.fullmatch(lower):
            weight_percent = int(found.group(1))
        elif found := _MAXCONN.fullmatch(lower):
            maxconn = int(found.group(1))
        else:
            unknown.append(printable(word, 40))
    answer = AgentAnswer(operational, administrative, weight_percent, maxconn, printable(reason), tuple(unknown))
    if attrs.evolve(answer, reason="", unknown=()) == AgentAnswer():
        raise WireError(f"no word in it is known: {quoted(line)}", "agent answer")
    return answer
