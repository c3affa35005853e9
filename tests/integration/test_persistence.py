"""Clients that stay where they were: real browsers' manners, real servers, one worker and two."""

import re
import socket
import ssl
import threading
from base64 import b64encode
from pathlib import Path

import trustme

from tests.integration.clients import curl, exproxy, run
from tests.integration.peers import needs, nginx
from tests.integration.peers.certificates import write_authority, write_certificate
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.proxy import ADMIN, Proxy

FRONT, FIRST, SECOND = "127.0.20.1", "127.0.20.2", "127.0.20.3"
PHONE, TABLET = "127.0.20.11", "127.0.20.12"
ONE_EACH = ("-H", "Connection: close")
"""Each request of curl on a connection of its own."""

SITE = (
    """
[service]
workers = {workers}
log = {{ access = "access.log" }}
[frontends.web]
mode = "http"
bind = "{front}:{port}"
tls = {{ mode = "implicit", certificates = "mail.pem" }}
backend = "owa"
[[frontends.web.routes]]
path = "/ecp"
backend = "ecp"
[[frontends.web.routes]]
path = "/Microsoft-Server-ActiveSync"
backend = "eas"
[[frontends.web.routes]]
path = "/super"
backend = "super"
[hosts]
ex1 = "{first}"
ex2 = "{second}"
[tables.cas]
kind = "cookie"
name = "exserver"
secret = "{secret}"
[backends.owa]
persistence = {{ table = "cas" }}
{servers}
[backends.ecp]
persistence = {{ table = "cas" }}
{servers}
[backends.eas]
persistence = {{ kind = "user" }}
{servers}
[backends.super]
persistence = {{ kind = "super-http" }}
{servers}
"""
    + ADMIN
)
SERVERS = """
tls = {{ mode = "implicit", ca = "authority.pem" }}
check = {{ type = "https", preset = "healthcheck", path = "/owa/healthcheck.htm" }}
retries = 1
servers = {{ ex1 = {behind}, ex2 = {behind} }}
"""
SECRET = "correct horse battery staple"


