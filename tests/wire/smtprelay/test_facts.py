"""Tests for :mod:`exproxy.wire.smtprelay.facts`."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.smtprelay.facts import Ending, Facts


class FactsTests(SynchronousTestCase):
    def test_the_clients_name_is_printable(self) -> None:
        self.assertEqual(Facts(hello=b"mx1.example\x07 \r\n").helo, "mx1.example\\x07")

    def test_the_clients_name_is_bounded(self) -> None:
        self.assertEqual(len(Facts(hello=b"x" * 2000 + b"\r\n").helo), 255)

    def test_every_ending_is_a_sentence_part_of_its_own(self) -> None:
        self.assertEqual(len({ending.value for ending in Ending}), len(Ending))
