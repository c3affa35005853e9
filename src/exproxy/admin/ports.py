"""The sockets by which administrators come in; what is wrong with them is said before anything starts."""

import errno
import os
import socket
import stat
from pathlib import Path
from typing import Any

from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import ServerFactory

from exproxy.net.interfaces import Address
from exproxy.net.listening import listening_socket

BACKLOG = 64
UNIX_BACKLOG = 512
"""Greater, since most clients of a unix socket do not wait for a place: connect(2) fails with EAGAIN."""
RIGHTS = 0o660
"""The owner and the group may do everything."""


def bind(address: Address) -> socket.socket:
    """A listening socket.

    :raises OSError: it is not to be had.
    """
    return listening_socket(address, BACKLOG)


def make_way(path: Path) -> None:
    """See to it that a unix socket can be made there: the file of one that nobody listens at any more is removed.

    :raises OSError: somebody listens there, the file is something else, or the folder is not there or not ours.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such folder")
    effective = os.access in os.supports_effective_ids  # not Windows
    if not os.access(path.parent, os.W_OK | os.X_OK, effective_ids=effective):
        raise PermissionError(errno.EACCES, f"no file may be made in {path.parent}")
    try:
        kind = path.lstat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISLNK(kind):
        # it would be another file's place that is taken, and a socket cannot be made where one leads
        raise FileExistsError(errno.EEXIST, "there is a symbolic link of that name, and a socket cannot be made there")
    if not stat.S_ISSOCK(kind):
        raise FileExistsError(errno.EEXIST, "there is a file of that name, which is no socket")
    if _is_listened_at(path):
        raise OSError(errno.EADDRINUSE, "another process listens there")
    path.unlink(missing_ok=True)


def _is_listened_at(path: Path) -> bool:
    """:raises OSError: that cannot be said: it is not ours to ask."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)  # one whose process hangs has a queue that may be full, and would have us wait in it
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except BlockingIOError:
            return True
        except OSError as error:
            if error.errno == errno.EPROTOTYPE:  # of datagrams: somebody else's
                raise FileExistsError(errno.EEXIST, "there is a socket of another kind") from error
            raise
    return True


def listen_unix(reactor: Any, path: Path, factory: ServerFactory[Any]) -> IListeningPort:
    """Listen at ``path``, with :data:`RIGHTS` from the first moment.

    Not an adopted socket: Twisted makes those readable and writable for everybody.

    :raises CannotListenError: it is not to be had.
    """
    mask = os.umask(0o777 & ~RIGHTS)
    try:
        port: IListeningPort = reactor.listenUNIX(str(path), factory, backlog=UNIX_BACKLOG, mode=RIGHTS)
    finally:
        os.umask(mask)
    return port
