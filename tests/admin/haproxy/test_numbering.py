"""HAProxy's numbers of things."""

from exproxy.admin.haproxy.numbering import proxies, servers
from tests.admin.stage import AdminStage


class NumberingTests(AdminStage):
    def test_front_ends_come_first_and_back_ends_behind(self) -> None:
        found = [(proxy.sort, proxy.iid, proxy.name) for proxy in proxies(self.things)]
        self.assertEqual(found, [("Frontend", 2, "mail"), ("Frontend", 3, "site"), ("Backend", 4, "smtp"), ("Backend", 5, "web")])

    def test_servers_are_numbered_in_their_back_end(self) -> None:
        self.assertEqual([(sid, server.name) for sid, server in servers(self.backends["web"])], [(1, "ex1"), (2, "ex2")])

    def test_one_that_goes_while_they_are_told_does_not_matter(self) -> None:
        told = servers(self.backends["web"])
        next(told)
        del self.backends["web"].servers["ex1"]
        self.assertEqual([(sid, server.name) for sid, server in told], [(2, "ex2")])
