"""What the two letters of an access line mean, in a sentence: where, what happened, and where to look."""

import json
import re
from typing import Any

from attrs import frozen

_WHO = {
    "C": "the client broke off",
    "c": "the client was silent for too long",
    "S": "the server broke off",
    "s": "the server was silent for too long",
    "P": "the client was refused, or what it sent was not what it has to be",
    "R": "this machine had no descriptor, port or memory left",
    "D": "the server went down, and its sessions were ended (on_marked_down)",
    "U": "a better server came up, and sessions of backups were ended (on_marked_up)",
    "K": "an administrator ended it, or the time to drain was over",
    "L": "it was answered here",
    "-": "it ended in the ordinary way",
}
_WHERE = {
    "R": "before its first bytes, its request or its login was complete",
    "Q": "while it waited for a slot",
    "C": "while a server was connected to",
    "H": "before the server's answer began",
    "D": "while it was relayed",
    "T": "while it was held in a tarpit",
    "-": "",
}
_KNOWN = {
    "--": "it ended in the ordinary way",
    "SC": "no server could be had: none is usable, or all that were tried refused; exproxy status says which and why",
    "sC": "no server answered a connect in time (timeouts.connect): one may be off, or a firewall drops what is sent there",
    "SQ": "the queue is full (queue_size): servers have all the sessions that they may have (maxconn)",
    "sQ": "it waited for a slot in vain (timeouts.queue): servers have all the sessions that they may have (maxconn)",
    "CR": "the client left before it had said what is needed; probes of monitoring do that",
    "cR": "the client did not say in time what is needed (timeouts.preface, handshake, http_request or greeting)",
    "PR": "the client was refused by a rule or a limit, or sent something else than it has to; the event log has the last reason",
    "CQ": "the client gave up waiting for a slot: servers have all the sessions that they may have (maxconn)",
    "CC": "the client gave up while a server was connected to",
    "CD": "the client broke off in the middle, as by closing a window or losing its network",
    "SD": "the server broke off in the middle: its own log may say why",
    "SH": "the server closed before it had answered: its own log may say why",
    "sH": "the server did not answer the request in time (timeouts.server)",
    "cD": "nobody said a word for so long that the client's time was over (timeouts.client)",
    "sD": "nobody said a word for so long that the server's time was over (timeouts.server)",
    "LR": "it was answered here, by a redirect or a page of ours",
}
_TEXT = re.compile(
    r"\] (?P<frontend>\S+) (?P<backend>[^ /]+)/(?P<server>\S+) [-\d+]+(?:/[-\d+]+){2,4} (?:-?\d+ )?\d+ (?:\S+ \S+ )?"
    r"(?P<termination>[-CcSsPRDUKL][-RQCHDT])\S{0,2} \d+/\d+/\d+/\d+/"
)
NOBODY = ("-", "<NOSRV>", None)


@frozen
class Ended:
    """What a line says of its session or request; ``None``: no back end was chosen, or no server reached."""

    frontend: str
    backend: str | None
    server: str | None
    termination: str

    @property
    def place(self) -> str:
        """``hub/ex1``, or as much of it as there is."""
        if self.backend in NOBODY:
            return self.frontend
        return str(self.backend) if self.server in NOBODY else f"{self.backend}/{self.server}"


def meaning(termination: str) -> str:
    """Of two letters.

    :raises ValueError: they are none.
    """
    if termination in _KNOWN:
        return _KNOWN[termination]
    if len(termination) != len("--") or termination[0] not in _WHO or termination[1] not in _WHERE:
        raise ValueError(f'"{termination[:20]}" is no termination: two letters, such as sC')
    where = _WHERE[termination[1]]
    return f"{_WHO[termination[0]]} {where}" if where else _WHO[termination[0]]


def read(line: str) -> Ended | None:
    """A line of the access log, in either of its formats, or within a line of syslog; ``None``: it is none."""
    if line.lstrip().startswith("{"):
        return _from_json(line)
    found = _TEXT.search(line)
    return None if found is None else Ended(found["frontend"], found["backend"], found["server"], found["termination"])


def sentence(ended: Ended) -> str:
    """``hub/ex1: the server broke off in the middle: its own log may say why (SD)``.

    :raises ValueError: the letters are none.
    """
    return f"{ended.place}: {meaning(ended.termination)} ({ended.termination})"


def _from_json(line: str) -> Ended | None:
    try:
        said: Any = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    words = [said.get(word) for word in ("frontend", "backend", "server", "termination")]
    frontend, backend, server, termination = words
    if not isinstance(frontend, str) or not isinstance(termination, str):
        return None
    return Ended(frontend, backend and str(backend), server and str(server), termination)
