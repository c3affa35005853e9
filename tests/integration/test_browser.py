"""Chromium, TLS to us and nginx behind: pages, a cookie of the server's own, websockets."""

import trustme

from tests.integration.peers import chromium, needs, nginx
from tests.integration.peers.certificates import write_authority, write_certificate
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.talker import Talker
from tests.integration.peers.waiting import eventually
from tests.integration.proxy import Proxy

FRONT, FIRST, SECOND = "127.0.90.1", "127.0.90.2", "127.0.90.3"
NAME = "mail.example.com"
PAGES = 10

SITE = """
[service]
log = {{ access = "access.log" }}
[frontends.web]
mode = "http"
bind = "{front}:{port}"
tls = {{ mode = "implicit", certificates = "mail.pem" }}
backend = "owa"
routes = {{ path = "/ws", backend = "talker" }}
[backends.owa]
tls = {{ mode = "implicit", ca = "authority.pem" }}
check = {{ type = "https", preset = "healthcheck", path = "/owa/healthcheck.htm" }}
servers = {{ ex1 = "{first}:{behind}", ex2 = "{second}:{behind}" }}
[backends.talker]
check = "off"
servers = {{ ex1 = "{first}:{talker}" }}
"""

TALK = """
const said = given[0], socket = new WebSocket(`wss://${location.host}/ws`);
socket.binaryType = "arraybuffer";
const opened = new Promise((resolve, reject) => { socket.onopen = resolve; socket.onerror = reject; });
await opened;
const heard = [];
const next = () => new Promise(resolve => { socket.onmessage = event => resolve(event.data); });
for (const word of said) { const answer = next(); socket.send(word); heard.push(await answer); }
const big = next();
socket.send(new Uint8Array(1 << 20).fill(7));
const back = new Uint8Array(await big);
const closed = new Promise(resolve => { socket.onclose = event => resolve([event.code, event.reason, event.wasClean]); });
socket.send("close 4002 enough said");
return { heard, size: back.length, whole: back.every(octet => octet === 7), closed: await closed };
"""


class BrowserTests(PeerTestCase):
    def setUp(self) -> None:
        super().setUp()
        needs.require(*nginx.NEEDS, *chromium.NEEDS)
        behind, talker, port = free_port(FIRST, SECOND), free_port(FIRST), free_port(FRONT)
        authority = trustme.CA()
        self.talker = Talker("talker", FIRST, talker)
        self.started(nginx.Nginx("ex1", FIRST, behind, authority), nginx.Nginx("ex2", SECOND, behind, authority), self.talker)
        site = {"front": FRONT, "port": port, "first": FIRST, "second": SECOND, "behind": behind, "talker": talker}
        self.proxy = Proxy("proxy", FRONT, port, SITE.format(**site))
        certificate = authority.issue_cert(NAME)
        write_certificate(self.proxy.folder / "mail.pem", certificate)
        write_authority(self.proxy.folder, authority)
        self.browser = chromium.Chromium.on_loopback({NAME: FRONT}, certificate)
        self.started(self.proxy, self.browser)
        self.addCleanup(self.proxy.end)
        self.address = f"https://{NAME}:{port}"

    def test_pages_cookies_and_websockets(self) -> None:
        """One test, for a browser takes seconds to start."""
        self.each_of_its_connections_has_one_server()
        self.a_cookie_is_as_the_server_set_it()
        self.a_websocket_talks_and_ends_with_the_servers_code()

    def each_of_its_connections_has_one_server(self) -> None:
        """It has several: what a page needs beside itself may come on another."""
        servers = [self.browser.visit(f"{self.address}/page?{number}") for number in range(PAGES)]
        self.assertLessEqual(set(servers), {"ex1", "ex2"})
        eventually(lambda: sum("GET /page?" in line for line in self.proxy.accessed()) == PAGES, "a line for each page")
        lines = [line.split() for line in self.proxy.accessed()]
        self.assertEqual(len({(line[0], line[3]) for line in lines}), len({line[0] for line in lines}))

    def a_cookie_is_as_the_server_set_it(self) -> None:
        server = self.browser.visit(f"{self.address}/page")
        cookie = self.browser.cookies()["whose"]
        flags = {name: cookie[name] for name in ("value", "path", "secure", "httpOnly", "sameSite")}
        self.assertEqual(flags, {"value": server, "path": "/", "secure": True, "httpOnly": True, "sameSite": "Lax"})
        self.assertEqual(self.browser.run("return document.cookie"), "")
        self.assertEqual(self.browser.run("return await (await fetch('/told')).text()"), f"whose={server}")

    def a_websocket_talks_and_ends_with_the_servers_code(self) -> None:
        found = self.browser.run(TALK, ["hello", "ÄÖÜ", "ping are you there"])
        closed = [4002, "enough said", True]
        self.assertEqual(found, {"heard": ["hello", "ÄÖÜ", "pong"], "size": 1 << 20, "whole": True, "closed": closed})
        self.talker.wait_for_log("closed 4002 enough said")
