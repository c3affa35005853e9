"""``[notify]``: what happens goes through the damper to the couriers."""

import os
import socket
from typing import Any

import attrs
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from exproxy.config import model
from exproxy.notify.courier import Courier
from exproxy.notify.damper import Damper
from exproxy.notify.message import Message
from exproxy.notify.news import News, Story
from exproxy.site.channels import channels
from exproxy.site.happenings import Happenings
from exproxy.site.pools import Pools
from exproxy.site.tls import TLSContexts

LOOK = 0.5
"""Seconds between two looks at what has happened and what is due."""

_log = Logger()


@attrs.frozen(eq=False)
class Ways:
    """What [notify] says, and what was made of that."""

    notify: model.Notify | None
    damper: Damper
    couriers: tuple[Courier, ...]


class Notifying:
    """Nothing happens before :meth:`start`, nor without [notify].

    :raises SiteError: what a channel wants is not to be had.
    """

    def __init__(self, reactor: Any, notify: model.Notify | None, pools: Pools, tls: TLSContexts) -> None:
        self._reactor = reactor
        self._happenings = Happenings(self._hear, pools, tls)
        self._host = socket.gethostname()
        self._call: IDelayedCall | None = None
        self._ways = self._made(notify)

    def prepare(self, notify: model.Notify | None) -> Ways:
        """For :meth:`commit`; those that there are, where [notify] says the same: what is under way goes on then.

        :raises SiteError: then all is as it was.
        """
        return self._ways if notify == self._ways.notify else self._made(notify)

    def commit(self, ways: Ways, pools: Pools, tls: TLSContexts) -> None:
        """There is another configuration; what was not told by then is told on its ways."""
        before, self._ways = self._ways, ways
        if ways is not before:
            self._hand_over(before, ways)
        self._happenings.follow(pools, tls)

    def start(self) -> None:
        """Tell from now on."""
        self._look()

    def stop(self) -> None:
        """Tell nobody any more."""
        if self._call is not None:
            self._call.cancel()
            self._call = None
        rest = self._ways.damper.rest()
        for courier in self._ways.couriers:
            left = courier.stop()
            if rest:
                left = _both(left, Message(rest, self._host))
            if left is not None:
                words = "{channel}: the process ends, and was not told: {subject}"
                _log.warn(words, channel=courier.name, subject=left.subject)

    def _made(self, notify: model.Notify | None) -> Ways:
        if notify is None:
            return Ways(None, Damper(1.0, 1, 1.0), ())
        found = channels(self._reactor, notify, os.environ)
        damper = Damper(notify.window, notify.limit.count, notify.limit.seconds)
        return Ways(notify, damper, tuple(Courier(self._reactor, way) for way in found))

    def _hand_over(self, before: Ways, after: Ways) -> None:
        successors = {courier.name: courier for courier in after.couriers}
        for courier in before.couriers:
            left = courier.stop()
            if left is None:
                continue
            if courier.name in successors:
                successors[courier.name].send(left)
            else:
                words = "{channel}: it is not configured any more, and was not told: {subject}"
                _log.warn(words, channel=courier.name, subject=left.subject)
        self._send(after, before.damper.rest())

    def _hear(self, news: News) -> None:
        ways = self._ways
        if ways.notify is not None and news.kind in ways.notify.on:
            ways.damper.hear(news, self._reactor.seconds())

    def _look(self) -> None:
        self._call = self._reactor.callLater(LOOK, self._look)
        if self._ways.notify is not None:
            now = self._reactor.seconds()
            self._happenings.look(now)
            self._send(self._ways, self._ways.damper.take(now))

    def _send(self, ways: Ways, stories: tuple[Story, ...]) -> None:
        if stories:
            message = Message(stories, self._host)
            for courier in ways.couriers:
                courier.send(message)


def _both(first: Message | None, later: Message) -> Message:
    return later if first is None else first.then(later)
