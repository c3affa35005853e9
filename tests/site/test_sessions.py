"""Which sessions live."""

from exproxy.process.messages import Wanted
from exproxy.proxy.dynamic import DynamicPorts, Spot
from exproxy.site.sessions import LiveSessions
from tests.net.memory import Peer
from tests.proxy.stage import Stage
from tests.site.stage import SiteStage


class LiveTests(SiteStage):
    def setUp(self) -> None:
        super().setUp()
        self.peer("192.0.2.1", greeting=b"220 one\r\n")
        self.start(self.configuration(self.server("one", "192.0.2.1"), self.server("two", "192.0.2.2")))
        serving = self.site._live and self.site._live.serving
        assert serving is not None
        self.fronts = serving.fronts
        self.clients = [self.client() for _ in range(2)]

        self.sessions = LiveSessions(self.fronts.frontends.values, self.fronts._backends)

    def live(self, server: str = "", most: int = 9, **rest: str) -> list[tuple[str, tuple[str, ...], int]]:
        found = self.sessions.find(Wanted(server, **rest), most, self.reactor.seconds() + 5)
        self.assertTrue(all(one.seconds >= 5.0 for one in found))
        return [(one.frontend, one.servers, one.bytes_out) for one in found]

    def test_each_is_told_with_its_server(self) -> None:
        self.assertEqual(self.live("hub/one"), [("smtp", ("hub/one",), 9)] * len(self.live("hub/one")))
        self.assertEqual(len(self.live()), 2)

    def test_those_of_another_server_are_left_out(self) -> None:
        self.assertEqual(self.live("hub/three"), [])

    def test_no_more_are_told_than_are_wanted(self) -> None:
        self.assertEqual(len(self.live(most=1)), 1)

    def test_those_of_another_front_end_or_client_are_left_out(self) -> None:
        client = next(iter(self.fronts.frontends["smtp"].sessions)).source[0]
        for rest, count in (
            ({"frontend": "smtp"}, 2),
            ({"frontend": "web"}, 0),
            ({"client": client}, 2),
            ({"client": "203.0.113.9"}, 0),
        ):
            self.assertEqual(len(self.live(**rest)), count)

    def test_each_has_an_id_of_its_own_by_which_it_is_ended(self) -> None:
        first, second = self.sessions.find(Wanted(), 9, self.reactor.seconds())
        self.assertNotEqual(first.id, second.id)
        (ended,) = self.sessions.end(first.id, self.reactor.seconds())
        self.assertEqual((ended.id, ended.client), (first.id, first.client))
        self.settle()
        (left,) = self.sessions.find(Wanted(), 9, self.reactor.seconds())
        self.assertEqual(left.id, second.id)
        self.assertEqual(sum(bool(client.eof or client.lost) for client in self.clients), 1)

    def test_what_has_ended_is_not_ended_again(self) -> None:
        first, _ = self.sessions.find(Wanted(), 9, self.reactor.seconds())
        self.sessions.end(first.id, self.reactor.seconds())
        self.settle()
        self.assertEqual(self.sessions.end(first.id, self.reactor.seconds()), [])

    def test_where_nobody_serves_yet_there_are_none(self) -> None:
        self.assertEqual(LiveSessions(lambda: (), {}).find(Wanted(), 9, 0.0), [])

    def test_they_are_told_one_after_the_other_and_none_twice(self) -> None:
        later = self.client()
        seen: list[int] = []
        after = ("", 0)
        while found := self.sessions.find(Wanted(after=after), 1, self.reactor.seconds()):
            (one,) = found
            self.assertEqual((one.frontend, one.servers), ("smtp", ("hub/one",)))
            seen.append(one.number)
            after = one.frontend, one.number
        self.assertEqual(seen, [1, 2, 3])
        self.assertFalse(later.lost)


class AnnexTests(Stage):
    """An endpoint mapper's front end, a client of which was told of a port that was opened for it."""

    def setUp(self) -> None:
        super().setUp()
        servers = self.servers_of()
        backend = self.backend(servers)
        epm = self.open(backend, name="epm", address=("192.0.2.9", 135))
        self.frontends = {"epm": epm, "smtp": self.open(backend)}
        ports = DynamicPorts(epm, self.network, 40000, 40001, 600.0)
        self.network.listen(("192.0.2.1", 49152), Peer(greeting=b"nameplate")).resume()
        self.port = ports.port(Spot("192.0.2.9"), servers.servers["one"], 49152) or 0
        self.sessions = LiveSessions(self.frontends.values, {"hub": backend})

    def live(self, **wanted: str) -> list[tuple[str, tuple[str, ...], int]]:
        found = self.sessions.find(Wanted(**wanted), 9, self.clock.seconds())
        return [(one.frontend, one.servers, one.bytes_out) for one in found]

    def test_who_is_there_is_told_as_one_of_the_mapper_s_with_the_server_s_port(self) -> None:
        self.client(("192.0.2.9", self.port))
        seen = [("epm", ("hub:49152/one",), 9)]
        self.assertEqual(self.live(), seen)
        self.assertEqual(self.live(frontend="epm"), seen)
        self.assertEqual(self.live(server="hub:49152/one"), seen)
        self.assertEqual(self.live(frontend="smtp"), [])

    def test_it_is_ended_by_its_id(self) -> None:
        mapped, other = self.client(("192.0.2.9", self.port)), self.client(("192.0.2.9", 135))
        (seen,) = self.sessions.find(Wanted("hub:49152/one"), 9, self.clock.seconds())
        self.assertEqual(self.sessions.end(seen.id, self.clock.seconds()), [seen])
        self.settle()
        self.assertTrue(mapped.eof or mapped.lost)
        self.assertFalse(other.eof or other.lost)
        self.assertEqual(self.live(), [("epm", ("hub/one",), 0)])

    def test_they_are_told_one_after_the_other_with_the_mapper_s_own_and_none_twice(self) -> None:
        for port in (self.port, 135, 25, self.port, 135):
            self.client(("192.0.2.9", port))
        seen: list[tuple[str, tuple[str, ...], int]] = []
        after = ("", 0)
        while found := self.sessions.find(Wanted(after=after), 1, self.clock.seconds()):
            (one,) = found
            seen.append((one.frontend, one.servers, one.number))
            after = one.frontend, one.number
        opened, own = ("hub:49152/one",), ("hub/one",)
        mappers = [("epm", servers, number) for number, servers in enumerate((opened, own, opened, own), 1)]
        self.assertEqual(seen, [*mappers, ("smtp", own, 1)])
