"""TLS on the socket itself: OpenSSL reads and writes the descriptor, and the loop tells when.

Four things differ from a plain stream.  What OpenSSL has decrypted is invisible to the epoll, so a stream that stops early asks
for another turn.  Reading may have to wait until the socket takes a byte, and writing until one comes (TLS 1.3's key updates).
``SSL_write`` takes one record of 16 KB a call.  And the end is said twice: in TLS, and by the connection.
"""

import os
from contextlib import suppress
from fcntl import ioctl
from select import EPOLLERR, EPOLLOUT
from termios import FIONREAD

from cryptography import x509
from OpenSSL import SSL

from exproxy.net.epoll.loop import BUFFER
from exproxy.net.epoll.stream import LEFT, NOTHING, READABLE, EpollStream
from exproxy.net.interfaces import PipedStream, TLSOwner
from exproxy.net.tls.client import ClientTLS
from exproxy.net.tls.failures import TLSError, TruncatedError, explain_record
from exproxy.net.tls.server import ServerTLS

RECORD = 16 * 1024
"""The most that one record holds (RFC 8446 section 5.1), and so the most that one ``SSL_read`` returns."""
READ_FOR_PIPE = BUFFER - RECORD
FLUSH = BUFFER
"""Bytes that are encrypted in one turn."""
_NOWHERE = -1


