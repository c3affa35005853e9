"""A server's state in HAProxy's words and numbers."""

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin.haproxy.status import administrative_number, deciding, operational_number, status
from exproxy.pool import Admin, AgentAnswer, Host, Server
from tests.pool.support import CHECK, FAILED, PASSED, STOPPING, fail, heal, make_backend, make_server


class StatusTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.host = Host("ex1", "10.0.0.1")
        self.server = make_server("a", self.host, checks=[CHECK], slow_start=60.0)
        make_backend(self.server)

    def told(self, server: Server | None = None) -> tuple[str, int, int]:
        server = server or self.server
        return status(server), operational_number(server), administrative_number(server)

    def test_before_its_first_check_it_takes_nobody(self) -> None:
        self.assertEqual(self.told(), ("DOWN", 0, 0))
        check = deciding(self.server)
        assert check is not None
        self.assertEqual((check.word, check.result, check.health, check.duration), ("INI", 0, 0, None))

    def test_up_and_on_the_way_down(self) -> None:
        heal(self.server)
        self.assertEqual(self.told(), ("UP", 2, 0))
        self.server.observe("smtp", FAILED, 30.0)
        self.assertEqual(self.told()[0], "UP 2/3")
        self.server.observe("smtp", FAILED, 30.0)
        self.assertEqual(self.told()[0], "UP 1/3")
        check = deciding(self.server)
        assert check is not None
        self.assertEqual((check.word, check.number, check.result, check.code, check.health), ("L7STS", 17, 2, 554, 2))

    def test_down_and_on_the_way_up(self) -> None:
        fail(self.server)
        self.assertEqual(self.told(), ("DOWN", 0, 0))
        self.server.observe("smtp", PASSED, 30.0)
        self.assertEqual(self.told()[0], "DOWN 1/2")
        self.server.observe("smtp", PASSED, 31.0)
        self.assertEqual(self.told(), ("UP", 1, 0), "it starts slowly")

    def test_one_that_is_being_stopped_gets_no_load(self) -> None:
        for _ in range(3):
            self.server.observe("smtp", STOPPING, 20.0)
        self.assertEqual(self.told(), ("NOLB", 3, 0))

    def test_what_people_set_comes_first_and_says_where(self) -> None:
        heal(self.server)
        self.server.set_admin(Admin.DRAIN, 30.0)
        self.assertEqual(self.told(), ("DRAIN", 2, 0x08))
        self.host.set_admin(Admin.MAINT, 31.0)
        self.assertEqual(self.told(), ("MAINT (via host/ex1)", 0, 0x08 | 0x02))
        self.server.set_admin(Admin.MAINT, 32.0)
        self.assertEqual(self.told(), ("MAINT", 0, 0x01 | 0x02))
        self.host.set_admin(Admin.DRAIN, 33.0)
        self.server.set_admin(Admin.READY, 33.0)
        self.assertEqual(self.told()[::2], ("DRAIN", 0x10))

    def test_one_that_was_taken_out_of_the_configuration_only_has_sessions_left(self) -> None:
        heal(self.server)
        self.server.leaving = True
        self.assertEqual(self.told()[0], "DRAIN")

    def test_an_agent_is_named_where_it_decides(self) -> None:
        heal(self.server)
        self.server.agent(AgentAnswer(None, None, None, Admin.DRAIN, "drain"), 30.0)
        self.assertEqual(self.told()[0], "DRAIN (agent)")
        self.server.agent(AgentAnswer(None, None, False, Admin.READY, "down"), 31.0)
        self.assertEqual(self.told()[0], "DOWN (agent)")

    def test_without_checks_and_without_an_address(self) -> None:
        unchecked = make_server("b")
        nowhere = Server("c", Host("c", "c.example"), None, 25)
        make_backend(unchecked, nowhere)
        self.assertEqual(self.told(unchecked), ("no check", 2, 0))
        self.assertEqual(self.told(nowhere)[::2], ("MAINT (resolution)", 0x20))

    def test_of_several_checks_the_worst_one_speaks(self) -> None:
        both = make_server("d", checks=[CHECK, evolve(CHECK, name="http"), evolve(CHECK, name="odd", required=False)])
        make_backend(both)
        for name in ("http", "odd"):
            both.observe(name, FAILED, 1.0)
        both.observe("smtp", PASSED, 1.0)
        check = deciding(both)
        assert check is not None
        self.assertEqual((check.word, status(both)), ("L7STS", "DOWN"))
