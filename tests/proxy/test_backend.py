"""The PROXY header that a server wants."""

from exproxy.wire.proxyheader import encode_v1, encode_v2
from tests.proxy.stage import FRONT, Stage


class BackendTests(Stage):
    def test_each_server_gets_the_version_that_it_wants_or_nothing(self) -> None:
        backend = self.backend(send_proxy={"one": "v2"})
        source = ("203.0.113.5", 999)
        servers = backend.pool.servers
        self.assertEqual(backend.proxy_header(servers["one"], source, FRONT), encode_v2(source, FRONT))
        self.assertEqual(backend.proxy_header(servers["two"], source, FRONT), b"")
        self.assertNotEqual(encode_v1(source, FRONT), encode_v2(source, FRONT))
