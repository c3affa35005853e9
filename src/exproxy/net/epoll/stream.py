"""One connected socket as a :class:`exproxy.net.interfaces.PlainStream`."""

from _socket import MSG_MORE, MSG_PEEK, SHUT_WR, SO_LINGER, SOL_SOCKET, socket
from contextlib import suppress
from errno import ECONNABORTED
from fcntl import ioctl
from select import EPOLLERR, EPOLLET, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP
from struct import pack
from termios import FIONREAD

from exproxy.net.epoll.loop import BUFFER, Loop
from exproxy.net.epoll.splice import SIZE, Splice
from exproxy.net.interfaces import PORTION, Address, PipedStream, Pourer, Receiver, Stream

MASK = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET
READABLE = EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR
LEFT = EPOLLRDHUP | EPOLLHUP | EPOLLERR
NOTHING = bytes(4)
"""An ``int`` of 0, as ioctl(2) fills it in."""
_RESET = pack("ii", 1, 0)
BULK = 4 * BUFFER
"""Bytes that went through a pipe in full buffers before it is worth a splice."""


class EpollStream:
    """:param sock: connected and non-blocking.

    :param registered: the mask with which it is in the loop's epoll already; 0: it is not.
    :param events: what the epoll has said since.
    """

    __slots__ = (
        "_bulk",
        "_closing",
        "_ended",
        "_eof_pending",
        "_eof_seen",
        "_eof_sent",
        "_error",
        "_fd",
        "_left",
        "_left_to_pour",
        "_looking",
        "_loop",
        "_onto",
        "_pourer",
        "_queue",
        "_queued_again",
        "_readable",
        "_reading",
        "_receiver",
        "_registered",
        "_sock",
        "_source",
        "_splice",
        "_spliced_to",
        "_to",
        "_unread",
        "_watching",
        "held_back",
        "last_active",
        "peer",
        "portion",
        "received",
        "sent",
    )

    def __init__(self, loop: Loop, sock: socket, peer: Address, registered: int = 0, events: int = 0) -> None:
        self._loop = loop
        self._sock = sock
        self._fd = sock.fileno()
        self.peer = peer
        self.received = 0
        self.sent = 0
        self.last_active = loop.now
        self.portion = PORTION
        self._receiver: Receiver | None = None
        self._registered = bool(registered)
        self._reading = False
        self._readable = bool(events & READABLE)
        self._left = events & LEFT
        self._watching = False
        self._queued_again = False
        self._queue: bytearray | Splice | None = None
        self._bulk = 0
        self._splice: Splice | None = None
        self._spliced_to: EpollStream | None = None
        self._unread = b""
        self._looking = 0
        self._to: PipedStream | None = None
        self._source: Stream | None = None
        self._onto: PipedStream | None = None
        self._left_to_pour = 0
        self._pourer: Pourer | None = None
        self.held_back = False
        self._eof_seen = False
        self._eof_pending = False
        self._eof_sent = False
        self._closing = False
        self._ended = False
        self._error: Exception | None = None

    @property
    def local(self) -> Address:
        """Asked of the kernel each time: few need it."""
        name = self._sock.getsockname()
        return name[0], name[1]

    def attach(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def resume(self) -> None:
        if self._reading or self._ended or self._closing or self._eof_seen:
            return
        self._reading = True
        self._watching = False
        self._register()
        if self._readable or self._unread:
            self._carry_on_later()

    def pause(self) -> None:
        self._reading = False

    def watch(self) -> None:
        if not self._ended:
            self._watching = True
            self._register()
            if self._left:
                self._carry_on_later()

    def has_waiting(self) -> bool:
        return bool(self._unread) or (not self._ended and ioctl(self._fd, FIONREAD, NOTHING) != NOTHING)

    def has_queued(self) -> bool:
        return self._queue is not None

    def unread(self, data: bytes) -> None:
        self._unread = data + self._unread
        if self._reading:
            self._carry_on_later()

    def look(self) -> None:
        self._looking = MSG_PEEK
        self.resume()

    def skip(self, size: int) -> None:
        self._looking = 0
        self._reading = False
        self._readable = True
        if size and not self._ended:
            try:
                self.received += len(self._sock.recv(size))
            except OSError as error:
                self._end(error)

    def pipe(self, to: PipedStream) -> None:
        self._to = to
        to.fed_by(self)
        self.resume()

    def fed_by(self, source: Stream | None) -> None:
        self._source = source

    def pour(self, to: PipedStream, size: int, owner: Pourer) -> None:
        self._onto = to
        self._left_to_pour = size
        self._pourer = owner
        to.fed_by(self)
        self.resume()

    def stop_pouring(self) -> int:
        if self._splice is not None and self._onto is not None:
            self._end_splice()
        onto, self._onto = self._onto, None
        left, self._left_to_pour = self._left_to_pour, 0
        self._pourer = None
        if onto is not None:
            onto.fed_by(None)
        return left

    @property
    def full(self) -> bool:
        return self._queue is not None

    def surrender(self) -> tuple[socket, bool]:
        """Give the socket away, and tell nobody anything any more.

        :returns: the socket, and whether it is in the loop's epoll, with ``MASK`` and this stream as its handler.
        :raises OSError: the connection is lost already.
        """
        if self._ended:
            raise self._error or ConnectionAbortedError(ECONNABORTED, "the connection is closed")
        self._ended = True
        self._reading = False
        self._receiver = self._to = self._source = None
        return self._sock, self._registered

    def write(self, data: bytes | memoryview) -> bool:
        if self._ended or self._closing or self._eof_pending:
            return True
        if self._queue is not None:
            assert not isinstance(self._queue, Splice), "who pipes into a stream does not write to it"
            self._queue += data
            self.sent += len(data)
            return False
        try:
            taken = self._sock.send(data)
        except BlockingIOError:
            taken = 0
        except OSError as error:
            self._write_failed(error)
            return True
        size = len(data)
        self.sent += size
        if taken == size:
            return True
        self._queue = bytearray(data[taken:])
        self._register()
        return False

    def write_last(self, data: memoryview) -> bool:
        """Like :meth:`write`, when :meth:`write_eof` follows: the kernel keeps the rest for that, and sends both at once."""
        taken = 0
        if self._queue is None and not (self._ended or self._closing or self._eof_pending):
            with suppress(OSError):  # it is met again below
                taken = self._sock.send(data, MSG_MORE)
            self.sent += taken
        return taken == len(data) or self.write(data[taken:])

    def write_spliced(self, splice: Splice) -> bool:
        """Like :meth:`write`, of what ``splice`` holds."""
        if self._ended or self._closing or self._eof_pending:
            return True
        self.sent += splice.held
        try:
            splice.drain(self._fd)
        except BlockingIOError:
            pass
        except OSError as error:
            self._write_failed(error)
            return True
        if not splice.held:
            return True
        splice.waiting = True
        self._queue = splice
        self._register()
        return False

    def write_eof(self) -> None:
        if self._eof_pending or self._ended or self._closing:
            return
        self._eof_pending = True
        if self._queue is None:
            self._send_eof()

    def close(self) -> None:
        if self._ended or self._closing:
            return
        self._reading = False
        self._closing = True
        if self._queue is None:
            self._end(None)

    def abort(self) -> None:
        if self._ended:
            return
        self._drop_queue()
        with suppress(OSError):  # the peer's reset came first
            self._sock.setsockopt(SOL_SOCKET, SO_LINGER, _RESET)
        self._end(None)

    def ready(self, mask: int) -> None:
        """The epoll has events for us."""
        if self._ended:
            return
        if mask & EPOLLOUT and self._queue is not None:
            self._flush()
        if mask & READABLE:
            if mask & LEFT:
                self._left |= mask & LEFT
                if mask & EPOLLERR and self._eof_seen:  # who reads no more has no other way to see a reset
                    self._end(None)
                    return
            if self._reading and not self._unread:
                self._read()
            else:
                self._readable = True
                if self._left and self._watching:
                    self._left_while_watched()

    def fault(self) -> None:
        """An error of ours was raised inside :meth:`ready` or :meth:`carry_on`."""
        self.abort()

    def carry_on(self) -> None:
        """The loop's next turn, asked for by :meth:`_carry_on_later`."""
        self._queued_again = False
        if self._reading and not self._ended:
            if self._unread:
                self._read_again()
            else:
                if self._bulk >= BULK:
                    self._begin_splice()
                self._read()
        elif self._left and self._watching:
            self._left_while_watched()

    def bury(self) -> None:
        """The loop's turn is over: nobody is inside one of our methods."""
        self._loop.forget(self._fd)
        self._sock.close()
        if self._splice is not None:
            self._end_splice()
        self._to = self._source = self._onto = self._pourer = None
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.stream_lost(self, self._error)

    def _register(self) -> None:
        if not self._registered:
            self._registered = True
            self._loop.register(self._fd, self, MASK)

    def _carry_on_later(self) -> None:
        if not self._queued_again:
            self._queued_again = True
            self._loop.again(self)

    def _read(self) -> None:
        to = self._to
        if to is None:
            self._read_for_receiver()
            return
        loop = self._loop
        try:
            size = self._sock.recv_into(loop.buffer)
        except BlockingIOError:
            self._nothing_to_read()
            return
        except OSError as error:
            self._end(error)
            return
        if not size:
            self._eof()
            return
        self.received += size
        self.last_active = loop.now
        if self._left:
            self._pass_on_last_words(to, size)
        elif not to.write(loop.view[:size]):
            self._reading = False
            self._readable = True
            self._bulk += size
        elif size == BUFFER:
            self._readable = True
            self._bulk += size
            self._carry_on_later()

    def _pass_on_last_words(self, to: Stream, size: int) -> None:
        """The peer had left when this was read; if it was less than there was room for, nothing but the end is behind it.

        So the end need not be read.  (Urgent data would end a read early too, and is not relayed: HAProxy does the same.)
        """
        last = size < BUFFER and not self._left & EPOLLERR
        view = self._loop.view[:size]
        if not (to.write_last(view) if last and type(to) is EpollStream else to.write(view)):
            self._reading = False
            self._readable = True
            self._bulk += size
        elif last:
            self._eof()
        else:
            self._readable = True
            self._bulk += size
            self._carry_on_later()

    def _read_for_receiver(self) -> None:
        if self._splice is not None:
            self._read_into_splice(self._splice)
            return
        if self._onto is not None:
            self._read_to_pour(self._onto)
            return
        try:
            data = self._sock.recv(self.portion, self._looking)
        except BlockingIOError:
            self._nothing_to_read()
            return
        except OSError as error:
            self._end(error)
            return
        if not data:
            self._eof()
            return
        self.last_active = self._loop.now
        if self._looking:
            self._show(data)
            return
        self.received += len(data)
        self._readable = len(data) == self.portion or bool(self._left)
        self._deliver(data)
        if self._readable and self._reading:
            self._carry_on_later()

    def _read_to_pour(self, to: PipedStream) -> None:
        loop = self._loop
        most = min(self._left_to_pour, BUFFER)
        try:
            size = self._sock.recv_into(loop.buffer, most)
        except BlockingIOError:
            self._nothing_to_read()
            return
        except OSError as error:
            self._end(error)
            return
        if not size:
            self._eof()
            return
        self.received += size
        self.last_active = loop.now
        self._readable = size == most or bool(self._left)
        if size == BUFFER:
            self._bulk += size
        self._have_poured(size, to.write(loop.view[:size]))

    def _have_poured(self, size: int, taken: bool) -> None:
        self._left_to_pour -= size
        if not self._left_to_pour:
            pourer = self._pourer
            self.stop_pouring()
            self._reading = False
            self._readable = True  # there may be more, and no event will say so
            assert pourer is not None
            pourer.poured(self)
        elif not taken:
            self.held_back = True
            self._reading = False
            self._readable = True
        elif self._readable:
            self._carry_on_later()

    def _begin_splice(self) -> None:
        """So much went through in full buffers that it is worth a kernel pipe."""
        self._bulk = 0
        to = self._to or self._onto
        if type(to) is EpollStream and to._queue is None and self._splice is None:  # a TLS stream has to see the bytes
            self._splice = self._loop.pipes.lend()
            if self._splice is not None:
                self._spliced_to, self._to = to, None

    def _end_splice(self) -> None:
        splice, self._splice = self._splice, None
        if splice is not None:
            if self._onto is None:
                self._to = self._spliced_to
            self._spliced_to = None
            splice.leave()

    def _read_into_splice(self, splice: Splice) -> None:
        to = self._spliced_to
        if to is None or splice.held:  # bytes that are held before a fill are those that a dead writer left
            self._end_splice()
            self._read()
            return
        try:
            size = splice.fill(self._fd, self._left_to_pour or SIZE)
        except BlockingIOError:
            if splice.trickles:
                self._end_splice()
            self._nothing_to_read()
            return
        except OSError as error:
            self._end(error)
            return
        if not size:
            self._end_splice()
            self._eof()
            return
        self.received += size
        self.last_active = self._loop.now
        self._readable = True
        taken = to.write_spliced(splice)
        if self._onto is not None:
            self._have_poured(size, taken)
        elif taken:
            self._carry_on_later()
        else:
            self._reading = False

    def _nothing_to_read(self) -> None:
        self._readable = False
        if self._error is not None:  # it takes no more, and has no last words either
            self._end(self._error)

    def _read_again(self) -> None:
        data, self._unread = self._unread, b""
        to = self._to
        if self._onto is not None:
            size = self._left_to_pour
            data, self._unread = data[:size], data[size:]
            self._have_poured(len(data), self._onto.write(data))
        elif to is None:
            self._deliver(data)
        elif not to.write(data):
            self._reading = False
        if self._reading and not self._ended and not self._unread:
            self._read()

    def _deliver(self, data: bytes) -> None:
        if self._receiver is not None:
            self._receiver.data_received(self, data)

    def _show(self, data: bytes) -> None:
        """More than what waits now is told by the next event; but a peer that has left sends no more."""
        self._deliver(data)
        if self._looking and self._reading and self._left:
            self._eof()

    def _left_while_watched(self) -> None:
        self._watching = False
        if self._receiver is not None and not self._ended:
            self._receiver.peer_left(self)

    def _eof(self) -> None:
        self._eof_seen = True
        self._reading = False
        self._readable = False
        if self._to is not None:
            self._to.write_eof()
        if self._receiver is not None:
            self._receiver.eof_received(self)
        if self._eof_sent or self._left & EPOLLERR:
            self._end(self._error)

    def _flush(self) -> None:
        queue = self._queue
        assert queue is not None
        if isinstance(queue, Splice):
            self._flush_splice(queue)
            return
        try:
            taken = self._sock.send(queue)
        except BlockingIOError:
            return
        except OSError as error:
            self._write_failed(error)
            return
        self.last_active = self._loop.now
        if taken < len(queue):
            del queue[:taken]
            return
        self._queue = None
        self._drained()

    def _flush_splice(self, splice: Splice) -> None:
        try:
            splice.drain(self._fd)
        except BlockingIOError:
            return
        except OSError as error:
            self._write_failed(error)
            return
        self.last_active = self._loop.now
        if not splice.held:
            self._queue = None
            splice.sent()
            self._drained()

    def _write_failed(self, error: OSError) -> None:
        """The peer takes no more, but its last words may still wait to be read (a server that refuses an upload and closes)."""
        self._error = error
        self._drop_queue()
        self._eof_pending = self._eof_sent = True
        if self._closing or self._eof_seen or not (self._reading or self._to or self._splice or self._onto):
            self._end(error)
        else:
            self._left = LEFT
            self._readable = True
            if self._reading:  # else the pipe's other end is full, and resumes us
                self._carry_on_later()

    def _drained(self) -> None:
        if self._closing:
            self._end(None)
        elif self._eof_pending:
            self._send_eof()
        elif self._source is not None:
            self._source.resume()
        elif self._receiver is not None:
            self._receiver.write_drained(self)

    def _send_eof(self) -> None:
        self._eof_sent = True
        if self._eof_seen:
            self._end(None)
            return
        try:
            self._sock.shutdown(SHUT_WR)
        except OSError as error:
            self._end(error)

    def _end(self, error: Exception | None) -> None:
        if self._ended:
            return
        self._ended = True
        self._error = error or self._error
        self._reading = False
        if self._queue is not None:
            self._drop_queue()
        self._loop.later(self)

    def _drop_queue(self) -> None:
        queue, self._queue = self._queue, None
        if isinstance(queue, Splice):
            queue.sent()
        if queue is not None and self._source is not None:
            self._source.resume()  # it waits for us; what it still reads goes nowhere, but its end is seen
