"""``show servers state``, ``show servers conn`` and ``show backend``."""

from exproxy import pool
from tests.admin.haproxy.stage import RuntimeStage


class StateTests(RuntimeStage):
    def test_each_server_has_a_line_with_a_value_for_each_field(self) -> None:
        self.server("web/ex2").set_admin(pool.Admin.MAINT, self.clock.seconds())
        self.clock.advance(5)
        version, names, *lines = self.say("show servers state").splitlines()
        self.assertEqual((version, len(lines)), ("1", 5))
        fields = names.removeprefix("# ").split()
        rows = [dict(zip(fields, line.split(), strict=True)) for line in lines[:-1]]
        self.assertEqual([f"{row['be_name']}/{row['srv_name']}" for row in rows], ["smtp/ex1", "smtp/ex2", "web/ex1", "web/ex2"])
        wanted = {"be_id": "5", "srv_id": "2", "srv_addr": "10.0.0.1", "srv_port": "25", "srv_op_state": "0"}
        wanted |= {"srv_admin_state": "1", "srv_time_since_last_change": "5", "srv_check_state": "14", "srv_check_status": "15"}
        self.assertLessEqual(wanted.items(), rows[3].items())

    def test_one_back_end_is_enough(self) -> None:
        self.assertEqual(len(self.say("show servers state web").splitlines()), 5)
        self.assertEqual(self.say("show servers state nope"), "Can't find backend.\n\n")
        self.assertEqual(self.say("show servers conn nope"), "Can't find backend.\n\n")

    def test_connections_are_sessions(self) -> None:
        first, line, *_ = self.say("show servers conn web").splitlines()
        self.assertEqual(line, "web/ex1 5/1 10.0.0.1 25 - 0 0 0 0 0 0 -1 0 0")
        self.assertEqual(len(first.removeprefix("# ").split()), len(line.split()))

    def test_back_ends_are_named(self) -> None:
        self.assertEqual(self.say("show backend"), "# name\nsmtp\nweb\n\n")
