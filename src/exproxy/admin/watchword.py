"""Who comes to a port of loopback and says the right word first has the rights of a unix socket; all others hear nothing.

Whatever else the connection costs is bounded by who is behind: it is there from the beginning, and has its limits of number and
time for those who have said nothing yet.
"""

import hmac
from typing import Any

from attrs import frozen
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from zope.interface import implementer


@implementer(IAddress)
@frozen
class Bearer:
    """The address of one who has said it."""


class _Guarded(ProtocolWrapper):
    """A protocol behind the word; it may have another one take its place, as it may with a transport."""

    factory: "Watchword"
    transport: Any
    wrappedProtocol: Any  # noqa: N815 - Twisted's name
    _heard: bytes | None = b""
    _refused = False

    @property
    def protocol(self) -> Any:
        return self.wrappedProtocol

    @protocol.setter
    def protocol(self, other: Protocol) -> None:
        self.wrappedProtocol = other

    def getPeer(self) -> Bearer:
        """Nobody else is heard."""
        return Bearer()

    def dataReceived(self, data: bytes) -> None:
        if self._heard is None:
            self.wrappedProtocol.dataReceived(data)
            return
        self._heard += data
        said, rest = self._heard[: len(self.factory.word)], self._heard[len(self.factory.word) :]
        if len(said) < len(self.factory.word) and b"\n" not in said and not self._refused:
            return
        if self._refused or not hmac.compare_digest(said, self.factory.word):
            self._refused, self._heard = True, b""
            self.transport.abortConnection()
            return
        self._heard = None
        if rest:
            self.wrappedProtocol.dataReceived(rest)


class Watchword(WrappingFactory):
    """:param factory: of those who are behind.

    :param word: all that has to be said first, in bytes.
    """

    protocol = _Guarded
    noisy = False

    def __init__(self, factory: ServerFactory[Any], word: bytes) -> None:
        super().__init__(factory)  # type: ignore[no-untyped-call]  # Twisted's policies have no types
        self.word = word
