"""Who wants to log in."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.desk.login import NAME, PASSWORD, Login


class LoginTests(SynchronousTestCase):
    def test_nothing_of_it_is_shown(self) -> None:
        shown = repr(Login(b"anna", b"secret", b"bob", tag=b"a1"))
        for word in ("anna", "secret", "bob"):
            self.assertNotIn(word, shown)

    def test_the_mailbox_is_that_of_whom_it_acts_as(self) -> None:
        self.assertEqual((Login(b"a", b"p").mailbox, Login(b"a", b"p", b"b").mailbox), (b"a", b"b"))

    def test_what_cannot_be_passed_on_in_every_protocol_is_not_sound(self) -> None:
        self.assertTrue(Login(b"anna", b"").sound)
        for login in (
            Login(b"", b"p"),
            Login(b"an\0na", b"p"),
            Login(b"anna", b"p\r\nQUIT"),
            Login(b"anna", b"p", b"\n"),
            Login(b"a" * (NAME + 1), b"p"),
            Login(b"anna", b"p" * (PASSWORD + 1)),
        ):
            self.assertFalse(login.sound)