class EpollTLSStream(EpollStream):
    """A :class:`exproxy.net.interfaces.SecureStream`; takes the connection of ``plain`` over.

    The handshake begins with the loop's next turn, or with a client's first bytes.
    """

    __slots__ = (
        "_chain_fault",
        "_connection",
        "_fault",
        "_goodbye_waits",
        "_handshaking",
        "_over",
        "_owner",
        "_read_wants_write",
        "_remembers",
        "_side",
        "_write_wants_read",
    )

    def __init__(self, plain: EpollStream, side: ServerTLS | ClientTLS, owner: TLSOwner) -> None:
        fault: Exception | None = None
        sock, registered, left = plain._sock, 0, plain._left
        try:
            sock, held = plain.surrender()
            registered = int(held)
        except OSError as error:
            fault = error
        super().__init__(plain._loop, sock, plain.peer, registered, left)
        self._owner: TLSOwner | None = owner
        self._receiver = owner
        self._side = side
        self._handshaking = True
        self._over = False
        self._fault = fault
        self._chain_fault = ""
        self._goodbye_waits = False
        self._read_wants_write = False
        self._write_wants_read = False
        self._remembers = isinstance(side, ClientTLS)
        self._connection: SSL.Connection | None = None
        if fault is not None:
            self._fd = _NOWHERE  # the plain stream closes the socket: the number may be another's by then
            self._registered = True
        elif registered:
            self._loop.replace(self._fd, self)
        self._carry_on_later()

    @property
    def version(self) -> str:
        return self._connection.get_protocol_version_name() if self._connection and not self._handshaking else ""

    @property
    def cipher(self) -> str:
        return (self._connection.get_cipher_name() or "") if self._connection else ""

    @property
    def server_name(self) -> str | None:
        name = self._connection.get_servername() if self._connection else None
        return None if name is None else name.decode("latin-1")

    @property
    def peer_certificate(self) -> x509.Certificate | None:
        return self._connection.get_peer_certificate(as_cryptography=True) if self._connection else None

    def chain_fault(self, fault: str) -> None:
        """See :class:`exproxy.net.tlscontext.ChainObserver`; the first fault is the one of the deepest certificate."""
        self._chain_fault = self._chain_fault or fault

    def write(self, data: bytes | memoryview) -> bool:
        if self._ended or self._closing or self._eof_pending:
            return True
        if self._queue is not None:
            return super().write(data)
        connection = self._connection
        assert connection is not None
        assert not self._handshaking, "nothing is written before the handshake is done"
        size = len(data)
        self.sent += size
        taken = 0
        send = connection.send
        try:
            while taken < size:
                taken += send(data[taken:] if taken else data)
        except SSL.WantWriteError:
            pass
        except SSL.WantReadError:
            self._write_wants_read = True
        except SSL.Error as error:
            self._write_failed(_as_os_error(error))
            return True
        if taken == size:
            return True
        self._queue = bytearray(data[taken:])
        return False

    def write_eof(self) -> None:
        if not self._handshaking:  # before it is done there is no way to say it
            super().write_eof()

    def close(self) -> None:
        if self._ended or self._closing:
            return
        self._reading = False
        self._closing = True
        if self._queue is None:
            self._close_now()

    def ready(self, mask: int) -> None:
        """The epoll has events for us."""
        if self._ended:
            return
        if self._handshaking:
            self._left |= mask & LEFT
            if mask & READABLE or self._connection is not None:
                self._shake_hands()
            return
        # Reading comes first: after a failed write OpenSSL reads no more, and a server that refuses an upload has last words.
        if mask & READABLE:
            if mask & LEFT:
                self._left |= mask & LEFT
            if self._reading and not self._unread:
                self._read()
            else:
                self._readable = True
                if self._left and self._watching:
                    self._left_while_watched()
        elif self._read_wants_write and self._reading:
            self._read()
        if mask & EPOLLOUT or self._write_wants_read:
            self._push()
        if mask & EPOLLERR and self._eof_seen:
            self._end(None)

    def carry_on(self) -> None:
        """The loop's next turn."""
        if self._handshaking:
            self._queued_again = False
            if not self._ended:
                speaks_first = self._remembers or self._registered  # or there may be bytes of which the epoll has told already
                self._register()
                if speaks_first:
                    self._shake_hands()
            return
        self._push()
        super().carry_on()

    def bury(self) -> None:
        """The loop's turn is over: nobody is inside one of our methods."""
        connection, self._connection = self._connection, None
        if self._remembers and connection is not None and connection.get_shutdown():
            self._side.remember(connection)
        self._owner = None
        super().bury()

    def _shake_hands(self) -> None:
        if self._fault is not None:
            self._refuse(TLSError(f"the connection was lost before the TLS handshake: {self._fault}"))
            return
        connection = self._connection
        if connection is None:  # not made before: of a client that says nothing it would hold 40 KB
            connection = self._connection = self._side.connection(self._sock, self)
        try:
            connection.do_handshake()
        except (SSL.WantReadError, SSL.WantWriteError):
            return
        except SSL.Error as error:
            self._refuse(self._side.failure(error, self._chain_fault))
            return
        try:
            self._side.judge(connection, self._chain_fault)
        except TLSError as failure:
            self._refuse(failure)
            return
        self._handshaking = False
        self.last_active = self._loop.now
        self._readable = True  # with the handshake's last words there may have come more, and no event will say so
        owner, self._owner = self._owner, None
        if owner is not None:
            owner.tls_secured(self)

    def _refuse(self, failure: TLSError) -> None:
        owner, self._owner = self._owner, None
        self._remembers = False
        self._discard()
        self._end(failure)
        if owner is not None:
            owner.tls_failed(self, failure)

    def _read(self) -> None:
        if not self._over:
            to = self._to or self._onto
            if to is None:
                data = self._decrypted()
                if data:
                    self._took(len(data))
                    self._deliver(data)
            else:
                size = self._decrypt(min(self._left_to_pour, READ_FOR_PIPE) or READ_FOR_PIPE)
                if size:
                    self._took(size)
                    self._pass_on(to, size)
            if self._ended:
                return
        if self._over:
            if self._reading or self._to is not None:
                self._conclude()
            else:
                self._readable = True
        elif self._readable and self._reading:
            self._carry_on_later()

    def _decrypt(self, most: int) -> int:
        """Fill the loop's buffer; afterwards ``_readable`` says whether there may be more, ``_over`` that there is not."""
        connection = self._connection
        assert connection is not None
        take = connection.recv_into
        view = self._loop.view
        self._readable = True
        self._read_wants_write = False
        size = 0
        try:
            first = min(most, RECORD)
            size = take(view, first)
            if size < first and self._nothing_waits():
                return size
            while size < most:
                size += take(view[size:], min(most - size, RECORD))
        except SSL.Error as error:
            self._stopped(error)
        return size

    def _decrypted(self) -> bytes:
        """The same for a receiver, who gets what OpenSSL has put into memory of its own."""
        connection = self._connection
        assert connection is not None
        most = self.portion
        self._readable = True
        self._read_wants_write = False
        data = b""
        try:
            data = connection.recv(RECORD)
            if len(data) < RECORD and self._nothing_waits():
                return data
            while len(data) < most:
                data += connection.recv(RECORD)
        except SSL.Error as error:
            self._stopped(error)
        return data

    def _nothing_waits(self) -> bool:
        """Asking the kernel costs a third of having OpenSSL find out."""
        if not self._left and ioctl(self._fd, FIONREAD, NOTHING) == NOTHING:
            self._readable = False
            return True
        return False

    def _stopped(self, error: SSL.Error) -> None:
        """Why OpenSSL gave no more."""
        if isinstance(error, SSL.WantReadError):
            self._readable = False
        elif isinstance(error, SSL.WantWriteError):
            self._readable = False
            self._read_wants_write = True
        else:
            self._over = True
            if not isinstance(error, SSL.ZeroReturnError):
                self._fault = _lost(error, self._eof_sent)

    def _took(self, size: int) -> None:
        self.received += size
        self.last_active = self._loop.now
        if self._remembers and self._connection is not None:
            self._remembers = False
            self._side.remember(self._connection)

    def _pass_on(self, to: PipedStream, size: int) -> None:
        taken = to.write(self._loop.view[:size])
        if self._onto is not None:
            self._have_poured(size, taken)
        elif not taken:
            self._reading = False

    def _conclude(self) -> None:
        if self._fault is None:
            self._eof()
        else:
            self._end(self._error or self._fault)

    def _push(self) -> None:
        """Encrypt what is queued, and the goodbye behind it."""
        if self._ended:
            return
        queue = self._queue
        if queue is None:
            if self._goodbye_waits:
                self._goodbye_waits = False
                self._after_goodbye()
            return
        connection = self._connection
        assert connection is not None
        assert isinstance(queue, bytearray)
        self._write_wants_read = False
        done = 0
        try:
            while queue and done < FLUSH:
                taken = connection.send(queue)
                del queue[:taken]
                done += taken
        except SSL.WantWriteError:
            pass
        except SSL.WantReadError:
            self._write_wants_read = True
        except SSL.Error as error:
            self._write_failed(_as_os_error(error))
            return
        if done:
            self.last_active = self._loop.now
        if not queue:
            self._queue = None
            self._drained()
        elif done >= FLUSH:
            self._carry_on_later()

    def _drained(self) -> None:
        if self._closing:
            self._close_now()
        else:
            super()._drained()

    def _send_eof(self) -> None:
        self._eof_sent = True
        self._after_goodbye()

    def _close_now(self) -> None:
        if self._handshaking or self._error is not None or (self._eof_sent and not self._goodbye_waits):
            self._discard()
            self._end(None)
        else:
            self._after_goodbye()

    def _after_goodbye(self) -> None:
        """Say close_notify; then end, if that was all that is left to do."""
        connection = self._connection
        assert connection is not None
        try:
            connection.shutdown()
        except (SSL.WantWriteError, SSL.WantReadError):
            self._goodbye_waits = True
            return
        except SSL.Error as error:
            self._end(_as_os_error(error))
            return
        if self._closing:
            self._discard()
            self._end(None)
        elif self._eof_seen:
            self._end(None)

    def _discard(self) -> None:
        """Bytes that wait unread (tickets, a goodbye) would make closing a reset, which can overtake our last words."""
        if not self._eof_seen and self._fd != _NOWHERE:
            with suppress(OSError):
                self._sock.recv(BUFFER)


def secured(plain: object, side: ServerTLS | ClientTLS, owner: TLSOwner) -> EpollTLSStream:
    """TLS on a stream of the same loop."""
    assert isinstance(plain, EpollStream)
    return EpollTLSStream(plain, side, owner)


def _as_os_error(error: SSL.Error) -> OSError:
    if isinstance(error, SSL.SysCallError) and error.args and error.args[0] > 0:
        return OSError(error.args[0], os.strerror(error.args[0]))
    return ConnectionAbortedError(str(explain_record(error)))


def _lost(error: SSL.Error, told: bool) -> Exception:
    if isinstance(error, SSL.SysCallError):
        return _as_os_error(error) if error.args and error.args[0] > 0 else TruncatedError(told)
    return explain_record(error)
