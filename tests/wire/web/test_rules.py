"""Tests for :mod:`exproxy.wire.web.rules`."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.web.rules import HeaderRules, filled, header_line, header_rules, spellings


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

    def test_each_underscore_may_be_a_hyphen(self) -> None:
        self.assertEqual(spellings(b"x_a"), {b"x-a", b"x_a"})

    def test_there_is_a_bound(self) -> None:
        self.assertEqual(len(header_rules(remove=["a-b-c-d-e-f-g-h-i"]).spelled), 256)
        self.assertRaises(ValueError, header_rules, remove=["a-b-c-d-e-f-g-h-i-j"])


class ThenTests(SynchronousTestCase):
    def test_the_later_rules_see_what_the_earlier_ones_wrote(self) -> None:
        first = header_rules({"X-A": "1", "X-B": "1"}, add=[("X-C", "1")], remove=["X-D"])
        both = first.then(header_rules({"x-a": "2"}, remove=["X-C"]))
        self.assertEqual(both.dropped, {b"x-a", b"x-b", b"x-c", b"x-d"})
        self.assertEqual(both.lines, (b"X-B: 1", b"x-a: 2"))

    def test_to_a_head_of_ours(self) -> None:
        rules = header_rules({"X-A": "1"}, remove=["x-b"])
        self.assertEqual(rules.applied([b"X-B: 0", b"X-C: 0", b"x-A: 0"]), [b"X-C: 0", b"X-A: 1"])

    def test_there_are_some_or_none(self) -> None:
        self.assertFalse(header_rules().some)
        self.assertTrue(header_rules(add=[("X", "1")]).some)
        self.assertTrue(header_rules(remove=["X"]).some)


class VariableTests(SynchronousTestCase):
    def test_they_are_filled_in_and_other_braces_stay(self) -> None:
        values = {b"source": b"192.0.2.7", b"host": b"{source}", b"proto": b"http"}
        self.assertEqual(filled(b'X: {source}, {host} {proto} {x} {"a"}', values), b'X: 192.0.2.7, {source} http {x} {"a"}')
