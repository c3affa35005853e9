"""The way to a server for a client that has said who it is."""

from exproxy.pool import Operational
from tests.proxy.mail.deskstage import DeskStage


class AdmissionTests(DeskStage):
    def test_a_server_that_greets_badly_is_blamed(self) -> None:
        self.desks(failure_delay=0.0)
        for peer in self.servers.values():
            peer.greeting = b"* BYE no\r\n"
        self.log_in()
        self.assertEqual([server.failed_connects for server in self.pool.servers.values()], [1, 1])

    def test_one_that_hangs_up_once_the_login_is_said_is_not_and_the_next_is_tried(self) -> None:
        self.desks(failure_delay=0.0)
        for peer in self.servers.values():
            peer.close_on_data = True
        client = self.log_in()
        self.assertEqual(len(self.got("one") + self.got("two")), 2)
        self.assertEqual([server.failed_connects for server in self.pool.servers.values()], [0, 0])
        self.assertTrue(client.data.endswith(b"a1 NO [UNAVAILABLE] No mail server is available, try again later\r\n"))

    def test_one_that_is_silent_at_the_login_has_its_time(self) -> None:
        self.desks(failure_delay=0.0)
        for peer in self.servers.values():
            peer.answer = None
        client = self.log_in()
        for _ in range(2):
            self.clock.advance(10.0)
            self.settle()
        self.assertTrue(client.data.endswith(b"a1 NO [UNAVAILABLE] No mail server is available, try again later\r\n"))
        self.assertEqual(self.pool.sessions, 0)

    def test_a_refusal_says_that_the_server_is_well(self) -> None:
        self.desks(failure_delay=0.0)
        self.log_in(password=b"wrong")
        self.assertEqual({server.operational for server in self.pool.servers.values()}, {Operational.UP})
        self.assertEqual(sum(server.failed_connects for server in self.pool.servers.values()), 0)

    def test_who_gives_up_meanwhile_leaves_nothing_behind(self) -> None:
        self.desks()
        for peer in self.servers.values():
            peer.answer = None
        client = self.log_in()
        client.stream.close()
        self.settle()
        self.assertEqual(self.pool.sessions, 0)
        self.assertEqual(len(self.lines()), 1)
