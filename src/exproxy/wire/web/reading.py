"""Heads out of a stream: whole in the first buffer nearly always, and then nothing is held or copied twice.

What can be told early is: a bare LF when it comes, another protocol at its first line.  Whatever the cuts, the error is the same.

Clients ask the same again and again, octet for octet (ActiveSync's pings, whoever polls), and what such a head says was found
out the last time.  It is the head of the same connection always, and the last one only, so that nobody's head is held for anybody
else; and it is kept only when it comes a second time, so that an idle connection whose heads all differ holds none.
"""

import abc
from typing import ClassVar, Generic, TypeVar

import attrs

from exproxy.wire.web.errors import HttpError
from exproxy.wire.web.fields import bare_lf
from exproxy.wire.web.head import (
    REQUEST,
    RESPONSE,
    RequestHead,
    ResponseHead,
    first_line,
    no_request,
    no_response,
    read_request,
    read_response,
    request_line,
    status_line,
)
from exproxy.wire.web.limits import Limits

_END = b"\r\n\r\n"

H = TypeVar("H", RequestHead, ResponseHead)


@attrs.define
class _HeadReader(abc.ABC, Generic[H]):
    """Bytes in, one head out, and again.

    :param limits: for each head.
    """

    limits: Limits = attrs.field(factory=Limits)
    rest: bytes = attrs.field(default=b"", init=False)
    """What came behind the head that was told last: its body's, or the next message's.  Who takes it may feed it again."""
    _held: bytearray = attrs.field(factory=bytearray, init=False)
    _looked: int = attrs.field(default=0, init=False)
    _begun: bool = attrs.field(default=False, init=False)  # the first line is whole and good
    _seen: int = attrs.field(default=0, init=False)  # the hash of the last head
    _repeated: bytes = attrs.field(default=b"", init=False)
    _known: H | None = attrs.field(default=None, init=False)  # what it says

    @property
    def limit(self) -> int:
        """Octets that are held at most."""
        return self.limits.head

    @property
    def buffered(self) -> int:
        """Octets of a head that has not all come; 0 between two messages, where a peer may close."""
        return len(self._held)

    def feed(self, data: bytes) -> H | None:
        """The head, once ``data`` completes it; ``rest`` is then what follows.

        It may be told again, unless it is changed.

        :raises HttpError: this is none; nothing more may be fed.
        """
        if not self._held and data and data[0] > 0x20:
            end = data.find(_END, 0, self.limits.head) + 4
            if end > 4:
                self.rest = data[end:]
                return self._recall(data[:end])
        self._held += data
        return self._feed_held()

    def clear(self) -> None:
        """Forget what is held."""
        self._held = bytearray()
        self._looked = 0
        self._begun = False
        self.rest = b""

    def _feed_held(self) -> H | None:
        held = self._held
        if not self._begun:
            self._begun = self._begins(held)
            if not self._begun:
                return None
        end = held.find(_END, max(0, self._looked - 3), self.limits.head) + 4
        if end >= 4:
            data = bytes(held)
            head = self._recall(data[:end])
            self.clear()
            self.rest = data[end:]
            return head
        if complaint := bare_lf(held, max(0, self._looked - 1), self.limits.head, self._where, self._status):
            raise complaint
        if len(held) >= self.limits.head:
            raise HttpError(f"the head is longer than {self.limits.head} octets", self._where, self._too_large)
        self._looked = len(held)
        return None

    def _recall(self, data: bytes) -> H:
        """The head that ``data`` is; the same one, if the one before was the same."""
        known = self._known
        if known is not None and data == self._repeated and not known.changed:
            return known
        head = self._read(data)
        seen = hash(data)
        if seen == self._seen:
            self._repeated, self._known = data, head
        else:
            self._seen, self._repeated, self._known = seen, b"", None
        return head

    def _begins(self, held: bytearray) -> bool:
        """Whether the first line is there; as soon as it is, or is too long, it is judged."""
        if not held or not self._check_start(held):
            return False
        whole = held.find(b"\n", 0, self.limits.line) >= 0
        if whole or len(held) >= self.limits.line:
            self._check_line(held)
        return whole

    _where: ClassVar[str]
    _status: ClassVar[int]
    _too_large: ClassVar[int]

    @abc.abstractmethod
    def _read(self, data: bytes) -> H:
        """The head that ``data`` is."""

    @abc.abstractmethod
    def _check_start(self, held: bytearray) -> bool:
        """Judge the first octet; False where none has come."""

    @abc.abstractmethod
    def _check_line(self, held: bytearray) -> None:
        """Judge the first line."""


class RequestReader(_HeadReader[RequestHead]):
    """What a client sends, up to the end of a head; empty lines before it are passed over (RFC 9112 2.2)."""

    _where = REQUEST
    _status = 400
    _too_large = 431

    def method(self, data: bytes = b"") -> str:
        """Of a request that is refused, as far as it matters to the answer: that to HEAD has no body.

        :param data: what was fed last.
        """
        return "HEAD" if (bytes(self._held[:5]) or data[:5]) == b"HEAD " else "GET"

    def start(self, data: bytes = b"") -> bytes:
        """The request line of what is refused or has not all come, without its end, for who looks for it in a log.

        :param data: what was fed last.
        :returns: empty where there is none that is whole and well formed.
        """
        return first_line(bytes(self._held or data)[: self.limits.head])

    def _read(self, data: bytes) -> RequestHead:
        return read_request(data, self.limits)

    def _check_start(self, held: bytearray) -> bool:
        empty = 0
        while held.startswith(b"\r\n", empty):
            empty += 2
        del held[:empty]
        if not held or held == b"\r":
            return False
        if complaint := no_request(held[0]):
            raise complaint
        return True

    def _check_line(self, held: bytearray) -> None:
        request_line(held, self.limits)


class ResponseReader(_HeadReader[ResponseHead]):
    """What a server sends, up to the end of a head, an interim one too."""

    _where = RESPONSE
    _status = 502
    _too_large = 502

    def _read(self, data: bytes) -> ResponseHead:
        return read_response(data, self.limits)

    def _check_start(self, held: bytearray) -> bool:
        if complaint := no_response(held[0]):
            raise complaint
        return True

    def _check_line(self, held: bytearray) -> None:
        status_line(held, self.limits)
