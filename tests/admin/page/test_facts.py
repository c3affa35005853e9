import json

from attrs import evolve

from exproxy.admin.page.facts import HEIGHT, POINTS, facts_of, line, version, where
from exproxy.admin.pieces import at_once
from exproxy.pool import Admin
from tests.admin.stage import AdminStage, Numbers, certificate
from tests.pool.support import fail


class FactsTests(AdminStage):
    def test_they_are_what_json_can_say(self) -> None:
        facts = self.facts()
        self.assertEqual(json.loads(json.dumps(facts)), facts)

    def test_a_server_has_its_numbers_and_its_state(self) -> None:
        self.sources.shown = {"smtp": certificate()}
        facts = self.facts()
        self.assertEqual(facts["s web/ex1 state"], ["up", "good"])
        self.assertEqual((facts["s web/ex1 since"], facts["s web/ex1 checked"]), (1000.0, 1000.0))
        self.assertEqual((facts["s web/ex1 weight"], facts["s web/ex1 sessions"], facts["s web/ex1 queue"]), ("1", "0", ""))

    def test_what_went_wrong_with_clients_is_counted_and_named(self) -> None:
        self.sources.front = Numbers(refused=2, bad_handshakes=1)
        facts = self.facts()
        self.assertEqual((facts["f mail errors"], facts["f mail faults"]), ("3", "2 without a server, 1 handshake failed"))

    def test_a_state_has_its_reason_where_the_word_does_not_say_it(self) -> None:
        self.assertEqual(self.facts()["s web/ex1 why"], "")
        self.actions.set_host("ex1", Admin.DRAIN, "anna")
        self.assertEqual(self.facts()["s web/ex1 why"], "by its host ex1")
        fail(self.server("web/ex2"))
        self.assertNotEqual(self.facts()["s web/ex2 why"], "")

    def test_an_address_says_whose_port_it_is(self) -> None:
        view = self.overview.server(self.server("web/ex1"))
        said = [
            where(evolve(view, **changes))
            for changes in (
                {"address": "10.0.0.1", "port": 25},
                {"address": "fd00::1", "port": 25},
                {"address": "10.0.0.1", "port": None},
                {"address": "10.0.0.1", "port": None, "interface": "emsmdb"},
                {"address": None, "port": None},
            )
        ]
        self.assertEqual(said, ["10.0.0.1:25", "[fd00::1]:25", "10.0.0.1", "10.0.0.1:no port", "no address"])

    def test_the_newest_point_of_the_charts_comes_along(self) -> None:
        self.assertEqual(self.facts()["point"], {})
        for _ in range(3):
            self.clock.advance(2)
            self.overview.sample()
        self.assertEqual(self.facts()["point"], {"at": 1006.0, "sessions": 0.0, "in": 0.0, "out": 0.0})

    def test_a_chart_has_the_largest_of_each_part_and_the_newest_at_the_right(self) -> None:
        points = [tuple(map(float, pair.split(","))) for pair in line([1.0] * 5 + [0.0, 0.0, 4.0, 0.0, 0.0]).split()]
        self.assertEqual(points, [(POINTS - 1, 1.0), (POINTS - 2, HEIGHT - 1 - (HEIGHT - 2) / 4)])
        self.assertEqual(line([]), "")
        self.assertEqual(len(line([1.0] * 1000).split()), POINTS)


class VersionTests(AdminStage):
    """It changes when there is something else to be said, and only then."""

    def version(self) -> str:
        return version(self.overview.snapshot(), self.actions.audit.last())

    def test_numbers_do_not_change_it(self) -> None:
        before = self.version()
        self.sources.front = Numbers(sessions=7, total=7)
        self.clock.advance(5)
        self.assertEqual(self.version(), before)

    def test_transitions_actions_and_configuration_do(self) -> None:
        seen = {self.version()}
        for change in (
            lambda: fail(self.server("web/ex1")),
            lambda: self.actions.set_host("ex1", Admin.DRAIN, "anna"),
            lambda: self.actions.clear("smtp", "anna"),
            lambda: self.things.hosts.pop("ex2"),  # type: ignore[attr-defined]  # a dictionary here
        ):
            self.clock.advance(1)
            change()
            seen.add(self.version())
        self.assertEqual(len(seen), 5)

    def test_the_facts_have_it(self) -> None:
        facts = at_once(facts_of(self.overview.snapshot(), self.overview.series))
        self.assertEqual(facts["version"], self.version())
