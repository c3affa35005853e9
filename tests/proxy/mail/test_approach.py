"""The way to a server that greets well; what clients notice of it is in test_visit."""

from exproxy.net.interfaces import PipedStream
from exproxy.pool import Admin, Server
from exproxy.proxy.backend import Backend
from exproxy.proxy.mail.approach import Approach
from exproxy.wire.reception.smtp import SmtpReception
from tests.net.memory import pair
from tests.proxy.stage import FRONT, Stage


class FakeSession:
    source = ("192.0.2.77", 40000)

    def reached(self) -> tuple[str, int]:
        return FRONT


class ApproachTests(Stage):
    def setUp(self) -> None:
        super().setUp()
        self.through: list[str] = []
        self.away: list[str] = []
        self.over: list[tuple[str, str]] = []
        self.evictions: list[str] = []

    def put_through(self, stream: PipedStream, server: Server, greeting: bytes) -> None:
        stream.attach(pair(self.clock)[0].receiver)
        self.through.append(server.name)

    def turned_away(self, termination: str) -> None:
        self.away.append(termination)

    def evicted(self, reason: str) -> None:
        self.evictions.append(reason)

    def passed_over(self, server: Server, why: str) -> None:
        self.over.append((server.name, why))

    def approach(self, backend: Backend) -> Approach:
        frontend = self.open(backend)
        made = Approach(self, frontend, backend, FakeSession(), lambda server: SmtpReception("lb"), 5.0)
        made.begin()
        self.settle()
        return made

    def test_the_first_good_one_it_is(self) -> None:
        self.servers["one"].greeting = b"421 no\r\n"
        self.servers["two"].greeting = b"220 two\r\n"
        self.approach(self.backend())
        self.assertEqual(self.through, ["two"])
        self.assertEqual(self.over, [("one", "said 421 no instead of the greeting")])

    def test_each_is_tried_once(self) -> None:
        for peer in self.servers.values():
            peer.greeting = b"421 no\r\n"
        self.approach(self.backend(retries=9))
        self.assertEqual([name for name, _ in self.over], ["one", "two"])
        self.assertEqual(self.away, ["SC"])

    def test_no_more_than_may_be_tried(self) -> None:
        for peer in self.servers.values():
            peer.greeting = b"421 no\r\n"
        self.approach(self.backend(retries=0))
        self.assertEqual(([name for name, _ in self.over], self.away), (["one"], ["SC"]))

    def test_a_silent_one_is_passed_over_after_its_time(self) -> None:
        self.servers["two"].greeting = b"220 two\r\n"
        self.approach(self.backend())
        self.clock.advance(5.2)
        self.settle()
        self.assertEqual((self.through, self.over), (["two"], [("one", "was silent instead of the greeting for 5 s")]))

    def test_who_gives_up_holds_nothing(self) -> None:
        backend = self.backend()
        self.approach(backend).give_up()
        self.settle()
        self.assertEqual((backend.pool.sessions, self.through, self.away, self.over), (0, [], [], []))
        self.assertTrue(self.servers["one"].sessions[0].lost)

    def test_a_server_that_goes_down_meanwhile_is_passed_over(self) -> None:
        self.servers["two"].greeting = b"220 two\r\n"
        backend = self.backend(self.servers_of(on_marked_down="shutdown-sessions"))
        self.approach(backend)
        backend.pool.servers["one"].set_admin(Admin.MAINT, self.clock.seconds())
        self.settle()
        self.assertEqual((self.through, self.over), (["two"], [("one", "went down")]))

    def test_a_backup_is_left_for_a_better_one_and_not_blamed(self) -> None:
        self.servers["one"].greeting = b"220 one\r\n"
        servers = self.servers_of(on_marked_up="shutdown-backup-sessions")
        one, two = servers.servers.values()
        two.backup = True
        one.set_admin(Admin.MAINT, self.clock.seconds())
        self.approach(self.backend(servers, retries=0))
        one.set_admin(Admin.READY, self.clock.seconds())
        self.settle()
        self.assertEqual((self.through, self.over), (["one"], [("two", "was left for a better one")]))
        self.assertEqual((servers.sessions, one.sessions, two.failed_connects), (1, 1, 0))

    def test_a_client_that_is_refused_for_what_it_is_says_nothing_about_servers(self) -> None:
        for told, failures in ((frozenset[str](), [1, 1]), (frozenset(("one", "two")), [0, 0])):
            self.setUp()
            for peer in self.servers.values():
                peer.greeting = b"554 you are on a list\r\n"
            backend = self.backend(xclient=told)
            self.approach(backend)
            self.assertEqual([server.failed_connects for server in backend.pool.servers.values()], failures)
            self.assertEqual((self.away, backend.pool.sessions), (["SC"], 0))

    def test_who_is_told_of_the_client_and_talks_nonsense_is_to_blame(self) -> None:
        self.servers["one"].greeting = b"HTTP/1.1 400 Bad\r\n"
        backend = self.backend(xclient=frozenset(("one", "two")))
        self.approach(backend)
        self.assertEqual(backend.pool.servers["one"].failed_connects, 1)

    def test_without_redispatch_it_is_the_end(self) -> None:
        backend = self.backend(self.servers_of(on_marked_down="shutdown-sessions"), redispatch=False)
        self.approach(backend)
        backend.pool.servers["one"].set_admin(Admin.MAINT, self.clock.seconds())
        self.settle()
        self.assertEqual((self.through, self.away, backend.pool.sessions), ([], ["DC"], 0))
