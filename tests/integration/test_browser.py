"""Chromium, TLS to us and nginx behind: pages, cookies of the server's and of ours, websockets."""

import trustme

from tests.integration.peers import chromium, needs, nginx
from tests.integration.peers.certificates import write_authority, write_certificate
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.talker import Talker
from tests.integration.peers.waiting import eventually
from tests.integration.proxy import ADMIN, Proxy

FRONT, FIRST, SECOND = "127.0.90.1", "127.0.90.2", "127.0.90.3"
NAME = "mail.example.com"
PAGES = 10

SITE = """
[service]
workers = 2
log = {{ access = "access.log" }}
[frontends.web]
mode = "http"
bind = "{front}:{port}"
tls = {{ mode = "implicit", certificates = "mail.pem" }}
backend = "owa"
[[frontends.web.routes]]
path = "/ws"
backend = "talker"
[[frontends.web.routes]]
path = "/ours"
backend = "ours"
[[frontends.web.routes]]
path = ["/page", "/told"]
backend = "theirs"
[backends.owa]
tls = {{ mode = "implicit", ca = "authority.pem" }}
check = {{ type = "https", preset = "healthcheck", path = "/owa/healthcheck.htm" }}
servers = {{ ex1 = "{first}:{behind}", ex2 = "{second}:{behind}" }}
[backends.ours]
persistence = {{ kind = "cookie", name = "balance", same_site = "strict" }}
tls = {{ mode = "implicit", ca = "authority.pem" }}
check = {{ type = "https", preset = "healthcheck", path = "/owa/healthcheck.htm" }}
servers = {{ ex1 = "{first}:{behind}", ex2 = "{second}:{behind}" }}
[backends.theirs]
persistence = {{ kind = "app-cookie", name = "whose" }}
tls = {{ mode = "implicit", ca = "authority.pem" }}
check = "off"
servers = {{ ex1 = "{first}:{behind}", ex2 = "{second}:{behind}" }}
[backends.talker]
check = "off"
servers = {{ ex1 = "{first}:{talker}" }}
"""

FLAGS = {"path": "/", "secure": True, "httpOnly": True}

MANY = f"""
const ask = async number => (await fetch(`${{given[0]}}?${{number}}`)).text();
return await Promise.all(Array.from({{ length: {PAGES} }}, (_, number) => ask(number)));
"""
"""Asks at once, and so on several connections."""

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
        self.servers = {name: nginx.Nginx(name, host, behind, authority) for name, host in (("ex1", FIRST), ("ex2", SECOND))}
        self.started(*self.servers.values(), self.talker)
        site = {"front": FRONT, "port": port, "first": FIRST, "second": SECOND, "behind": behind, "talker": talker}
        self.proxy = Proxy("proxy", FRONT, port, SITE.format(**site) + ADMIN)
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
        self.the_servers_own_cookie_sticks()
        self.a_cookie_of_ours_sticks_and_is_for_nobody_else()
        self.a_cookie_whose_server_is_down_is_replaced()
        self.a_websocket_talks_and_ends_with_the_servers_code()

    def each_of_its_connections_has_one_server(self) -> None:
        """Without a cookie they may have another each."""
        for backend in ("owa", "ours"):
            for server in self.servers:
                self.proxy.wait_until(f"{backend}/{server}", "up")
        self.proxy.wait_for_workers()
        for number in range(PAGES):
            self.browser.visit(f"{self.address}/owa/?{number}")
        self.assertLessEqual(set(self.browser.run(MANY, "/owa/many")), {"this is ex1\n", "this is ex2\n"})
        lines = self.lines("owa", 2 * PAGES)
        self.assertEqual(len({(line[0], line[3]) for line in lines}), len({line[0] for line in lines}))

    def the_servers_own_cookie_sticks(self) -> None:
        server = self.browser.visit(f"{self.address}/page")
        self.assertEqual(self.cookie("whose"), {"value": server, **FLAGS, "sameSite": "Lax"})
        self.assertEqual(self.browser.run("return document.cookie"), "")
        lines = self.on_several_connections("theirs", 1, "/told", f"whose={server}")
        self.assertEqual({line[3] for line in lines}, {f"theirs/{server}"})

    def a_cookie_of_ours_sticks_and_is_for_nobody_else(self) -> None:
        server = self.ours()
        cookie = self.cookie("balance")
        self.assertEqual(cookie, {**cookie, **FLAGS, "sameSite": "Strict"})
        self.assertNotIn(server, cookie["value"])
        self.assertEqual(self.browser.run("return document.cookie"), "")
        self.assertEqual({self.ours() for _ in range(PAGES)}, {server})
        lines = self.on_several_connections("ours", 1 + PAGES, "/ours/many", f"this is {server}\n")
        self.assertEqual({line[3] for line in lines}, {f"ours/{server}"})
        self.assertEqual(self.cookie("balance"), cookie)

    def a_cookie_whose_server_is_down_is_replaced(self) -> None:
        server, before = self.ours(), self.cookie("balance")
        other = "ex2" if server == "ex1" else "ex1"
        for well, state in ((False, "down"), (True, "up")):
            after = self.proxy.written()
            self.servers[server].answer(well=well)
            self.proxy.wait_until(f"ours/{server}", state, after)
            self.proxy.wait_for_workers()
            self.assertEqual({self.ours() for _ in range(3)}, {other})
            self.assertNotEqual(self.cookie("balance"), before)

    def ours(self) -> str:
        """The server of a page of that back end."""
        self.browser.visit(f"{self.address}/ours/page")
        return str(self.browser.run("return document.body.innerText")).strip().removeprefix("this is ")

    def cookie(self, name: str) -> dict[str, object]:
        cookie = self.browser.cookies()[name]
        return {key: cookie[key] for key in ("value", *FLAGS, "sameSite")}

    def on_several_connections(self, backend: str, before: int, path: str, answer: str) -> list[list[str]]:
        """Ask for many at once, all of which are to get that answer: the access lines.

        Once more where a connection was so quick that it had all of them before there was another one.

        :param before: how many lines there are already.
        """
        lines: list[list[str]] = []
        for turn in range(1, 21):
            self.assertEqual(set(self.browser.run(MANY, path)), {answer})
            lines = self.lines(backend, before + turn * PAGES)
            if len({line[0] for line in lines}) > 1:
                return lines
        raise AssertionError(f"all came on one connection: {lines}")

    def lines(self, backend: str, count: int) -> list[list[str]]:
        """The access lines of a back end in words, when there are as many as ``count``."""

        def found() -> list[list[str]]:
            lines = [line.split() for line in self.proxy.accessed()]
            return [line for line in lines if len(line) > 3 and line[3].startswith(f"{backend}/")]

        eventually(lambda: len(found()) >= count, f"{count} lines of {backend}")
        return found()

    def a_websocket_talks_and_ends_with_the_servers_code(self) -> None:
        found = self.browser.run(TALK, ["hello", "ÄÖÜ", "ping are you there"])
        closed = [4002, "enough said", True]
        self.assertEqual(found, {"heard": ["hello", "ÄÖÜ", "pong"], "size": 1 << 20, "whole": True, "closed": closed})
        self.talker.wait_for_log("closed 4002 enough said")
