"""Tests for :mod:`exproxy.wire.dialogue.conversation`: the bound; the rest is played in those of SMTP, IMAP and POP3."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.dialogue.base import Finish, Send, Status
from exproxy.wire.dialogue.conversation import MAX_REPLIES
from exproxy.wire.dialogue.imap import ImapCheck


class BoundTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.check = ImapCheck()
        self.check.start()
        self.check.receive(b"* OK ready\r\n")

    def test_a_server_that_never_comes_to_its_answer_is_cut_off(self) -> None:
        goodbye, finish = self.check.receive(b"* 1 EXISTS\r\n" * MAX_REPLIES)
        assert isinstance(finish, Finish)
        self.assertEqual(goodbye, Send(b"bye LOGOUT\r\n"))
        self.assertEqual(finish.outcome.status, Status.L7RSP)
        self.assertEqual(finish.outcome.text, "IMAP was not spoken (IMAP: more than 200 replies)")

    def test_one_that_never_comes_to_its_goodbye_keeps_its_judgement(self) -> None:
        self.check.receive(b"a1 NO not now\r\n")
        (finish,) = self.check.receive(b"* 1 EXISTS\r\n" * MAX_REPLIES)
        assert isinstance(finish, Finish)
        self.assertEqual(finish.outcome.status, Status.L7STS)

    def test_nothing_is_held_after_the_end(self) -> None:
        self.check.receive(b"garbage\r\n" + b"x" * 1000)
        self.assertEqual(self.check.receive(b"more"), ())
        self.assertEqual(self.check.last_line(), "garbage")
