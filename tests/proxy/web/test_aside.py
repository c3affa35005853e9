"""Connections that are put aside; how requests get to them is in ``test_persistence``."""

from exproxy.proxy.web.aside import Aside
from exproxy.proxy.web.upstream import Upstream
from exproxy.wire.web.limits import Limits
from tests.proxy.web.webstage import WebStage


class Asks:
    """Whoever asked is content with anything."""

    def upstream_ready(self) -> None: ...

    def upstream_failed(self, termination: str) -> None: ...

    def from_server(self, data: bytes) -> None: ...

    def server_drained(self) -> None: ...

    def server_ended(self, error: Exception | None, reason: str) -> None: ...


class AsideTests(WebStage):
    def setUp(self) -> None:
        super().setUp()
        self.hub = self.servers_of("roundrobin")
        self.frontend = self.serve(self.backend(self.hub))
        self.client()
        (self.session_of_client,) = self.frontend.sessions
        self.aside = Aside()

    def reached(self) -> Upstream:
        upstream = Upstream(self.frontend, self.backend(self.hub), self.session_of_client, Limits())
        upstream.take(Asks())
        self.settle()
        upstream.let_go()
        return upstream

    def test_it_is_found_by_its_host_once(self) -> None:
        upstream = self.reached()
        self.aside.put(upstream)
        self.assertIsNone(self.aside.take("two"))
        self.assertIs(self.aside.take("one"), upstream)
        self.assertIsNone(self.aside.take("one"))

    def test_it_is_found_by_its_server_while_it_lives(self) -> None:
        one, two = self.reached(), self.reached()
        for upstream in (one, two):
            self.aside.put(upstream)
        two.retire()
        self.assertIsNone(self.aside.idle(self.hub.servers["two"]))
        self.assertIs(self.aside.idle(self.hub.servers["one"]), one)
        self.assertIsNone(self.aside.idle(self.hub.servers["one"]))

    def test_there_is_one_to_each_host(self) -> None:
        first, _, second = self.reached(), self.reached(), self.reached()
        self.aside.put(first)
        self.aside.put(second)
        self.settle()
        self.assertEqual((first.free, second.free), (False, True))
        self.assertTrue(self.session("one", 0).eof)
        self.assertIs(self.aside.take("one"), second)

    def test_one_that_was_never_made_is_not_kept(self) -> None:
        upstream = Upstream(self.frontend, self.backend(self.hub), self.session_of_client, Limits())
        self.aside.put(upstream)
        self.assertFalse(upstream.free)

    def test_all_end_together(self) -> None:
        for _ in range(2):
            self.aside.put(self.reached())
        self.aside.retire()
        self.settle()
        self.assertTrue(self.session("one").eof and self.session("two").eof)
        self.assertIsNone(self.aside.take("one"))
