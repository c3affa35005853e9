"""The dashboard and the alert rules of docs/ ask for metrics that there are, by labels that these have."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from attrs import evolve
from prometheus_client.parser import text_string_to_metric_families

from exproxy.admin.metrics import Metrics
from exproxy.admin.pieces import at_once
from exproxy.net.tls.certificates import load
from tests.admin.stage import AdminStage, certificate
from tests.net.tls.files import certificate_file

DOCS = Path(__file__).resolve().parent.parent / "docs"
DASHBOARD, RULES = DOCS / "grafana" / "exproxy.json", DOCS / "prometheus" / "exproxy.rules.yml"

SCRAPED = {"instance", "job"}
"""Labels that Prometheus adds."""
_NAME = re.compile(r"\b(?:exproxy|process)_[a-z_]+\b")
_SELECTED = re.compile(r"\b(\w+)\{([^}]*)\}")
_LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
_BY = re.compile(r"\bby \(([^)]*)\)")
_TOLD = re.compile(r"\$labels\.(\w+)|\{\{(\w+)\}\}")


class MetricsTestCase(AdminStage):
    """``labels`` are those of each metric that /metrics can have."""

    def setUp(self) -> None:
        super().setUp()
        self.sources.shown = {"smtp": certificate()}
        self.sources.own = [load(certificate_file(self.mktemp(), not_after=datetime.now(UTC) + timedelta(days=9)))]
        limited = {name: evolve(front, maxconn=5) for name, front in self.things.frontends.items()}
        self.overview._things = evolve(self.things, frontends=limited)
        self.labels: dict[str, set[str]] = {}
        text = at_once(Metrics(self.overview.snapshot).answer()).body.decode()
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                self.labels.setdefault(sample.name, set()).update(sample.labels)

    def look_at(self, expression: str, told: str = "") -> None:
        """:param told: words with labels in them, which what the expression gives has to have."""
        names = _NAME.findall(_SELECTED.sub(r"\1", expression))
        for name in names:
            self.assertIn(name, self.labels, expression)
        for name, said in _SELECTED.findall(expression):
            self.assertLessEqual(set(_LABEL.findall(said)), self.labels[name] | SCRAPED, expression)
        known = set().union(*(self.labels[name] for name in names)) | SCRAPED
        grouped = [{label.strip() for label in labels.split(",")} for labels in _BY.findall(expression)]
        for group in grouped:
            self.assertLessEqual(group, known, expression)
        left = set().union(*grouped) if grouped else known
        self.assertLessEqual({one or other for one, other in _TOLD.findall(told)}, left, (expression, told))


class DashboardTests(MetricsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.dashboard: Any = json.loads(DASHBOARD.read_text("utf-8"))

    def targets(self) -> Iterator[Any]:
        yield from (target for panel in self.dashboard["panels"] for target in panel.get("targets", ()))

    def test_every_panel_asks_for_what_there_is(self) -> None:
        count = 0
        for target in self.targets():
            self.look_at(target["expr"], target["legendFormat"])
            count += 1
        self.assertGreater(count, 25)

    def test_so_do_variables_and_annotations(self) -> None:
        for variable in self.dashboard["templating"]["list"]:
            found = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["definition"])
            assert found is not None
            self.look_at(found[1])
            self.assertIn(found[2], self.labels[found[1].partition("{")[0]] | SCRAPED)
        for annotation in self.dashboard["annotations"]["list"]:
            self.look_at(annotation["expr"], annotation["titleFormat"])

    def test_every_variable_that_is_used_is_there(self) -> None:
        said = "".join(target["expr"] for target in self.targets())
        known = {variable["name"] for variable in self.dashboard["templating"]["list"]} | {"__rate_interval"}
        self.assertEqual(set(re.findall(r"\$(\w+)", said)), known)

    def test_the_data_source_is_asked_for_when_it_is_imported(self) -> None:
        (asked,) = self.dashboard["__inputs"]
        self.assertEqual((asked["name"], asked["pluginId"]), ("DS_PROMETHEUS", "prometheus"))
        panels = [panel for panel in self.dashboard["panels"] if panel["type"] != "row"]
        parts = [*panels, *self.targets(), *self.dashboard["templating"]["list"], *self.dashboard["annotations"]["list"]]
        self.assertEqual({part["datasource"]["uid"] for part in parts}, {"${DS_PROMETHEUS}"})

    def test_panels_have_ids_of_their_own_and_do_not_overlap(self) -> None:
        panels = self.dashboard["panels"]
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        cells: set[tuple[int, int]] = set()
        for panel in panels:
            place = panel["gridPos"]
            self.assertLessEqual(place["x"] + place["w"], 24, panel["title"])
            own = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
            self.assertFalse(own & cells, panel["title"])
            cells |= own


class RulesTests(MetricsTestCase):
    def test_every_rule_asks_for_what_there_is_and_tells_labels_that_it_has(self) -> None:
        rules = RULES.read_text("utf-8").split("      - alert: ")[1:]
        self.assertGreater(len(rules), 12)
        for rule in rules:
            expression, told = (re.search(rf"{word}: (.*)", rule) for word in ("expr", "summary"))
            assert expression is not None
            assert told is not None, rule
            if "up{job=" not in expression[1]:
                self.look_at(expression[1], told[1])

    def test_each_has_a_name_of_its_own_and_says_how_bad_it_is(self) -> None:
        text = RULES.read_text("utf-8")
        names = re.findall(r"- alert: (\w+)", text)
        self.assertEqual(len(set(names)), len(names))
        self.assertEqual(len(re.findall(r"severity: (?:info|warning|critical) ", text)), len(names))
