"""An IMAP client's commands before its login."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.imaprelay.commands import (
    Announced,
    Command,
    Kind,
    announced,
    command_of,
    first_argument,
    honest,
    literal_like,
    login_up_to_literal,
    sound,
)


class CommandTests(SynchronousTestCase):
    def test_tag_verb_and_arguments(self) -> None:
        self.assertEqual(command_of(b"A1 lOgIn anna x\r\n"), Command(Kind.LOGIN, b"A1", b"anna x"))
        self.assertEqual(command_of(b"A1 SELECT x\r\n").kind, Kind.UNKNOWN)

    def test_what_is_none_has_a_tag_to_answer_to_or_none(self) -> None:
        for line, tag in ((b"A1 LOG\0IN\r\n", b"A1"), (b"\r\n", b"*"), (b"A+1 NOOP\r\n", b"*"), (b" NOOP\r\n", b"*")):
            self.assertEqual(command_of(line), Command(Kind.UNKNOWN, tag, b""), line)

    def test_literals(self) -> None:
        self.assertEqual(announced(b"a LOGIN {4}\r\n"), Announced(4, True))
        self.assertEqual(announced(b"a LOGIN {4+}\r\n"), Announced(4, False))
        self.assertEqual(announced(b"a LOGIN ~{4-}\r\n"), Announced(4, False))
        self.assertIsNone(announced(b"a LOGIN {4}x\r\n"))

    def test_what_looks_like_a_literal_is_one_only_where_it_may_stand(self) -> None:
        for tail in (b"{4}", b"{4+}", b"~{4-}", b"x{99999999999+}", b"{} ", b'"{4+}'):
            self.assertTrue(literal_like(b"a LOGIN " + tail + b"\r\n"), tail)
        self.assertFalse(literal_like(b'a LOGIN x "{4+}"\r\n'))
        for arguments in (b"{4}", b"anna {4+}", b'"an\\"na" {4}', b"{4+} {4}"):
            self.assertTrue(login_up_to_literal(arguments), arguments)
        for arguments in (
            b"~{4}",
            b"anna{4}",
            b'"anna {4}',
            b"anna x {4}",
            b"{4} {4} {4}",
            b"{99999999999}",
            b"anna {4-}",
            b"\xe4 {4}",
        ):
            self.assertFalse(login_up_to_literal(arguments), arguments)

    def test_a_sound_line_has_one_end(self) -> None:
        self.assertTrue(sound(b"a\r\n"))
        for line in (b"a\n", b"a\rb\r\n", b"a\0\r\n", b"a"):
            self.assertFalse(sound(line), line)

    def test_a_name(self) -> None:
        self.assertEqual(first_argument(b'"an\\\\na" x'), b"an\\na")
        self.assertEqual((first_argument(b"anna@example.com x"), first_argument(b"{4}")), (b"anna@example.com", b""))

    def test_an_id_is_honest_if_it_claims_nothing(self) -> None:
        for arguments in (b"NIL", b"()", b'("a" "b")', b'( "a" NIL )', b'("name" "x-originating-ip")'):
            self.assertTrue(honest(arguments), arguments)
        for arguments in (
            b"",
            b'("x-a" "b")',
            b'("a" "b" "X-Proxy-TTL" "1")',
            b'("a")',
            b'("a" {3+}',
            b'(" x-a" "b")',
            b'("\\x-a" "b")',
        ):
            self.assertFalse(honest(arguments), arguments)
