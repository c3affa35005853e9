"""Passive observation: a server that refuses sessions, while what its check looks at is well."""

from tests.integration.balanced import ENOUGH, FIRST, FRONT, SECOND
from tests.integration.peers.echo import Echo, echoing_server
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.proxy import Proxy

ERRORS = 2

SITE = """
[frontends.front]
bind = "{host}:{port}"
backend = "echo"

[backends.echo]
error_limit = {errors}
# Between two looks of a check that finds nothing, one failure has to be enough; so the first look may take its time.
check = {{ type = "tcp", port = {checked}, interval = "1h", fall = 1, timeout = "1m" }}
servers = {{ ex1 = "{first}", ex2 = "{second}" }}
"""


class ObservationTests(PeerTestCase):
    def test_a_server_that_refuses_sessions_leaves_though_its_check_passes_and_no_client_fails(self) -> None:
        behind, checked, port = free_port(FIRST, SECOND), free_port(FIRST, SECOND), free_port(FRONT)
        for name, host, at in (("ex1", FIRST, behind), ("check1", FIRST, checked), ("check2", SECOND, checked)):
            echo = Echo(name, host, at)
            self.addCleanup(echo.stop)
            echo.start()
        values = {"checked": checked, "first": f"{FIRST}:{behind}", "second": f"{SECOND}:{behind}", "errors": ERRORS}
        proxy = Proxy("proxy", FRONT, port, SITE.format(host=FRONT, port=port, **values))
        self.started(proxy)
        self.addCleanup(proxy.end)
        for server in ("ex1", "ex2"):
            proxy.wait_until(f"echo/{server}", "up")
        before = proxy.written()
        # Each second client meets the server that refuses it, and is sent to the other.
        self.assertEqual({echoing_server(FRONT, port) for _ in range(2 * ERRORS)}, {"ex1"})
        self.assertRegex(proxy.wait_until("echo/ex2", "down", before), rf"{ERRORS} .*in a row")
        self.assertEqual({echoing_server(FRONT, port) for _ in range(ENOUGH)}, {"ex1"})
