"""Names to back ends."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.proxy.sni import SniTable


class SniTableTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.table = SniTable([(("mail.example.com", "*.apps.example.com"), "mail"), (("*.example.com",), "rest")])

    def test_an_exact_name(self) -> None:
        self.assertEqual(self.table.find("mail.example.com"), "mail")

    def test_case_and_a_final_dot_do_not_matter(self) -> None:
        self.assertEqual(self.table.find("MAIL.Example.com."), "mail")

    def test_a_star_stands_for_one_label_or_more(self) -> None:
        self.assertEqual([self.table.find(name) for name in ("a.example.com", "a.b.example.com")], ["rest", "rest"])

    def test_a_star_does_not_stand_for_nothing(self) -> None:
        self.assertIsNone(self.table.find("example.com"))

    def test_the_first_route_that_matches_wins(self) -> None:
        self.assertEqual(self.table.find("x.apps.example.com"), "mail")

    def test_no_name_no_route(self) -> None:
        self.assertEqual((self.table.find(None), self.table.find("other.org")), (None, None))