class WebPersistenceTests(PeerTestCase):
    workers = 1

    def setUp(self) -> None:
        super().setUp()
        needs.require(*nginx.NEEDS, needs.CURL)
        behind, port = free_port(FIRST, SECOND), free_port(FRONT)
        authority = trustme.CA()
        self.peers = {name: nginx.Nginx(name, host, behind, authority) for name, host in (("ex1", FIRST), ("ex2", SECOND))}
        self.started(*self.peers.values())
        names = {"workers": self.workers, "front": FRONT, "port": port, "first": FIRST, "second": SECOND, "secret": SECRET}
        self.site = SITE.format(servers=SERVERS.format(behind=behind), **names)
        self.proxy = self.new_proxy(port)
        self.folder = Path(self.proxy.folder)

    def new_proxy(self, port: int) -> Proxy:
        proxy, authority = Proxy("proxy", FRONT, port, self.site), self.peers["ex1"].authority
        write_certificate(proxy.folder / "mail.pem", authority.issue_cert("mail.example.com"))
        write_authority(proxy.folder, authority)
        self.started(proxy)
        self.addCleanup(proxy.end)
        # where clients are to be spread, each worker has to know of both servers
        for backend in ("owa", "ecp", "eas", "super"):
            for server in self.peers:
                proxy.wait_until(f"{backend}/{server}", "up")
        proxy.wait_for_workers()
        return proxy

    def ask(self, *paths: str, options: tuple[str, ...] = ()) -> list[str]:
        """The names of those who answered."""
        where = f"mail.example.com:{self.proxy.port}"
        urls = [f"https://{where}{path}" for path in paths]
        said = curl(self.peers["ex1"], *options, "--resolve", f"{where}:{FRONT}", *urls)
        return re.findall(r"this is (\w+)", said)

    def jar(self, name: str) -> tuple[str, ...]:
        """As a browser keeps its cookies."""
        path = str(self.folder / name)
        return ("-c", path, "-b", path)

    def phone(self, user: str, address: str = PHONE) -> str:
        options = ("-u", f"{user}:hunter2", "--interface", address)
        (name,) = self.ask("/Microsoft-Server-ActiveSync", options=options)
        return name

    def test_a_browser_stays_on_one_server_behind_both_back_ends(self) -> None:
        jar = self.jar("anna")
        (first,) = self.ask("/owa/x", options=jar)
        paths = ["/owa/x", "/ecp/x"] * 25
        self.assertEqual(self.ask(*paths, options=(*jar, *ONE_EACH)), [first] * 50)
        self.assertEqual(self.ask(*paths, options=jar), [first] * 50)
        kept = (self.folder / "anna").read_text().splitlines()[-1].split("\t")
        self.assertEqual((kept[2], kept[3], kept[5]), ("/", "TRUE", "exserver"))
        self.assertTrue(kept[0].startswith("#HttpOnly_"))

    def test_browsers_are_spread(self) -> None:
        names = self.ask(*["/owa/x"] * 20, options=ONE_EACH)
        self.assertEqual(set(names), {"ex1", "ex2"})

    def test_when_the_server_dies_the_browser_moves_once_and_stays_there(self) -> None:
        jar = self.jar("anna")
        (first,) = self.ask("/owa/x", options=jar)
        after = self.proxy.written()
        self.peers[first].stop()
        other = "ex2" if first == "ex1" else "ex1"
        self.assertEqual(self.ask("/owa/x", "/ecp/x", options=(*jar, *ONE_EACH)), [other] * 2)
        for backend in ("owa", "ecp"):
            self.proxy.wait_until(f"{backend}/{first}", "down", after)
        after = self.proxy.written()
        self.peers[first].start()
        for backend in ("owa", "ecp"):
            self.proxy.wait_until(f"{backend}/{first}", "up", after)
        self.assertEqual(self.ask(*["/ecp/x", "/owa/x"] * 5, options=(*jar, *ONE_EACH)), [other] * 10)

    def test_a_cookie_outlives_the_process(self) -> None:
        jar = self.jar("anna")
        (first,) = self.ask("/owa/x", options=jar)
        self.proxy.end()
        self.proxy = self.new_proxy(self.proxy.port)
        self.assertEqual(self.ask(*["/owa/x"] * 10, options=(*jar, *ONE_EACH)), [first] * 10)

    def test_a_user_has_one_server_from_wherever_he_comes(self) -> None:
        users = [f"user{number}" for number in range(8)]
        first = {user: self.phone(f"CONTOSO\\{user}") for user in users}
        self.assertEqual(set(first.values()), {"ex1", "ex2"})
        self.assertEqual({user: self.phone(f"{user.upper()}@contoso.com", TABLET) for user in users}, first)

    def test_what_has_no_cookie_goes_by_user_and_what_has_no_user_by_address(self) -> None:
        users = [f"user{number}" for number in range(6)]
        where = {user: self.ask("/super", options=("-u", f"{user}:hunter2")) for user in users}
        self.assertEqual({name for (name,) in where.values()}, {"ex1", "ex2"})
        jar = self.jar("anna")
        self.assertEqual(self.ask("/super", options=(*jar, "-u", "user3:hunter2")), where["user3"])
        other = next(user for user in users if where[user] != where["user3"])
        self.assertEqual(self.ask("/super", options=(*jar, "-u", f"{other}:hunter2")), where["user3"])
        self.assertEqual(len(set(self.ask(*["/super"] * 6, options=ONE_EACH))), 1)

    def test_no_credential_and_no_cookie_is_in_any_log(self) -> None:
        self.phone("CONTOSO\\anna")
        self.ask("/owa/x", options=self.jar("anna"))
        cookie = (self.folder / "anna").read_text().split("\t")[-1].strip()
        status, shown = exproxy("config", "check", str(self.proxy.file))
        self.assertEqual(status, 0, shown)
        self.proxy.end()
        self.assertEqual(len(self.proxy.accessed()), 2)
        for text in (self.proxy.logged(), "\n".join(self.proxy.accessed()), shown):
            for word in ("anna", "hunter2", b64encode(b"CONTOSO\\anna:hunter2").decode(), cookie, SECRET):
                self.assertNotIn(word, text)


