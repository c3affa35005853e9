from datetime import UTC, datetime, timedelta

from exproxy import pool
from exproxy.admin.overview import RECENT
from exproxy.net.tls.certificates import load
from tests.admin.stage import EXPIRY, MAP, ROUTES, AdminStage, Numbers, certificate
from tests.net.tls.files import certificate_file
from tests.pool.support import FAILED, Recorder, fail, get


class ServerTests(AdminStage):
    def test_a_server_is_told_on_both_axes_with_its_last_check(self) -> None:
        self.server("smtp/ex1").host.set_admin(pool.Admin.DRAIN, 1001.0, "anna")
        fail(self.server("smtp/ex1"), 1002.0)
        seen = self.overview.server(self.server("smtp/ex1"))
        self.assertEqual((seen.operational.value, seen.admin.value, seen.own_admin.value), ("down", "drain", "ready"))
        self.assertEqual((seen.usable, seen.since), (False, 1002.0))
        self.assertIn("554 No", seen.condition)
        (check,) = seen.checks
        self.assertEqual((check.status, check.code, check.text), ("L7STS", 554, FAILED.text))
        self.assertEqual(
            [(one.at, one.old, one.new) for one in seen.history][-2:], [(1001.0, "ready", "drain"), (1002.0, "up", "down")]
        )

    def test_sessions_and_their_rate_are_told(self) -> None:
        self.overview.sample()
        get(self.backends["web"])
        self.clock.advance(1)
        self.overview.sample()
        seen = self.overview.backend(self.backends["web"])
        self.assertEqual((seen.sessions, seen.total, seen.rate, seen.rate_max), (1, 1, 1.0, 1.0))
        self.assertEqual([(one.sessions, one.rate) for one in seen.servers], [(1, 1.0), (0, 0.0)])

    def test_a_weight_of_nothing_is_no_share_of_it(self) -> None:
        server = self.server("smtp/ex1")
        self.assertEqual(self.overview.server(server).share, 100)
        server.set_weight(0, 1001.0)
        self.assertEqual(self.overview.server(server).share, 0)

    def test_the_certificate_that_a_check_was_shown_is_told(self) -> None:
        self.sources.shown = {"smtp": certificate()}
        told = self.overview.server(self.server("smtp/ex1")).checks[0].certificate
        assert told is not None
        self.assertEqual((told.subject, told.not_after), ("CN=ex1", EXPIRY.timestamp()))
        self.assertIsInstance(told.days, int)

    def test_who_waits_for_it_is_told_wherever_that_is(self) -> None:
        self.sources.behind = Numbers(queued=3)
        self.assertEqual(self.overview.server(self.server("smtp/ex1")).queued, 3)

    def test_what_was_said_the_last_time_is_told(self) -> None:
        (told,) = self.overview.dialogues(self.server("smtp/ex1"))
        self.assertEqual((told.kind, told.text, told.lines[-1]), ("check", "SMTP of ex1 said 554 No", "<<< 554 No"))


class FrontendTests(AdminStage):
    def test_its_own_certificates_are_told_with_the_days_that_are_left(self) -> None:
        now = datetime.now(UTC)
        for left, days in ((timedelta(days=10), 9), (timedelta(hours=-1), -1)):
            source = certificate_file(self.mktemp(), "mail.example.com", not_before=now - timedelta(days=9), not_after=now + left)
            self.sources.own = [load(source)]
            (told,) = self.overview.snapshot().frontends[0].certificates
            self.assertEqual((told.file, told.names, told.days), (str(source.file), ("mail.example.com",), days))
            self.assertIn("trustme", told.subject)

    def test_where_clients_go_and_what_they_are_told_is_told(self) -> None:
        seen = self.overview.snapshot().frontends[1]
        self.assertEqual((seen.routes, seen.map), (ROUTES, MAP))

    def test_what_is_counted_of_clients_of_mail_and_mappers_is_told(self) -> None:
        self.sources.front = Numbers(early_talkers=1, passed_over=2, refused_logins=3, mapped=4, hidden=5, refused_calls=6)
        seen = self.overview.snapshot().frontends[0]
        self.assertEqual((seen.early_talkers, seen.passed_over, seen.refused_logins), (1, 2, 3))
        self.assertEqual((seen.mapped, seen.hidden, seen.refused_calls), (4, 5, 6))


class SnapshotTests(AdminStage):
    def test_who_asks_often_is_told_the_same_for_a_moment(self) -> None:
        first = self.overview.recent()
        self.clock.advance(RECENT / 2)
        self.assertIs(self.overview.recent(), first)
        self.clock.advance(RECENT / 2)
        self.assertIsNot(self.overview.recent(), first)

    def test_everything_is_in_it(self) -> None:
        self.sources.front = Numbers(sessions=2)
        seen = self.overview.snapshot()
        self.assertEqual([one.name for one in seen.frontends], ["mail", "site"])
        self.assertEqual([one.name for one in seen.backends], ["smtp", "web"])
        self.assertEqual((seen.process.sessions, seen.at), (4, 1000.0))
        self.assertEqual((seen.hosts[0].name, seen.hosts[0].servers), ("ex1", ("smtp/ex1", "web/ex1")))

    def test_a_host_has_the_sessions_of_all_its_servers(self) -> None:
        for backend in self.backends.values():
            got = backend.acquire(Recorder(), b"\x0a\0\0\1", 1000.0, (backend.servers["ex2"],))
            self.assertEqual(got.server.name, "ex1")
        self.assertEqual([host.sessions for host in self.overview.snapshot().hosts], [2, 0])

    def test_a_front_end_is_ready_while_its_first_back_end_has_a_server(self) -> None:
        for name in ("web/ex1", "web/ex2"):
            fail(self.server(name))
        self.assertEqual([front.ready for front in self.overview.snapshot().frontends], [True, False])

    def test_a_table_tells_its_entries_the_newest_first(self) -> None:
        table = self.groups["smtp"].table
        table.bind(b"\x0a\0\0\1", "ex1", 990.0)
        table.bind(bytes(15) + b"\1", "ex2", 995.0)
        entries = self.overview.entries(self.groups["smtp"], 5)
        self.assertEqual([(one.key, one.host, one.idle) for one in entries], [("::1", "ex2", 5.0), ("10.0.0.1", "ex1", 10.0)])
        self.assertEqual(len(self.overview.entries(self.groups["smtp"], 1)), 1)
        table.bind(b"\xab" * 20, "ex1", 999.0)
        self.assertEqual(self.overview.entries(self.groups["smtp"], 1)[0].key, "ab" * 20)
        (told,) = self.overview.snapshot().tables
        self.assertEqual((told.entries, told.size, told.backends), (3, 5, ("smtp",)))
