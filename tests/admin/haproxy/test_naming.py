"""Names and numbers in commands."""

from exproxy.admin.haproxy.naming import NamedError, leading_number, named_server, number
from tests.admin.stage import AdminStage


class NamingTests(AdminStage):
    def test_a_server_is_found_by_both_names(self) -> None:
        self.assertIs(named_server(self.things, ["web/ex1"]), self.server("web/ex1"))

    def test_what_is_not_there_is_refused_in_haproxys_words(self) -> None:
        for words, why in (
            ([], "Require 'backend/server'."),
            (["web"], "Require 'backend/server'."),
            (["web/"], "Require 'backend/server'."),
            (["nope/ex1"], "No such backend."),
            (["web/nope"], "No such server."),
        ):
            error = self.assertRaises(NamedError, named_server, self.things, words)
            self.assertEqual(str(error), why + "\n")

    def test_numbers_are_read_as_c_reads_them(self) -> None:
        self.assertEqual((leading_number("12%"), leading_number("-5x"), leading_number("x5")), ((12, "%"), (-5, "x"), None))
        self.assertEqual((number("-1"), number("7th"), number("no"), number("")), (-1, 7, 0, 0))
        self.assertEqual(leading_number("9" * 5000), (999999999, "9" * 4991))