class TwoWorkersWebPersistenceTests(WebPersistenceTests):
    workers = 2


PASSED_THROUGH = """
[service]
workers = {workers}
[frontends.web]
bind = "{front}:{port}"
backend = "web"
[backends.web]
check = "off"
persistence = {{ kind = "tls-session-id" }}
servers = {{ one = "{first}:{behind}", two = "{second}:{behind}" }}
"""


class Named:
    """A server of TLS that says its name to everybody, and gives out sessions but no tickets."""

    def __init__(self, address: tuple[str, int], name: bytes, certificate: Path) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.options |= ssl.OP_NO_TICKET
        self._context.load_cert_chain(certificate)
        self._name = name
        self._socket = socket.create_server(address)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            try:
                client.settimeout(10)
                with self._context.wrap_socket(client, server_side=True) as secure:
                    secure.sendall(b"this is " + self._name + b"\n")
                    secure.unwrap()
            except OSError:
                pass

    def stop(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


class SessionIdTests(PeerTestCase):
    workers = 1

    def setUp(self) -> None:
        super().setUp()
        needs.require(needs.OPENSSL)
        behind, port = free_port(FIRST, SECOND), free_port(FRONT)
        names = {"workers": self.workers, "front": FRONT, "port": port, "first": FIRST, "second": SECOND, "behind": behind}
        self.proxy = Proxy("proxy", FRONT, port, PASSED_THROUGH.format(**names))
        self.folder = Path(self.proxy.folder)
        certificate = self.folder / "mail.pem"
        write_certificate(certificate, trustme.CA().issue_cert("mail.example.com"))
        for host, name in ((FIRST, b"one"), (SECOND, b"two")):
            server = Named((host, behind), name, certificate)
            self.addCleanup(server.stop)
        self.started(self.proxy)
        self.addCleanup(self.proxy.end)

    def connect(self, address: str, *options: str) -> tuple[str, bool]:
        """Who answered, and whether the session was resumed."""
        where = ("-connect", f"{FRONT}:{self.proxy.port}", "-bind", f"{address}:0", "-servername", "mail.example.com")
        said = run(["openssl", "s_client", *where, "-ign_eof", *options])
        names = re.findall(r"this is (\w+)", said)
        self.assertEqual(len(names), 1, said)
        return names[0], bool(re.search(r"^Reused, ", said, re.MULTILINE))

    def test_who_resumes_gets_to_the_server_that_has_the_session(self) -> None:
        old = ("-tls1_2", "-no_ticket")
        session = str(self.folder / "session.pem")
        home, resumed = self.connect(PHONE, *old, "-sess_out", session)
        self.assertFalse(resumed)
        others = [f"127.0.20.{number}" for number in range(12, 32)]
        elsewhere = next(address for address in others if self.connect(address, *old) != (home, False))
        self.assertNotEqual(self.connect(elsewhere, *old), (home, False))
        for _ in range(5):
            self.assertEqual(self.connect(elsewhere, *old, "-sess_in", session), (home, True))

    def test_clients_of_tls_1_3_go_by_their_address(self) -> None:
        for address in (PHONE, TABLET):
            names = {self.connect(address, "-tls1_3")[0] for _ in range(3)}
            self.assertEqual(len(names), 1)

    def test_the_check_of_the_configuration_says_who_has_none(self) -> None:
        status, said = exproxy("config", "check", str(self.proxy.file))
        self.assertEqual(status, 0, said)
        self.assertIn("clients of TLS 1.3, and those that resume by tickets, have no session id", said)


class TwoWorkersSessionIdTests(SessionIdTests):
    workers = 2
