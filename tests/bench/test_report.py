"""What is kept of the figures."""

import io
import json
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from bench import report
from bench.idle import Held
from bench.latency import DIRECT, PACES, Latency, Taken
from bench.load import Done
from bench.measure import UNITS, Sample

CONNECTIONS = next(unit for unit in UNITS if unit.name == "connections")
RESUMED = next(unit for unit in UNITS if unit.name == "tls-resumed")


def taken(*costs: float, resumed: float | None = None, agreed: str = "") -> list[Sample]:
    return [Sample(cost, Done(100, resumed, agreed), 0.5) for cost in costs]


def quietly(make: Any, *arguments: Any) -> dict[str, Any]:
    """What is kept; what is printed is for people."""
    with redirect_stdout(io.StringIO()):
        kept: dict[str, Any] = make(*arguments)
    return kept


class RatioTests(SynchronousTestCase):
    def test_it_is_the_median_of_the_rounds_ratios(self) -> None:
        """The rounds' ratios are 1, 2 and 1.1: a slow machine in one round, for both, is no difference between them."""
        samples = {"exproxy": taken(10, 20, 110), "haproxy-file": taken(10, 10, 100)}
        self.assertAlmostEqual(report.ratio(samples, "exproxy", "haproxy-file"), 1.1)


class UnitTests(SynchronousTestCase):
    def test_a_unit_keeps_all_rounds_and_its_rate(self) -> None:
        kept = quietly(report.unit_result, CONNECTIONS, {"haproxy-file": taken(10, 30, 20)})["proxies"]["haproxy-file"]
        self.assertEqual((kept["cpu_us"], kept["samples_us"], kept["per_second"]), (20, [10, 30, 20], 200))

    def test_exproxy_is_no_baseline(self) -> None:
        samples = {name: taken(10) for name in ("haproxy-file", "nginx", "exproxy", "exproxy-2")}
        kept = quietly(report.unit_result, CONNECTIONS, samples)
        self.assertEqual(set(kept["proxies"]["exproxy"]["ratio"]), {"haproxy-file", "nginx"})

    def test_a_unit_says_which_haproxy_does_the_same_work(self) -> None:
        kept = {unit.name: quietly(report.unit_result, unit, {"haproxy": taken(1)})["baseline"] for unit in UNITS}
        spliced = {kept.pop(name) for name in ("bulk", "http-bulk", "smtp-bulk", "imap-bulk")}
        self.assertEqual((spliced, set(kept.values())), ({"haproxy-splice"}, {"haproxy-file"}))

    def test_the_share_of_resumed_handshakes_is_kept(self) -> None:
        samples = {"exproxy-2": taken(1, 1, resumed=0.5, agreed="TLSv1.3")}
        self.assertEqual(quietly(report.unit_result, RESUMED, samples)["proxies"]["exproxy-2"]["resumed"], 0.5)


class LatencyTests(SynchronousTestCase):
    def test_p50_and_p99_have_their_own_ratios_to_haproxy(self) -> None:
        rows = {DIRECT: [Taken(1, 2)], "haproxy-file": [Taken(10, 100)], "exproxy": [Taken(11, 140)]}
        kept = quietly(report.latency_result, PACES[0], Latency({"haproxy-file": 1000.0}, 500.0, rows))
        self.assertEqual(kept["proxies"]["exproxy"]["ratio"], {"haproxy-file": {"p50": 1.1, "p99": 1.4}})


class IdleTests(SynchronousTestCase):
    def test_memory_is_compared_by_session(self) -> None:
        held = {"haproxy": Held(3_900, 4000.0), "exproxy": Held(9_000, 1000.0)}
        kept = quietly(report.idle_result, "plain", held, Held(1_000, 900.0))["proxies"]["exproxy"]
        self.assertEqual((kept["sessions"], kept["ratio"], kept["object_bytes"]), (9_000, {"haproxy": 0.25}, 900))


class KeepTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = Path(self.mktemp())
        self.patch(report, "machine", lambda: {"cpu": "one"})

    def test_units_that_were_not_measured_stay(self) -> None:
        report.keep({"bulk": {"unit": "old"}}, self.path)
        report.keep({"idle": {"unit": "new"}}, self.path)
        self.assertEqual(set(json.loads(self.path.read_text())), {"bulk", "idle"})

    def test_a_unit_that_was_measured_again_is_replaced_whole(self) -> None:
        report.keep({"bulk": {"left_out": {"exproxy-2": "it says no"}}}, self.path)
        self.assertNotIn("left_out", report.keep({"bulk": {"proxies": {}}}, self.path)["bulk"])

    def test_every_unit_has_its_date_its_load_and_its_machine(self) -> None:
        self.assertLessEqual({"measured", "load", "machine"}, set(report.keep({"bulk": {}}, self.path)["bulk"]))
