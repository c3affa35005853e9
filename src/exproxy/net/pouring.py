"""Relaying a number of bytes, for streams that have what comes as ``bytes`` in hand.

The epoll's streams do the same without those (:mod:`exproxy.net.epoll.stream`).
"""

from abc import ABC, abstractmethod

from exproxy.net.interfaces import PipedStream, Pourer, Stream


class PouringStream(ABC):
    """The part of a :class:`exproxy.net.interfaces.PipedStream` that pours."""

    def __init__(self) -> None:
        self._onto: PipedStream | None = None
        self._left_to_pour = 0
        self._pourer: Pourer | None = None
        self.held_back = False

    @abstractmethod
    def _itself(self) -> Stream: ...

    @abstractmethod
    def resume(self) -> None: ...

    @abstractmethod
    def pause(self) -> None: ...

    @abstractmethod
    def unread(self, data: bytes) -> None: ...

    def pour(self, to: PipedStream, size: int, owner: Pourer) -> None:
        self._onto = to
        self._left_to_pour = size
        self._pourer = owner
        to.fed_by(self._itself())
        self.resume()

    def stop_pouring(self) -> int:
        onto, self._onto = self._onto, None
        left, self._left_to_pour = self._left_to_pour, 0
        self._pourer = None
        if onto is not None:
            onto.fed_by(None)
        return left

    def _pour(self, to: PipedStream, data: bytes) -> None:
        """Called with what came, while there is somebody to pour it to."""
        size = self._left_to_pour
        part, rest = data[:size], data[size:]
        self._left_to_pour -= len(part)
        taken = to.write(part)
        if self._left_to_pour:
            if not taken:
                self.held_back = True
                self.pause()
            return
        pourer = self._pourer
        self.stop_pouring()
        self.pause()
        if rest:
            self.unread(rest)
        assert pourer is not None
        pourer.poured(self._itself())
