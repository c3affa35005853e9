"""Long plain transfers stay in the kernel: socket to pipe to socket (splice(2)), without a copy into our memory.

A stream begins to splice when it has read so many full buffers that it is a download, and stops when it only trickles: for small
chunks two splices cost more than ``recv`` and ``send``.  Pipes are kept and lent; when all are lent, streams go on copying.
"""

import fcntl
import os
from contextlib import suppress

PIPES = 64
"""Lent at most; two descriptors each."""
SIZE = 1 << 20
"""What a pipe may hold, where the system lets us have that much (``/proc/sys/fs/pipe-max-size``)."""
SMALL = 16 * 1024
TRICKLE = 8
"""So many small portions in a row end it."""

_FLAGS = os.SPLICE_F_MOVE | os.SPLICE_F_NONBLOCK


class Splice:
    """A pipe on loan to one stream that reads and the one that it is piped to.

    It is free again when the reader has left it and nothing of it waits with the writer.
    """

    __slots__ = ("_pipes", "_read_end", "_small", "_write_end", "held", "left", "waiting")

    def __init__(self, pipes: "Pipes", read_end: int, write_end: int) -> None:
        self._pipes = pipes
        self._read_end = read_end
        self._write_end = write_end
        with suppress(OSError):  # the system's limit for all pipes of a user
            fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, SIZE)
        self._small = 0
        self.held = 0
        """Bytes in the pipe."""
        self.left = False
        """The reader is done with it."""
        self.waiting = False
        """The writer has bytes of it to send."""

    @property
    def trickles(self) -> bool:
        """Whether copying would cost less."""
        return self._small >= TRICKLE

    def fill(self, fd: int, most: int = SIZE) -> int:
        """Take from a socket what it has, into the empty pipe; 0: the end.

        :raises BlockingIOError: it has nothing.
        """
        size = os.splice(fd, self._write_end, min(most, SIZE), flags=_FLAGS)
        self.held += size
        self._small = self._small + 1 if size < SMALL else 0
        return size

    def drain(self, fd: int) -> None:
        """Give to a socket all that it takes: a short splice does not mean that it is full.

        Only when it is full will the epoll call again.

        :raises BlockingIOError: it is full, and something is left.
        """
        while self.held:
            self.held -= os.splice(self._read_end, fd, self.held, flags=_FLAGS)

    def leave(self) -> None:
        """The reader is done."""
        self.left = True
        self._settle()

    def sent(self) -> None:
        """The writer is done, or gone."""
        self.waiting = False
        self._settle()

    def _settle(self) -> None:
        if self.left and not self.waiting:
            self._pipes.take_back(self)

    def renew(self) -> None:
        """Ready for the next loan."""
        self._small = 0
        self.left = self.waiting = False

    def close(self) -> None:
        os.close(self._read_end)
        os.close(self._write_end)


class Pipes:
    """Lends pipes."""

    __slots__ = ("_free", "_lent")

    def __init__(self) -> None:
        self._free: list[Splice] = []
        self._lent = 0

    def lend(self) -> Splice | None:
        """A pipe that is empty, if there is one left."""
        if self._lent >= PIPES:
            return None
        if self._free:
            splice = self._free.pop()
        else:
            try:
                splice = Splice(self, *os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC))
            except OSError:  # no descriptors: copying needs none
                return None
        self._lent += 1
        return splice

    def take_back(self, splice: Splice) -> None:
        """A pipe that still holds bytes of a session that died is of no use to another."""
        self._lent -= 1
        if splice.held:
            splice.close()
        else:
            splice.renew()
            self._free.append(splice)

    def close(self) -> None:
        """For the end of the process."""
        for splice in self._free:
            splice.close()
        self._free.clear()
