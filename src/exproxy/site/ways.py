"""How administrators come in at ``[admin] socket``: a unix socket, or where there are none a port of loopback and a token."""

import contextlib
import errno
import os
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import ServerFactory

from exproxy.admin.ports import BACKLOG, listen_unix, make_way
from exproxy.admin.privatefile import write_private
from exproxy.admin.watchword import Watchword
from exproxy.config.tokenfile import HOST, Way, new_way, parse
from exproxy.net.listening import adopt, listening_socket


class UnixWay:
    """:raises OSError: no socket can be made there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        make_way(path)

    def start(self, reactor: Any, factory: ServerFactory[Any]) -> IListeningPort:
        """Let administrators in.

        :raises CannotListenError: it is not to be had any more.
        """
        return listen_unix(reactor, self._path, factory)

    def close(self) -> None:
        """Nothing is held before the start."""


class TokenWay:
    """The port is bound at once, the file written when somebody answers.

    :raises OSError: the file cannot be made there, or there is one that is none of ours.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ensure_place()
        self._bound = listening_socket((HOST, 0), BACKLOG)

    def start(self, reactor: Any, factory: ServerFactory[Any]) -> "TokenPort":
        """Let administrators in.

        :raises OSError: the file cannot be written.
        """
        way = new_way(self._bound.getsockname()[1])
        write_private(self._path, way.text())
        port = TokenPort(adopt(reactor, self._bound, Watchword(factory, way.greeting())), self._path, way)
        self.close()  # the reactor has one of its own
        return port

    def close(self) -> None:
        """Let go what is held."""
        self._bound.close()

    def _ensure_place(self) -> None:
        if not self._path.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, "there is no such folder")
        if not os.access(self._path.parent, os.W_OK):
            raise PermissionError(errno.EACCES, f"no file may be made in {self._path.parent}")
        try:
            parse(self._path.read_text(encoding="ascii"))
        except FileNotFoundError:
            return
        except ValueError:
            raise FileExistsError(errno.EEXIST, "there is a file of that name, which exproxy has not written") from None


class TokenPort:
    """A port whose file goes with it, unless the next process has written its own there."""

    def __init__(self, port: IListeningPort, path: Path, way: Way) -> None:
        self._port = port
        self._path = path
        self._way = way

    def stopListening(self) -> "Deferred[object]":
        with contextlib.suppress(OSError, ValueError):
            if parse(self._path.read_text(encoding="ascii")) == self._way:
                self._path.unlink()
        return maybeDeferred(self._port.stopListening)
