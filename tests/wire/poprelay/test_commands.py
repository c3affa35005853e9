"""A POP3 client's command lines."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.poprelay.commands import Kind, kind_of


class KindTests(SynchronousTestCase):
    def test_case_does_not_count(self) -> None:
        self.assertEqual(kind_of(b"uSeR anna\r\n"), (Kind.USER, b"anna"))
        self.assertEqual(kind_of(b"capa\r\n"), (Kind.CAPA, b""))

    def test_what_is_no_line_of_this_state_is_unknown(self) -> None:
        for line in (b"RETR 1\r\n", b"USER anna\n", b"\r\n", b"AUTH\r\n", b"AUTH \r\n", b" CAPA\r\n", b"PASS\ta\r\n"):
            self.assertIs(kind_of(line)[0], Kind.UNKNOWN, line)
