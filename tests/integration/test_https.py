"""HTTPS: nginx behind the proxy as Exchange 2016's front end, by the template with six lines, and curl in front."""

import trustme

from tests.integration.balanced import FIRST, FRONT, SECOND, BalancedTests
from tests.integration.clients import curl
from tests.integration.peers import needs, nginx
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase

CONFIGURATION = """
[exchange]
version = "2016"
listen = "{front}"
servers = {{ ex1 = "{first}", ex2 = "{second}" }}
services = ["https"]
ports = {{ https = {port} }}
server_ports = {{ https = {behind} }}
"""


class HttpsTests(BalancedTests, PeerTestCase):
    backends = ("https",)

    def setUp(self) -> None:
        super().setUp()
        needs.require(*nginx.NEEDS, needs.CURL)
        behind, port = free_port(FIRST, SECOND), free_port(FRONT)
        authority = trustme.CA()
        self.first = nginx.Nginx("ex1", FIRST, behind, authority)
        self.second: nginx.Nginx = nginx.Nginx("ex2", SECOND, behind, authority)
        self.started(self.first, self.second)
        configuration = CONFIGURATION.format(front=FRONT, port=port, behind=behind, first=FIRST, second=SECOND)
        self.balance(port, configuration)

    def client(self) -> str:
        """Through the proxy, with the certificate of the server verified: TLS is passed through."""
        where = f"mail.example.com:{self.proxy.port}"
        resolve = ["--resolve", f"{where}:{self.proxy.host}"]
        return curl(self.first, "--fail", *resolve, f"https://{where}/owa/auth/logon.aspx").removeprefix("this is ").strip()

    def spoil(self) -> None:
        """It still accepts TCP and TLS, and says 503."""
        self.second.answer(well=False)

    def mend(self) -> None:
        self.second.answer(well=True)
