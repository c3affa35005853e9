"""Tests for :mod:`exproxy.wire.web.rules`."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.web.rules import HeaderRules, header_line, header_rules, spellings


class HeaderRulesTests(SynchronousTestCase):
    def test_none(self) -> None:
        self.assertEqual(header_rules(), HeaderRules())

    def test_replaced_and_removed_names_go_and_lines_come(self) -> None:
        rules = header_rules(replace={"X-A": "1"}, add=[("X-B", "2"), ("X-B", "3")], remove=["Server"])
        self.assertEqual(rules, HeaderRules(frozenset({b"x-a", b"server"}), (b"X-A: 1", b"X-B: 2", b"X-B: 3")))

    def test_host_may_be_replaced_only(self) -> None:
        self.assertEqual(header_rules(replace={"Host": "mail"}).lines, (b"Host: mail",))
        self.assertIn("Host may be set", str(self.assertRaises(ValueError, header_rules, remove=["host"])))
        self.assertIn("Host may be set", str(self.assertRaises(ValueError, header_rules, add=[("HOST", "x")])))

    def test_framing_is_not_for_rules(self) -> None:
        for name in ("Connection", "content-length", "Transfer-Encoding", "Upgrade", "Keep-Alive", "TE"):
            self.assertIn(f"the header {name} says", str(self.assertRaises(ValueError, header_rules, remove=[name])))
            self.assertRaises(ValueError, header_rules, replace={name: "x"})

    def test_a_name_is_a_token(self) -> None:
        self.assertEqual(str(self.assertRaises(ValueError, header_rules, remove=["a b"])), "'a b' is not the name of a header")


class HeaderLineTests(SynchronousTestCase):
    def test_a_line(self) -> None:
        self.assertEqual(header_line("X-Name", "b\u00e4 c"), b"X-Name: b\xe4 c")
        self.assertEqual(header_line("X-Empty", ""), b"X-Empty: ")

    def test_nothing_breaks_out_of_it(self) -> None:
        for value in ("a\r\nb", "a\nb", "a\x00", " a", "a ", "\u20ac"):
            self.assertRaises(ValueError, header_line, "X", value)
        for name in ("", "a b", "a:", "a\r\n", "\u00e4"):
            self.assertRaises(ValueError, header_line, name, "x")


class SpellingsTests(SynchronousTestCase):
    def test_each_hyphen_may_be_an_underscore(self) -> None:
        self.assertEqual(spellings(b"a-b-c"), {b"a-b-c", b"a_b-c", b"a-b_c", b"a_b_c"})
        self.assertEqual(spellings(b"forwarded"), {b"forwarded"})
