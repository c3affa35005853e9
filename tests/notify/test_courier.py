"""Messages to a channel that is slow, refuses, or is dead."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from exproxy.notify.channel import DeliveryError
from exproxy.notify.courier import PAUSES, Courier
from exproxy.notify.message import Message
from exproxy.notify.news import Story
from tests.notify.stories import AT, message, news


class FakeChannel:
    name = "notify.fake"
    patience = 10.0

    def __init__(self) -> None:
        self.got: list[Message] = []
        self.waiting: list[Deferred[None]] = []
        self.cancelled = 0

    def deliver(self, one: Message) -> "Deferred[None]":
        self.got.append(one)
        self.waiting.append(Deferred(self.cancel))
        return self.waiting[-1]

    def cancel(self, deferred: object) -> None:
        self.cancelled += 1

    def take(self) -> None:
        self.waiting.pop(0).callback(None)

    def refuse(self, why: str = "it said 503", final: bool = False) -> None:
        self.waiting.pop(0).errback(DeliveryError(why, final))


class CourierTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.channel = FakeChannel()
        self.courier = Courier(self.clock, self.channel)
        self.heard: list[str] = []

        def observe(event: dict[str, Any]) -> None:
            self.heard.append(str(event["log_format"]).format(**event))

        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)

    def test_a_message_is_brought_at_once(self) -> None:
        self.courier.send(message())
        self.channel.take()
        self.assertEqual((self.channel.got, self.clock.getDelayedCalls(), self.heard), ([message()], [], []))

    def test_while_one_is_under_way_all_others_become_one(self) -> None:
        self.courier.send(message())
        for number in range(1000):
            self.courier.send(message(Story.of(news("up" if number % 2 else "down", AT + number))))
        self.assertEqual(len(self.channel.got), 1)
        self.channel.take()
        self.channel.take()
        self.assertEqual((len(self.channel.got), self.channel.got[1].stories[0].count), (2, 1000))

    def test_one_that_is_not_taken_is_tried_again_later_and_later(self) -> None:
        self.courier.send(message())
        moments = []
        for pause in PAUSES:
            self.channel.refuse()
            began = self.clock.seconds()
            self.clock.advance(pause - 0.01)
            self.assertEqual(self.channel.waiting, [])
            self.clock.advance(0.02)
            moments.append(self.clock.seconds() - began)
        self.assertEqual(len(self.channel.got), len(PAUSES) + 1)
        self.channel.take()
        self.assertEqual(self.heard, [])

    def test_then_it_is_given_up_with_one_line(self) -> None:
        self.courier.send(message())
        for pause in PAUSES:
            self.channel.refuse()
            self.clock.advance(pause + 0.01)
        self.channel.refuse("it said 503 Busy")
        (line,) = self.heard
        self.assertEqual(line, f"notify.fake: given up after 6 tries: it said 503 Busy; was not told: {message().subject}")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_what_is_told_later_is_what_is_so_then(self) -> None:
        self.courier.send(message())
        self.channel.refuse()
        self.courier.send(message(Story.of(news("up", AT + 3))))
        self.clock.advance(PAUSES[0] + 0.01)
        self.assertEqual((self.channel.got[1].stories[0].last.state, self.channel.got[1].stories[0].count), ("up", 2))

    def test_after_one_was_given_up_the_next_begins_anew(self) -> None:
        self.courier.send(message())
        self.channel.refuse(final=True)
        self.assertEqual(len(self.heard), 1)
        self.courier.send(message())
        self.channel.refuse()
        self.clock.advance(PAUSES[0] + 0.01)
        self.assertEqual(len(self.channel.got), 3)

    def test_a_refusal_for_good_is_believed(self) -> None:
        self.courier.send(message())
        self.channel.refuse("it said 401", final=True)
        self.assertIn("given up after 1 try: it said 401; was not told: ", self.heard[0])

    def test_silence_is_a_failure_too(self) -> None:
        self.courier.send(message())
        self.clock.advance(10.1)
        self.assertEqual(self.channel.cancelled, 1)
        self.clock.advance(PAUSES[0])
        self.assertEqual(len(self.channel.got), 2)
        for pause in (*PAUSES, 1.0):
            self.clock.advance(10.1)
            self.clock.advance(pause + 0.1)
        self.assertIn("given up after 6 tries: no answer within 10 s", self.heard[0])

    def test_a_channel_that_breaks_ends_nothing(self) -> None:
        self.patch(self.channel, "deliver", lambda one: 1 / 0)
        self.courier.send(message())
        for pause in PAUSES:
            self.clock.advance(pause + 0.1)
        self.assertIn("given up after 6 tries: division by zero", self.heard[0])

    def test_at_the_end_nothing_is_left_and_what_was_not_told_is_returned(self) -> None:
        self.courier.send(message())
        self.courier.send(message(Story.of(news(subject="hub/ex1"))))
        left = self.courier.stop()
        self.assertEqual((self.channel.cancelled, self.clock.getDelayedCalls(), self.heard), (1, [], []))
        assert left is not None
        self.assertIn("[proxy1] hub/ex2 is down", left.subject)

    def test_between_two_tries_it_can_end_too(self) -> None:
        self.courier.send(message())
        self.channel.refuse()
        self.courier.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_without_anything_to_tell_the_end_is_silent(self) -> None:
        self.assertIsNone(self.courier.stop())
