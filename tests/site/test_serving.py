"""Front ends, without anybody who checks."""

from random import Random

from exproxy.site.errors import SiteError
from exproxy.site.housekeeping import EVERY
from exproxy.site.pools import Pools
from exproxy.site.serving import Serving
from exproxy.site.tls import TLSContexts
from tests.site.stage import SiteStage


class ServingTests(SiteStage):
    def serving(self) -> Serving:
        configuration = self.configuration(self.server("one", "192.0.2.1"))
        pools = Pools(configuration, self.reactor.seconds(), Random(1), TLSContexts({}, 0.0), b"secret")
        return Serving(self.reactor, self.network, configuration, pools, TLSContexts({}, 0.0), self.network, b"secret")

    def test_clients_are_served_and_all_ends_in_order(self) -> None:
        self.peer("192.0.2.1", greeting=b"220 one\r\n")
        serving = self.serving()
        serving.start()
        client = self.client()
        self.assertEqual((client.data, serving.gate.taken), (b"220 one\r\n", 1))
        ended = serving.stop()
        serving.hurry()
        self.settle()
        self.assertIsNone(self.successResultOf(ended))
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_what_sessions_carry_is_counted_while_they_live(self) -> None:
        self.peer("192.0.2.1", greeting=b"220 one\r\n")
        serving = self.serving()
        serving.start()
        self.client()
        (frontend,) = serving.fronts.frontends.values()
        self.reactor.advance(EVERY)
        self.assertEqual(frontend.bytes_out, len(b"220 one\r\n"))
        serving.stop()
        serving.hurry()
        self.settle()

    def test_an_address_that_is_taken_leaves_nothing_held(self) -> None:
        self.peer("192.0.2.9")
        self.assertRaises(SiteError, self.serving)
        self.assertEqual(self.reactor.getDelayedCalls(), [])
