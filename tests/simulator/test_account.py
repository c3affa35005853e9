import email

from twisted.cred.credentials import UsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import Interface

from exproxy.simulator.account import may_log_in, portal, welcome


class LoginTests(SynchronousTestCase):
    def test_the_account_gets_in(self) -> None:
        self.assertTrue(may_log_in(b"anna", b"demo"))

    def test_a_wrong_password_does_not(self) -> None:
        self.assertFalse(may_log_in(b"anna", b"Demo"))

    def test_the_portal_hands_out_the_avatar(self) -> None:
        login = portal(Interface, lambda: "mailbox").login(UsernamePassword(b"anna", b"demo"), None, Interface)
        self.assertEqual(self.successResultOf(login)[1], "mailbox")

    def test_the_portal_refuses_others(self) -> None:
        login = portal(Interface, lambda: "mailbox").login(UsernamePassword(b"bert", b"demo"), None, Interface)
        self.failureResultOf(login, UnauthorizedLogin)


class WelcomeTests(SynchronousTestCase):
    def test_the_message_names_the_server_in_subject_and_body(self) -> None:
        message = email.message_from_bytes(welcome("EX1.example.com"))
        self.assertIn("EX1.example.com", message["Subject"])
        self.assertIn("EX1.example.com", message.get_payload())
