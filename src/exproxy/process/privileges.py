"""The user that a process becomes when it has bound its ports: started as root with ``twistd --uid USER``.

Everything before that is done in this user's name already, but for binding: files that it will need later (a renewed certificate,
a log that is opened anew, the configuration at a reload) are found out of its reach at once; and root opens nothing, and makes
nothing, in a folder where this user could have put a link.
"""

import ctypes
import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager

import attrs

_CAP_NET_BIND_SERVICE = 10
_CAP_SYS_RESOURCE = 24
"""To raise the limit of descriptors."""
_KEPT = (_CAP_NET_BIND_SERVICE, _CAP_SYS_RESOURCE)
_VERSION = 0x20080522
"""_LINUX_CAPABILITY_VERSION_3 of capset(2)."""


class PrivilegesError(Exception):
    """The process may not become another user."""


@attrs.frozen
class Owner:
    """Who it will be."""

    uid: int
    gid: int

    @property
    def name(self) -> str:
        """As people call it."""
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return f"user {self.uid}"

    @property
    def groups(self) -> list[int]:
        """All of its groups."""
        try:
            return os.getgrouplist(pwd.getpwuid(self.uid).pw_name, self.gid)
        except KeyError:
            return [self.gid]


def owner(uid: int | None, gid: int | None) -> Owner:
    """Whom twistd makes of ``--uid`` and ``--gid``, of which one may be missing.

    :raises PrivilegesError: there is no such user to know the group of.
    """
    if uid is None:
        uid = os.getuid()
    try:
        return Owner(uid, pwd.getpwuid(uid).pw_gid if gid is None else gid)
    except KeyError:
        raise PrivilegesError(f"--uid: there is no user {uid}; say --gid too, or a name of /etc/passwd") from None


@contextmanager
def acting_as(other: Owner) -> Iterator[None]:
    """In ``other``'s name, with root's rights to bind any port and to raise the limit of descriptors.

    :raises PrivilegesError: we are not root.
    """
    uid, gid, groups = os.geteuid(), os.getegid(), os.getgroups()
    try:
        os.setgroups(other.groups)
        os.setegid(other.gid)
        os.seteuid(other.uid)
    except PermissionError as error:
        raise PrivilegesError(
            f"--uid and --gid: only root may become {other.name}; leave them out, or start it as root"
        ) from error
    try:
        _regain(_KEPT)
        yield
    finally:
        os.seteuid(uid)
        os.setegid(gid)
        os.setgroups(groups)


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def _regain(capabilities: tuple[int, ...]) -> None:
    """Have those that changing the user has taken, and that are still permitted."""
    libc = ctypes.CDLL(None, use_errno=True)
    header, sets = _Header(_VERSION, 0), (_Sets * 2)()
    if libc.capget(ctypes.byref(header), sets) == 0:
        for capability in capabilities:
            word, bit = divmod(capability, 32)
            sets[word].effective |= sets[word].permitted & 1 << bit
        if libc.capset(ctypes.byref(header), sets) == 0:
            return
    raise PrivilegesError(f"--uid: the right to bind ports cannot be kept until then: {os.strerror(ctypes.get_errno())}")
