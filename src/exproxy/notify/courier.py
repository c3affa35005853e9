"""Brings messages to one channel, one after another, however slow or dead that is.

At most two are kept: the one under way, and one in which all gathers that came later. What could not be told is told with that: a
message that comes late says what is so by then.
"""

from typing import Any

from twisted.internet import defer
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from exproxy.notify.channel import Channel, DeliveryError
from exproxy.notify.message import Message

PAUSES = (5.0, 15.0, 60.0, 180.0, 600.0)
"""Seconds before a message is tried again; after the last try it is given up."""

_log = Logger()


class Courier:
    """:param clock: the reactor."""

    def __init__(self, clock: Any, channel: Channel) -> None:
        self._clock = clock
        self._channel = channel
        self._message: Message | None = None
        """The one that is under way, or is to be tried again."""
        self._later: Message | None = None
        self._tries = 0
        self._delivery: Deferred[None] | None = None
        self._again: IDelayedCall | None = None

    def send(self, message: Message) -> None:
        """Bring it, if need be with others."""
        self._later = message if self._later is None else self._later.then(message)
        if self._message is None:
            self._try()

    @property
    def name(self) -> str:
        """The channel's."""
        return self._channel.name

    def stop(self) -> Message | None:
        """Bring nothing any more; returns what was not told."""
        if self._again is not None:
            self._again.cancel()
            self._again = None
        left, delivery = self._gathered(), self._delivery
        self._message = self._later = self._delivery = None
        if delivery is not None:
            delivery.cancel()
        return left

    def _gathered(self) -> Message | None:
        first, later = self._message, self._later
        return first.then(later) if first is not None and later is not None else first or later

    def _try(self) -> None:
        self._again = None
        self._message, self._later = self._gathered(), None
        if self._message is None:
            return
        self._tries += 1
        delivery = self._delivery = _begun(self._channel, self._message)
        delivery.addTimeout(self._channel.patience, self._clock)
        delivery.addCallbacks(self._told, self._failed, callbackArgs=(delivery,), errbackArgs=(delivery,))

    def _told(self, nothing: None, delivery: "Deferred[None]") -> None:
        if self._delivery is delivery:
            self._begin_anew()

    def _failed(self, failure: Failure, delivery: "Deferred[None]") -> None:
        if self._delivery is not delivery:
            return  # stopped
        why, final = self._reason(failure)
        if not final and self._tries <= len(PAUSES):
            self._delivery = None
            self._again = self._clock.callLater(PAUSES[self._tries - 1], self._try)
            return
        subject = "" if self._message is None else self._message.subject
        tries = "1 try" if self._tries == 1 else f"{self._tries} tries"
        words = "{channel}: given up after {tries}: {why}; was not told: {subject}"
        _log.error(words, channel=self._channel.name, tries=tries, why=why, subject=subject)
        self._begin_anew()

    def _reason(self, failure: Failure) -> tuple[str, bool]:
        error = failure.value
        if isinstance(error, DeliveryError):
            return str(error), error.final
        if isinstance(error, defer.TimeoutError | CancelledError):
            return f"no answer within {self._channel.patience:g} s", False
        return str(error) or type(error).__name__, False

    def _begin_anew(self) -> None:
        self._message = self._delivery = None
        self._tries = 0
        self._try()


def _begun(channel: Channel, message: Message) -> "Deferred[None]":
    """Whatever a channel makes of a message is its failure, and no news stop because of it."""
    return defer.maybeDeferred(channel.deliver, message)
