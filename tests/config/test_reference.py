"""Texts that remember how they are written."""

import pickle

from twisted.trial.unittest import SynchronousTestCase

from exproxy.config.reference import Referred, referred


class ReferredTests(SynchronousTestCase):
    def test_it_is_equal_to_what_it_stands_for(self) -> None:
        self.assertEqual(referred("secret", "${X}"), "secret")

    def test_it_knows_how_it_is_written(self) -> None:
        self.assertEqual(referred("secret", {"file": "/a"}).written, {"file": "/a"})

    def test_workers_get_it_whole(self) -> None:
        again = pickle.loads(pickle.dumps(referred("secret", "${X}"), pickle.HIGHEST_PROTOCOL))
        self.assertIsInstance(again, Referred)
        self.assertEqual((again, again.written), ("secret", "${X}"))
