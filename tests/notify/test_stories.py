"""What the tests of notifications share."""

from twisted.trial.unittest import SynchronousTestCase

from tests.notify.stories import message, news


class StoriesTests(SynchronousTestCase):
    def test_a_message_has_a_story(self) -> None:
        self.assertEqual(message().stories[0].last, news())
