from attrs import evolve

from exproxy.admin.views import WorkerView
from exproxy.pool import Admin, Host
from tests.admin.page.stage import HOSTILE, PageStage
from tests.pool.support import CHECK, fail, heal, make_backend, make_server


class BoardTests(PageStage):
    def test_everything_there_is_stands_there(self) -> None:
        text = self.page().text
        for word in (
            "All is well",
            "mail",
            "site",
            "smtp",
            "web",
            "ex1",
            "ex2",
            "10.0.0.1",
            "192.0.2.9:25",
            "2 of 2 usable",
            "up",
        ):
            self.assertIn(word, text)

    def test_what_is_not_well_stands_first(self) -> None:
        fail(self.server("web/ex1"))
        text = self.page().text
        self.assertLess(text.index("is down in web"), text.index("The last ten minutes"))

    def test_each_fact_of_the_page_is_one_that_events_tell(self) -> None:
        """And each that they tell has a place, but for those that are for the script alone."""
        page, facts = self.page(), self.facts()
        places = {has["data-fact"] for _, has in page.elements if "data-fact" in has}
        self.assertEqual(places - facts.keys(), set())
        self.assertEqual({name for name in facts.keys() - places if name not in ("at", "point", "version")}, set())

    def test_hosts_lead_to_their_servers(self) -> None:
        links = [link["href"] for link in self.page().all("a")]
        for link in ("/servers/smtp/ex1", "/servers/web/ex2", "/tables/smtp"):
            self.assertIn(link, links)

    def test_what_was_done_and_what_happened_stands_there(self) -> None:
        self.actions.set_host("ex1", Admin.DRAIN, "anna")
        text = self.page().text
        self.assertIn("anna set host ex1 to drain, which was ready", text)
        self.assertIn("host ex1 was set to drain by anna", text)

    def test_workers_are_named(self) -> None:
        self.sources.working = [WorkerView("worker 1", 77, True)]
        self.assertIn("worker 1 is process 77", self.page().text)

    def test_hostile_names_and_words_are_only_text(self) -> None:
        host = Host(HOSTILE, HOSTILE)
        server = make_server(HOSTILE, host, checks=[CHECK])
        self.backends[HOSTILE] = make_backend(server, name=HOSTILE)
        self.hosts[HOSTILE] = host
        heal(server, self.clock.seconds())
        fail(server)
        fronts = dict(self.things.frontends)
        fronts[HOSTILE] = evolve(fronts["mail"], name=HOSTILE, backends=(HOSTILE,), addresses=(HOSTILE,))
        self.things = evolve(self.things, frontends=fronts)
        self.overview._things = self.things
        self.actions.audit.note(HOSTILE, HOSTILE)
        page = self.page()
        self.assertGreater(page.text.count("alert('x')"), 5)
        self.assertEqual(len(page.all("script")), 2)
