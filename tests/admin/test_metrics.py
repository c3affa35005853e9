"""What Prometheus reads, by its own parser."""

from datetime import UTC, datetime, timedelta

from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from exproxy.admin.metrics import Metrics
from exproxy.admin.pieces import at_once
from exproxy.admin.views import WorkerView
from exproxy.net.tls.certificates import load
from exproxy.pool import Admin
from tests.admin.stage import EXPIRY, AdminStage, Numbers, certificate
from tests.net.tls.files import certificate_file
from tests.pool.support import fail, heal


class MetricsTests(AdminStage):
    def families(self) -> dict[str, object]:
        text = at_once(Metrics(self.overview.snapshot).answer()).body.decode()
        return {family.name: family for family in text_string_to_metric_families(text)}

    def test_metric_by_metric_it_is_what_it_would_be_at_once(self) -> None:
        metrics = Metrics(self.overview.snapshot)
        whole = generate_latest(metrics._registry)
        ours = at_once(metrics.answer()).body
        # what the process has used goes on
        self.assertEqual(ours.partition(b"# HELP process_")[0], whole.partition(b"# HELP process_")[0])
        self.assertGreater(sum(1 for _ in metrics.answer()), 40)

    def values(self, name: str) -> dict[tuple[str, ...], float]:
        """By the values of the labels, in the order of their names."""
        text = at_once(Metrics(self.overview.snapshot).answer()).body.decode()
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples if sample.name == name]
        return {tuple(value for _, value in sorted(sample.labels.items())): sample.value for sample in samples}

    def test_it_is_what_prometheus_reads(self) -> None:
        self.assertIn("exproxy_server_usable", self.families())
        self.assertIn("version=", at_once(Metrics(self.overview.snapshot).answer()).kind)

    def test_every_name_is_ours_or_the_process_s_and_has_its_words(self) -> None:
        for name, family in self.families().items():
            self.assertTrue(name.startswith(("exproxy_", "process_")), name)
            self.assertTrue(family.documentation, name)  # type: ignore[attr-defined]  # prometheus_client's Metric

    def test_states_are_told_on_both_axes(self) -> None:
        self.server("web/ex1").set_admin(Admin.DRAIN, 1001.0)
        fail(self.server("web/ex2"))
        self.assertEqual(self.values("exproxy_server_usable")["web", "ex1"], 0.0)
        self.assertEqual(self.values("exproxy_server_admin")["web", "drain", "ex1"], 1.0)
        self.assertEqual(self.values("exproxy_server_admin")["web", "ready", "ex1"], 0.0)
        self.assertEqual(self.values("exproxy_server_operational")["web", "down", "ex2"], 1.0)
        self.assertEqual(self.values("exproxy_frontend_ready"), {("mail",): 1.0, ("site",): 0.0})

    def test_counters_are_totals(self) -> None:
        self.sources.front = Numbers(sessions=2, total=9, bytes_in=5, bad_handshakes=4, denied=3, limited=2, early_talkers=6)
        self.assertEqual(self.values("exproxy_frontend_sessions_total")["mail",], 9.0)
        self.assertEqual(self.values("exproxy_frontend_sessions")["mail",], 2.0)
        self.assertEqual(self.values("exproxy_frontend_received_bytes_total")["mail",], 5.0)
        self.assertEqual(self.values("exproxy_frontend_faults_total")["mail", "handshake"], 4.0)
        self.assertEqual(self.values("exproxy_frontend_faults_total")["mail", "early_talker"], 6.0)
        self.assertEqual(self.values("exproxy_frontend_denied_total")["mail",], 3.0)
        self.assertEqual(self.values("exproxy_frontend_limited_total")["mail",], 2.0)

    def test_the_days_of_our_own_certificates_are_told_once_for_each_file(self) -> None:
        now = datetime.now(UTC).replace(microsecond=0)
        folder = self.mktemp()
        for days in (10, 5, 20):
            source = certificate_file(folder, "a.example.com", not_after=now + timedelta(days=days))
            self.sources.own = [*self.sources.own, load(source)]
        told = self.values("exproxy_frontend_certificate_expiry_timestamp_seconds")
        earliest = (now + timedelta(days=5)).timestamp()
        self.assertEqual(told, {(str(source.file), name): earliest for name in ("mail", "site")})

    def test_who_waits_and_what_a_slow_start_leaves_of_the_weight_is_told(self) -> None:
        self.sources.behind = Numbers(queued=4)
        self.assertEqual(self.values("exproxy_server_queued_sessions")["web", "ex1"], 4.0)
        server = self.server("web/ex2")
        server.slow_start = 60.0
        fail(server)
        heal(server, self.clock.seconds())
        shares = self.values("exproxy_server_weight_share_ratio")
        self.assertEqual((shares["web", "ex1"], shares["web", "ex2"]), (1.0, 0.0))
        self.assertEqual(self.values("exproxy_check_last_run_timestamp_seconds")["web", "smtp", "ex1"], 1000.0)

    def test_a_limit_that_there_is_not_is_not_told(self) -> None:
        self.assertEqual(self.values("exproxy_frontend_sessions_limit"), {("mail",): 50.0})

    def test_certificates_workers_and_tables_are_told(self) -> None:
        self.sources.shown = {"smtp": certificate()}
        self.sources.working = [WorkerView("worker 1", 1, True), WorkerView("worker 2", None, False)]
        expiry = self.values("exproxy_check_certificate_expiry_timestamp_seconds")
        self.assertEqual(expiry["smtp", "smtp", "ex1"], EXPIRY.timestamp())
        self.assertEqual((self.values("exproxy_workers")[()], self.values("exproxy_workers_serving")[()]), (2.0, 1.0))
        self.assertEqual(self.values("exproxy_table_entries_limit"), {("smtp",): 5.0})
