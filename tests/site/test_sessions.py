"""Which sessions live."""

from exproxy.site.sessions import live
from tests.site.stage import SiteStage


class LiveTests(SiteStage):
    def setUp(self) -> None:
        super().setUp()
        self.peer("192.0.2.1", greeting=b"220 one\r\n")
        self.start(self.configuration(self.server("one", "192.0.2.1"), self.server("two", "192.0.2.2")))
        serving = self.site._serving
        assert serving is not None
        self.fronts = serving.fronts
        self.clients = [self.client() for _ in range(2)]

    def live(self, server: str = "", most: int = 9) -> list[tuple[str, tuple[str, ...], int]]:
        frontends = list(self.fronts.frontends.values())
        found = live(frontends, self.fronts._backends, server, most, self.reactor.seconds() + 5)
        self.assertTrue(all(one.seconds >= 5.0 for one in found))
        return [(one.frontend, one.servers, one.bytes_out) for one in found]

    def test_each_is_told_with_its_server(self) -> None:
        self.assertEqual(self.live("hub/one"), [("smtp", ("hub/one",), 9)] * len(self.live("hub/one")))
        self.assertEqual(len(self.live()), 2)

    def test_those_of_another_server_are_left_out(self) -> None:
        self.assertEqual(self.live("hub/three"), [])

    def test_no_more_are_told_than_are_wanted(self) -> None:
        self.assertEqual(len(self.live(most=1)), 1)
