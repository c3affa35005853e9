"""``show stat``."""

from attrs import evolve

from exproxy import pool
from exproxy.admin.sources import Things
from tests.admin.haproxy.stage import RuntimeStage
from tests.pool.support import fail, get


class StatTests(RuntimeStage):
    def test_all_that_there_is_has_a_row(self) -> None:
        rows = self.rows()
        self.assertEqual(
            list(rows),
            ["mail/FRONTEND", "site/FRONTEND", "smtp/ex1", "smtp/ex2", "smtp/BACKEND", "web/ex1", "web/ex2", "web/BACKEND"],
        )
        self.assertEqual([row["type"] for row in rows.values()], ["0", "0", "2", "2", "1", "2", "2", "1"])
        self.assertEqual([row["iid"] for row in rows.values()], ["2", "3", "4", "4", "4", "5", "5", "5"])

    def test_a_slow_reader_is_told_what_there_was_when_it_began(self) -> None:
        whole = self.say("show stat")
        for taken in range(1, 8):
            pieces = self.runtime.say("show stat", self.conversation)
            read = [next(pieces) for _ in range(1 + taken)]
            self.change(evolve(self.things, frontends={}, backends={}, hosts={}, groups={}))
            self.assertEqual("".join(str(piece) for piece in (*read, *pieces)), whole, taken)
            self.setUp()

    def change(self, fresh: Things) -> None:
        self.overview.change(fresh)
        self.runtime.change()

    def test_a_front_end(self) -> None:
        self.sources.front = evolve(
            self.sources.front, sessions=2, total=9, bytes_in=3, bytes_out=4, denied=1, limited=2, left_early=1
        )
        rows = self.rows()
        wanted = {"scur": "2", "smax": "2", "slim": "50", "stot": "9", "bin": "3", "bout": "4", "dreq": "3", "ereq": "1"}
        wanted |= {"status": "OPEN", "mode": "tcp", "type": "0"}
        self.assertLessEqual(wanted.items(), rows["mail/FRONTEND"].items())
        self.assertEqual((rows["site/FRONTEND"]["slim"], rows["site/FRONTEND"]["mode"]), ("100", "http"))
        self.process = evolve(self.process, draining=True)
        self.assertEqual(self.rows()["mail/FRONTEND"]["status"], "STOP")

    def test_a_server(self) -> None:
        server = self.server("smtp/ex1")
        server.set_maxconn(7, 1000.0)
        server.set_weight(3, 1000.0)
        get(self.backends["smtp"], "192.0.2.1")
        wanted = {"scur": "1", "stot": "1", "slim": "7", "weight": "3", "uweight": "3", "act": "1", "bck": "0", "status": "UP"}
        wanted |= {"check_status": "L7OK", "check_rise": "2", "check_fall": "3", "check_health": "4", "addr": "10.0.0.1:25"}
        wanted |= {"check_desc": "Layer7 check passed", "last_chk": "SMTP said 220 ready", "lastsess": "0", "mode": "tcp"}
        self.assertLessEqual(wanted.items(), self.rows()["smtp/ex1"].items())

    def test_a_server_in_maintenance_is_not_checked_in_haproxys_words(self) -> None:
        self.server("smtp/ex1").set_admin(pool.Admin.MAINT, 1000.0)
        row = self.rows()["smtp/ex1"]
        self.assertEqual((row["status"], "check_status" in row), ("MAINT", False))

    def test_an_ipv6_address_is_bracketed(self) -> None:
        self.server("smtp/ex1").resolved("2001:db8::1", 1000.0)
        self.assertEqual(self.rows()["smtp/ex1"]["addr"], "[2001:db8::1]:25")

    def test_a_server_that_went_down_and_its_back_end(self) -> None:
        fail(self.server("web/ex1"), self.clock.seconds())
        self.clock.advance(30)
        rows = self.rows()
        wanted = {"status": "DOWN", "chkfail": "3", "chkdown": "1", "lastchg": "30", "downtime": "30", "check_status": "L7STS"}
        self.assertLessEqual((wanted | {"check_code": "554"}).items(), rows["web/ex1"].items())
        backend = {"status": "UP", "act": "1", "bck": "0", "weight": "1", "algo": "roundrobin", "chkdown": "0", "mode": "http"}
        self.assertLessEqual(backend.items(), rows["web/BACKEND"].items())
        fail(self.server("web/ex2"), self.clock.seconds())
        self.assertLessEqual(
            {"status": "DOWN", "act": "0", "weight": "0", "chkdown": "1"}.items(), self.rows()["web/BACKEND"].items()
        )

    def test_an_agent_speaks_in_columns_of_its_own(self) -> None:
        self.server("smtp/ex1").agent_text = "up 50%"
        row = self.rows()["smtp/ex1"]
        self.assertEqual((row["last_agt"], row["agent_status"]), ("up 50%", "L7OK"))

    def test_rows_are_chosen_by_number_name_kind_and_state(self) -> None:
        self.server("smtp/ex1").set_admin(pool.Admin.MAINT, 1000.0)
        fail(self.server("smtp/ex2"))
        for words, wanted in (
            ("4 -1 -1", ["smtp/ex1", "smtp/ex2", "smtp/BACKEND"]),
            ("smtp 4 2", ["smtp/ex2"]),
            ("-1 1 -1", ["mail/FRONTEND", "site/FRONTEND"]),
            ("-1 6 1", ["smtp/ex1", "smtp/BACKEND", "web/ex1", "web/BACKEND"]),
            ("4 4 -1 no-maint", ["smtp/ex2"]),
            ("-1 4 -1 up", ["web/ex1", "web/ex2"]),
            ("9 -1 -1", []),
        ):
            self.assertEqual(list(self.rows(f"show stat {words}")), wanted, words)
        self.assertEqual(self.rows("show stat 4 2 -1 up")["smtp/BACKEND"]["status"], "DOWN (0/2)")
        self.assertEqual(self.say("show stat nope -1 -1"), "No such proxy.\n\n")
