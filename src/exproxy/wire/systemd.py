"""What systemd tells a service in its environment, and what the service tells systemd.

sd_notify(3), sd_listen_fds(3), sd_watchdog_enabled(3): a public interface which systemd promises to keep, and which other
supervisors speak too.
"""

from collections.abc import MutableMapping

import attrs

from exproxy.wire.errors import WireError

FIRST_PASSED = 3
"""The descriptor of the first socket that is passed (SD_LISTEN_FDS_START)."""
MOST_PASSED = 4096
"""More than anybody passes: a number beyond it is a mistake."""
UNNAMED = "unknown"
"""What systemd calls a socket for which its unit has no name."""
LONGEST_STATUS = 1000
"""Characters of a status that are told: systemd shows it in one line."""

_LONGEST_PATH = 107
"""Octets of a unix socket's address."""


@attrs.frozen
class Ordered:
    """What the environment says."""

    notify: str | bytes | None = None
    """The address of the datagram socket that wants to know, as :mod:`socket` takes it; ``None``: nobody does."""
    watchdog: float | None = None
    """Seconds within which it wants a sign of life each time."""
    names: tuple[str, ...] = ()
    """One for each socket that was passed, in the order of their descriptors, from :data:`FIRST_PASSED` on."""


def take(environ: MutableMapping[str, str], pid: int) -> Ordered:
    """Read it, and take it out: it is meant for this process, and children must not believe that it is for them.

    :param pid: ours; what is meant for another process is left aside.
    :raises WireError: a word that systemd would not say.
    """
    said = {name: environ.pop(name, "") for name in _VARIABLES}
    return Ordered(
        notify=_address(said["NOTIFY_SOCKET"]),
        watchdog=_interval(said["WATCHDOG_USEC"]) if _meant(said["WATCHDOG_PID"] or str(pid), "WATCHDOG_PID", pid) else None,
        names=_names(said["LISTEN_FDS"], said["LISTEN_FDNAMES"]) if _meant(said["LISTEN_PID"], "LISTEN_PID", pid) else (),
    )


def ready() -> bytes:
    """The start is over, or a reload."""
    return b"READY=1"


def reloading(monotonic: float) -> bytes:
    """A reload begins; :func:`ready` ends it.

    :param monotonic: seconds of CLOCK_MONOTONIC, by which a reload is told from an older one (``Type=notify-reload``).
    """
    return b"RELOADING=1\nMONOTONIC_USEC=%d" % (monotonic * 1_000_000)


def stopping() -> bytes:
    """The end begins."""
    return b"STOPPING=1"


def status(sentence: str) -> bytes:
    """What ``systemctl status`` shows."""
    return b"STATUS=" + " ".join(sentence.split())[:LONGEST_STATUS].encode("utf-8", "replace")


def alive() -> bytes:
    """A sign of life."""
    return b"WATCHDOG=1"


def patience(seconds: float) -> bytes:
    """What is going on, the end for instance, may take that much longer from now, whatever the unit's limit."""
    return b"EXTEND_TIMEOUT_USEC=%d" % (seconds * 1_000_000)


def together(*words: bytes) -> bytes:
    """One datagram of several words."""
    return b"\n".join(words)


_VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")


def _address(said: str) -> str | bytes | None:
    if not said:
        return None
    octets = said.encode("utf-8", "surrogateescape")
    if said[0] not in "/@" or len(said) == 1:
        raise WireError(f'"{said}" is neither a path nor the name of an abstract socket', "NOTIFY_SOCKET")
    if len(octets) > _LONGEST_PATH:
        raise WireError(f'"{said}" is longer than an address can be ({_LONGEST_PATH} octets)', "NOTIFY_SOCKET")
    return b"\0" + octets[1:] if said[0] == "@" else said


def _meant(said: str, name: str, pid: int) -> bool:
    return bool(said) and _number(said, name) == pid


def _interval(said: str) -> float | None:
    microseconds = _number(said, "WATCHDOG_USEC") if said else 0
    return microseconds / 1_000_000 if microseconds else None


def _names(count: str, names: str) -> tuple[str, ...]:
    passed = _number(count, "LISTEN_FDS") if count else 0
    if passed > MOST_PASSED:
        raise WireError(f"{passed} sockets are too many", "LISTEN_FDS")
    given = names.split(":") if names else []
    if given and len(given) != passed:
        raise WireError(f"{len(given)} names for {passed} sockets", "LISTEN_FDNAMES")
    return tuple(given) or (UNNAMED,) * passed


def _number(said: str, name: str) -> int:
    if not said.isascii() or not said.isdigit() or len(said) > 20:
        raise WireError(f'"{said[:40]}" is not a number', name)
    return int(said)
