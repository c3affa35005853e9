import base64

from twisted.internet.task import Clock

from exproxy.simulator.modes import Mode
from exproxy.simulator.service import Directory
from exproxy.simulator.web import DIRECTORIES, ClientAccess, web_site
from exproxy.wire.rts import ECHO
from tests.simulator.talking import Client, TalkTestCase


class WebTests(TalkTestCase):
    def setUp(self) -> None:
        self.whole = Directory("ex1", "https")
        self.directories = {name.lower(): Directory("ex1", name) for name in DIRECTORIES}
        self.site = web_site(Clock(), ClientAccess("EX1.example.com", self.whole, self.directories))

    def get(self, path: str, method: str = "GET", *headers: str) -> bytes:
        lines = [f"{method} {path} HTTP/1.1", "Host: mail.example.com", "Connection: close", *headers, "", ""]
        return Client(self.site).say("\r\n".join(lines).encode())

    def test_every_directory_has_its_health_page(self) -> None:
        for name in DIRECTORIES:
            answer = self.get(f"/{name}/healthcheck.htm")
            self.assertStartsWith(answer, b"HTTP/1.1 200 ")
            self.assertEndsWith(answer, b"\r\n\r\n200 OK<br/>EX1.example.com")

    def test_paths_are_compared_as_iis_does(self) -> None:
        self.assertStartsWith(self.get("/ews/HealthCheck.htm"), b"HTTP/1.1 200 ")

    def test_owa_without_a_slash_is_redirected(self) -> None:
        answer = self.get("/owa")
        self.assertStartsWith(answer, b"HTTP/1.1 302 ")
        self.assertIn(b"Location: /owa/\r\n", answer)

    def test_the_root_leads_to_owa(self) -> None:
        self.assertIn(b"Location: /owa/\r\n", self.get("/"))

    def test_owa_names_the_server(self) -> None:
        self.assertIn(b"<h1>EX1.example.com</h1>", self.get("/owa/"))

    def test_the_rpc_proxy_wants_a_login(self) -> None:
        answer = self.get("/rpc/rpcproxy.dll")
        self.assertStartsWith(answer, b"HTTP/1.1 401 ")
        self.assertIn(b"WWW-Authenticate: NTLM\r\n", answer)

    def test_the_rpc_proxy_knows_the_verbs_of_outlook(self) -> None:
        self.assertStartsWith(self.get("/rpc/rpcproxy.dll", "RPC_IN_DATA"), b"HTTP/1.1 401 ")

    def echo(self, method: str, user: str = "anna", *headers: str) -> bytes:
        credentials = base64.b64encode(f"{user}:demo".encode()).decode()
        return self.get("/rpc/rpcproxy.dll?ex1:6001", method, f"Authorization: Basic {credentials}", *headers)

    def test_the_rpc_proxy_echoes_to_the_account(self) -> None:
        for verb in ("RPC_IN_DATA", "RPC_OUT_DATA"):
            answer = self.echo(verb, "anna", "Content-Length: 0")
            self.assertStartsWith(answer, b"HTTP/1.1 200 Success\r\n")
            self.assertIn(b"Content-Type: application/rpc\r\n", answer)
            self.assertEndsWith(answer, b"\r\n\r\n" + ECHO.encode())

    def test_it_echoes_to_nobody_else(self) -> None:
        self.assertStartsWith(self.echo("RPC_IN_DATA", "otto"), b"HTTP/1.1 401 ")

    def test_it_does_nothing_but_echo(self) -> None:
        self.assertStartsWith(self.echo("GET"), b"HTTP/1.1 501 ")
        self.assertStartsWith(self.echo("RPC_OUT_DATA", "anna", "Content-Length: 17", "", "x" * 17), b"HTTP/1.1 501 ")

    def test_an_unknown_directory_is_not_found(self) -> None:
        self.assertStartsWith(self.get("/cgi-bin/"), b"HTTP/1.1 404 ")

    def test_in_maintenance_the_health_pages_say_503(self) -> None:
        self.whole.mode = Mode.MAINTENANCE
        self.assertStartsWith(self.get("/owa/healthcheck.htm"), b"HTTP/1.1 503 ")
        self.assertStartsWith(self.get("/owa/"), b"HTTP/1.1 200 ")

    def test_an_error_is_a_500_everywhere(self) -> None:
        self.whole.mode = Mode.ERROR
        for path in ("/", "/owa/", "/ews/healthcheck.htm"):
            self.assertStartsWith(self.get(path), b"HTTP/1.1 500 ")

    def test_one_directory_may_fail_alone(self) -> None:
        self.directories["ews"].mode = Mode.ERROR
        self.assertStartsWith(self.get("/EWS/healthcheck.htm"), b"HTTP/1.1 500 ")
        self.assertStartsWith(self.get("/owa/healthcheck.htm"), b"HTTP/1.1 200 ")

    def test_head_has_no_body(self) -> None:
        self.assertEndsWith(self.get("/owa/", "HEAD"), b"\r\n\r\n")
