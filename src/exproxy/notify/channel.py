"""A way on which messages go out."""

from typing import Protocol

from twisted.internet.defer import Deferred

from exproxy.notify.message import Message


class DeliveryError(Exception):
    """A message was not taken; the text says why, as a sentence part.

    :ivar final: trying again is of no use.
    """

    def __init__(self, why: str, final: bool = False) -> None:
        super().__init__(why)
        self.final = final


class Channel(Protocol):
    """Mail, a webhook, a command."""

    @property
    def name(self) -> str:
        """The key of the configuration: ``notify.smtp``."""

    @property
    def patience(self) -> float:
        """Seconds that a delivery may take."""

    def deliver(self, message: Message) -> "Deferred[None]":
        """Fires when it was taken; fails with :class:`DeliveryError`, or whatever it was.  When it is cancelled, nothing is left
        of it."""
