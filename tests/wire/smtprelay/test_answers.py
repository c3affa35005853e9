"""Tests for :mod:`exproxy.wire.smtprelay.answers`."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.smtp import ReplyParser
from exproxy.wire.smtprelay import answers
from exproxy.wire.smtprelay.answers import Answer
from exproxy.wire.step import Then

ALL = [value for value in vars(answers).values() if isinstance(value, Answer)]


class AnswerTests(SynchronousTestCase):
    def test_each_is_one_reply_with_the_code_that_it_names(self) -> None:
        for answer in ALL:
            [reply] = ReplyParser().feed(answer.octets)
            self.assertEqual(reply.code, answer.code)

    def test_each_has_an_enhanced_code_of_its_class(self) -> None:
        self.assertEqual([answer for answer in ALL if ReplyParser().feed(answer.octets)[0].enhanced is None], [])

    def test_each_fits_into_the_line_of_rfc_5321(self) -> None:
        self.assertLessEqual(max(len(answer.octets) for answer in ALL), 512)

    def test_those_that_end_a_session_say_why(self) -> None:
        for answer in ALL:
            self.assertEqual(answer.then is Then.FINISH, answer.ending is not None)
