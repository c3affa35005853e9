"""What one connection may do."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin.haproxy.conversation import IDLE, Conversation, Level


class ConversationTests(SynchronousTestCase):
    def test_who_may_open_the_socket_may_do_everything_until_it_says_otherwise(self) -> None:
        conversation = Conversation("uid 7 at the socket")
        self.assertEqual((conversation.level, conversation.prompting, conversation.idle), (Level.ADMIN, False, IDLE))
        self.assertLess(Level.USER, Level.OPERATOR)
        self.assertLess(Level.OPERATOR, Level.ADMIN)
