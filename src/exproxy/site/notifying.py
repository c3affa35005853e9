"""``[notify]``: what happens goes through the damper to the couriers."""

import os
import socket
from typing import Any

from twisted.internet.interfaces import IDelayedCall

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


class Notifying:
    """Nothing happens before :meth:`start`, nor without [notify].

    :raises SiteError: what a channel wants is not to be had.
    """

    def __init__(self, reactor: Any, notify: model.Notify | None, pools: Pools, tls: TLSContexts) -> None:
        self._reactor = reactor
        self._happenings = Happenings(self._hear, pools, tls)
        self._host = socket.gethostname()
        self._call: IDelayedCall | None = None
        self._couriers: list[Courier] = []
        self._begin(notify)

    def follow(self, notify: model.Notify | None, pools: Pools, tls: TLSContexts) -> None:
        """There is another configuration; what is under way goes on as long as [notify] says the same.

        :raises SiteError: then all is as it was.
        """
        if notify != self._notify:
            before = self._couriers
            self._begin(notify)
            for courier in before:
                courier.stop()
        self._happenings.follow(pools, tls)

    def start(self) -> None:
        """Tell from now on."""
        self._look()

    def stop(self) -> None:
        """Tell nobody any more."""
        if self._call is not None:
            self._call.cancel()
            self._call = None
        if self._notify is not None:
            self._send(self._damper.rest())
        for courier in self._couriers:
            courier.stop()

    def _begin(self, notify: model.Notify | None) -> None:
        if notify is not None:
            ways = channels(self._reactor, notify, os.environ)
            self._damper = Damper(notify.window, notify.limit.count, notify.limit.seconds)
            self._couriers = [Courier(self._reactor, way) for way in ways]
        else:
            self._couriers = []
        self._notify = notify

    def _hear(self, news: News) -> None:
        if self._notify is not None and news.kind in self._notify.on:
            self._damper.hear(news, self._reactor.seconds())

    def _look(self) -> None:
        self._call = self._reactor.callLater(LOOK, self._look)
        if self._notify is None:
            return
        now = self._reactor.seconds()
        self._happenings.look(now)
        self._send(self._damper.take(now))

    def _send(self, stories: tuple[Story, ...]) -> None:
        if stories:
            message = Message(stories, self._host)
            for courier in self._couriers:
                courier.send(message)
