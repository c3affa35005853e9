"""Runs a command as a unit has it run, as far as that goes without systemd.

``python -m tests.integration.sandbox UNIT COMMAND``: system calls and address families by libseccomp, from the sets of
``systemd-analyze syscall-filter``, and no new privileges.  Who it is, and what it may write, setpriv and unshare say before.
"""

import ctypes
import errno
import os
import subprocess
import sys
from pathlib import Path

_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000 | errno.EPERM
_EQUAL = 4
_UNKNOWN = -1
_FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}


class _Compare(ctypes.Structure):
    _fields_ = (("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64))


def ordered(unit: Path, key: str) -> list[str]:
    """What a unit says of ``key``, which may come again."""
    lines = [line.partition("=") for line in unit.read_text().splitlines() if not line.startswith("#")]
    return [value for name, _, value in lines if name == key]


def allowed(filters: list[str]) -> set[str]:
    """The system calls that lines of SystemCallFilter= let pass."""
    calls: set[str] = set()
    for line in filters:
        named = {call for word in line.lstrip("~").split() for call in _expanded(word)}
        calls = calls - named if line.startswith("~") else calls | named
    return calls


def _expanded(word: str) -> set[str]:
    if not word.startswith("@"):
        return {word}
    said = subprocess.run(["systemd-analyze", "syscall-filter", word], capture_output=True, text=True, check=True).stdout
    found = [line.strip() for line in said.splitlines()[1:]]
    return {call for each in found if each and not each.startswith("#") for call in _expanded(each)}


def confine(unit: Path) -> None:
    """This process, and all that it becomes and begets."""
    seccomp = ctypes.CDLL("libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(seccomp.seccomp_init(ctypes.c_uint32(_ERRNO)))
    for name in allowed(ordered(unit, "SystemCallFilter")) | {"execve"}:
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number != _UNKNOWN and name != "socket":
            seccomp.seccomp_rule_add_array(context, _ALLOW, number, 0, None)
    for family in ordered(unit, "RestrictAddressFamilies")[0].split():
        compare = _Compare(0, _EQUAL, _FAMILIES[family], 0)
        number = seccomp.seccomp_syscall_resolve_name(b"socket")
        assert seccomp.seccomp_rule_add_array(context, _ALLOW, number, 1, ctypes.byref(compare)) == 0
    assert seccomp.seccomp_load(context) == 0  # sets no new privileges too


if __name__ == "__main__":
    confine(Path(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])
