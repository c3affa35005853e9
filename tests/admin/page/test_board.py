from attrs import evolve

from exproxy.admin.views import CertificateView, OwnCertificateView, Snapshot, WorkerView
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

    def test_all_that_is_known_of_a_server_can_be_read(self) -> None:
        seen = self.overview.snapshot()
        (check,) = seen.backends[1].servers[0].checks
        check = evolve(check, status="L7STS", code=503, duration=0.25, certificate=CertificateView("CN=ex1", 0.0, 21))
        server = evolve(
            seen.backends[1].servers[0],
            checks=(check,),
            address="2001:db8::1",
            interface="emsmdb",
            port=6001,
            since=seen.at - 3600,
            sessions=11,
            maxconn=500,
            queued=12,
            rate=13.0,
            rate_max=14.0,
            total=15,
            failed_connects=16,
            bytes_in=17_408,
            bytes_out=18_432,
            weight=19,
            share=50,
        )
        self.seeing(evolve(seen, backends=(evolve(seen.backends[1], servers=(server,)),)))
        said = self.said("s web/ex1 ")
        self.assertEqual(said["check"], "L7STS 503, 250\u202fms")
        self.assertEqual((said["sessions"], said["queue"], said["rate"], said["max"]), ("11 of 500", "12", "13", "14"))
        self.assertEqual((said["total"], said["errors"], said["weight"]), ("15", "16", "19 at 50%"))
        self.assertEqual((said["in"], said["out"]), ("17.0\u202fKB", "18.0\u202fKB"))
        self.assertEqual((said["where"], said["days"], said["since"]), ("[2001:db8::1]:6001", "21 d", "1h 0m"))
        self.assertIn("emsmdb", self.page().text)

    def test_all_that_is_known_of_front_ends_and_back_ends_can_be_read(self) -> None:
        seen = self.overview.snapshot()
        numbers = {"sessions": 11, "maxconn": 500, "rate": 13.0, "rate_max": 14.0, "total": 15, "refused": 16}
        octets = {"bytes_in": 17_408, "bytes_out": 18_432}
        mine = OwnCertificateView("mail.pem", "CN=mail", ("mail.example.com",), 0.0, 21)
        front = evolve(seen.frontends[0], **numbers, **octets, certificates=(mine,))
        back = evolve(seen.backends[0], **numbers, **octets, queued=12)
        self.seeing(evolve(seen, frontends=(front,), backends=(back,)))
        for said in (self.said("f mail "), self.said("b smtp ")):
            self.assertEqual((said["sessions"], said["rate"], said["max"]), ("11 of 500", "13", "14"))
            self.assertEqual((said["total"], said["errors"]), ("15", "16"))
            self.assertEqual((said["in"], said["out"]), ("17.0\u202fKB", "18.0\u202fKB"))
        self.assertEqual((self.said("f mail ")["state"], self.said("f mail ")["days"]), ("ready", "21 d"))
        self.assertEqual((self.said("b smtp ")["state"], self.said("b smtp ")["queue"]), ("2 of 2 usable", "12"))
        self.assertIn("16 without a server", self.said("f mail ")["faults"])

    def seeing(self, snapshot: Snapshot) -> None:
        self.patch(self.overview, "snapshot", lambda: snapshot)

    def said(self, of: str) -> dict[str, str]:
        """What stands in the places of one thing, by the last word of each name."""
        return {name.removeprefix(of): text for name, text in self.page().places.items() if name.startswith(of)}

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
