"""Servers that are configured by a DNS name: who has it now, asked again and again without ever waiting."""

import random
from collections.abc import Callable, Sequence
from typing import cast

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IHostnameResolver,
    IHostResolution,
    IReactorTime,
    IResolutionReceiver,
)
from twisted.logger import Logger
from zope.interface import implementer


def preferred(addresses: Sequence[str], present: str | None) -> str | None:
    """The present address while it is still among the answers, else the first IPv4 one, else the first IPv6 one."""
    if present in addresses:
        return present
    return min(addresses, key=lambda address: ":" in address, default=None)


def _nobody(why: str) -> None:
    pass


@implementer(IResolutionReceiver)
class _Answer:
    """One question; what comes after it was given up is nobody's."""

    def __init__(self, done: Callable[[list[str]], None]) -> None:
        self._done: Callable[[list[str]], None] | None = done
        self._addresses: list[str] = []

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:
        """Nothing: Twisted's resolver cannot be cancelled, so none is."""

    def addressResolved(self, address: IAddress) -> None:
        if isinstance(address, IPv4Address | IPv6Address) and "%" not in address.host:  # a scope means nothing elsewhere
            self._addresses.append(address.host)

    def resolutionComplete(self) -> None:
        done, self._done = self._done, None
        if done is not None:
            done(self._addresses)

    def give_up(self) -> None:
        self._done = None


class NameWatch:
    """Follows the address of a name.

    :param interval: seconds from one answer to the next question; a tenth less or more, so that names do not ask in step.
        Until the first answer has come, and while DNS fails, it is at most :attr:`RETRY`.
    :param changed: called with an address, IPv4 or IPv6 without brackets, at the first answer and whenever it is another one;
        while DNS fails the last one stands.
    :param failed: called with a sentence part at the first of several failures in a row.
    :param timeout: seconds after which an answer is no longer waited for.
    :param uniform: a number from 0 to 1.
    """

    __slots__ = (
        "_answer",
        "_call",
        "_changed",
        "_clock",
        "_failing",
        "_interval",
        "_resolver",
        "_tell_failed",
        "_timeout",
        "_uniform",
        "address",
        "name",
    )

    _logger = Logger()

    RETRY = 5.0

    def __init__(
        self,
        clock: IReactorTime,
        resolver: IHostnameResolver,
        name: str,
        interval: float,
        changed: Callable[[str], None],
        failed: Callable[[str], None] = _nobody,
        timeout: float = 10.0,
        uniform: Callable[[], float] = random.random,
    ) -> None:
        self.name = name
        self.address: str | None = None
        self._clock = clock
        self._resolver = resolver
        self._interval = interval
        self._changed = changed
        self._tell_failed = failed
        self._timeout = timeout
        self._uniform = uniform
        self._answer: _Answer | None = None
        self._call: IDelayedCall | None = None
        self._failing = False

    def start(self) -> None:
        """Ask the first time."""
        if self._call is None:
            self._ask()

    def stop(self) -> None:
        """Ask no more; a late answer changes nothing."""
        if self._answer is not None:
            self._answer.give_up()
            self._answer = None
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _ask(self) -> None:
        self._answer = _Answer(self._answered)
        self._call = self._clock.callLater(self._timeout, self._timed_out)
        self._resolver.resolveHostName(cast(IResolutionReceiver, self._answer), self.name)

    def _timed_out(self) -> None:
        if self._answer is not None:
            self._answer.give_up()
        self._call = None
        self._failed(f"no answer within {self._timeout:g} s")

    def _answered(self, addresses: list[str]) -> None:
        if self._call is not None:
            self._call.cancel()
        address = preferred(addresses, self.address)
        if address is None:
            self._failed("the name has no address, or no name server answers")
            return
        self._again(self._interval)
        if self._failing:
            self._failing = False
            self._logger.info("DNS answers for {name} again: {address}", name=self.name, address=address)
        if address != self.address:
            self.address = address
            self._changed(address)

    def _failed(self, why: str) -> None:
        self._again(min(self._interval, self.RETRY))
        if not self._failing:
            self._failing = True
            self._logger.error(
                "{name} cannot be looked up in DNS: {why}; {kept}",
                name=self.name,
                why=why,
                kept=f"{self.address} is used on" if self.address else "the server gets nobody until it can",
            )
            self._tell_failed(f"{self.name} cannot be looked up: {why}")

    def _again(self, delay: float) -> None:
        self._answer = None
        self._call = self._clock.callLater(delay * (0.9 + 0.2 * self._uniform()), self._ask)
