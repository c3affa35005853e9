"""Logging in at a real twistd over TLS: with Chromium, by keyboard, and with curl; and what pages of others can do to that."""

import json
import subprocess
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import trustme

from exproxy.config.passwords import hashed
from tests.integration.peers import chromium, needs
from tests.integration.peers.certificates import write_authority, write_certificate
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.waiting import eventually
from tests.integration.proxy import Proxy

FRONT, ADMIN, EVIL = "127.0.147.41", "127.0.147.42", "127.0.147.43"
NAME, OTHER = "lb.example.com", "evil.example.com"
SITE = """
[service]
workers = {workers}
[admin]
listen = "{admin}:{port}"
socket = "x.sock"
users = {{ anna = {{ password = "{password}", role = "operator" }} }}
tls = {{ certificates = "lb.pem" }}
hsts = "30d"
[hosts]
ex1 = "{front}"
[frontends.web]
bind = "{front}:{web}"
backend = "web"
[backends.web]
check = "off"
servers = {{ ex1 = 9 }}
"""
FORGED = """<!DOCTYPE html><title>evil</title><form method="post" action="https://{name}:{port}{path}" enctype="{kind}">
<input name="user" value="anna"><input name="password" value="secret"><input name="state" value="maint"></form>
<script>document.forms[0].submit()</script>"""
FETCH = """
const sent = { method: "PUT", body: '{"state": "maint"}', headers: given[1], credentials: "include" };
const answer = await fetch(given[0], sent);
return [answer.status, (await answer.json()).error ?? ""];
"""


class LoginTestCase(PeerTestCase):
    workers = 1

    def setUp(self) -> None:
        super().setUp()
        self.port, web = free_port(ADMIN), free_port(FRONT)
        site = {"admin": ADMIN, "port": self.port, "front": FRONT, "web": web, "workers": self.workers}
        self.proxy = Proxy("proxy", FRONT, web, SITE.format(password=hashed("secret"), **site))
        authority = trustme.CA()
        self.certificate = authority.issue_cert(NAME)
        write_certificate(self.proxy.folder / "lb.pem", self.certificate)
        self.authority = write_authority(self.proxy.folder, authority)
        self.started(self.proxy)
        self.address = f"https://{NAME}:{self.port}"

    def curl(self, path: str, *arguments: str) -> tuple[int, str, str]:
        """The status, the head and the body; cookies are kept."""
        jar = str(self.proxy.folder / "jar")
        where = ["--cacert", str(self.authority), "--resolve", f"{NAME}:{self.port}:{ADMIN}", "-b", jar, "-c", jar]
        command = ["curl", "-s", "-D", "-", "--max-time", "60", *where, *arguments, self.address + path]
        done = subprocess.run(command, capture_output=True, check=True, text=True)
        head, _, body = done.stdout.replace("\r\n", "\n").partition("\n\n")
        return int(head.split()[1]), head, body

    def state(self) -> str:
        where = ["--unix-socket", str(self.proxy.folder / "x.sock"), "http://localhost/api/v1/hosts/ex1"]
        done = subprocess.run(["curl", "-s", *where], capture_output=True, check=True)
        return str(json.loads(done.stdout)["admin"])


class ReloadTests(LoginTestCase):
    workers = 2

    def test_who_is_no_user_any_more_is_logged_out_when_the_configuration_is_read_anew(self) -> None:
        self.assertEqual(self.curl("/login", "-d", "user=anna&password=secret")[0], 303)
        self.assertEqual(self.curl("/api/v1/whoami")[0], 200)
        self.proxy.file.write_text(self.proxy.file.read_text().replace("anna =", "otto ="))
        order = ("-X", "POST", "-H", "Content-Type: application/json", "-d", "{}")
        where = ["--unix-socket", str(self.proxy.folder / "x.sock"), "http://localhost/api/v1/reload"]
        done = subprocess.run(["curl", "-s", *order, *where], capture_output=True, check=True)
        self.assertEqual(json.loads(done.stdout), {"applied": True, "changes": ["admin.users was changed"]})
        self.assertEqual(self.curl("/api/v1/whoami")[0], 401)
        self.assertEqual(self.curl("/login", "-d", "user=anna&password=secret")[0], 401)
        self.assertEqual(self.curl("/login", "-d", "user=otto&password=secret")[0], 303)
        self.proxy.end()


class LoginTests(LoginTestCase):
    def test_a_program_logs_in_acts_and_logs_out(self) -> None:
        drain = ("-X", "PUT", "-H", "Content-Type: application/json", "-d", '{"state": "drain"}')
        self.assertEqual(self.curl("/api/v1/hosts/ex1/state", *drain)[0], 401)
        self.assertEqual(self.curl("/login", "-d", "user=anna&password=wrong")[0], 401)
        status, head, _ = self.curl("/login", "-d", "user=anna&password=secret&next=/metrics")
        self.assertEqual(status, 303)
        for line in ("Location: /metrics", "HttpOnly; SameSite=Strict; Secure", "Strict-Transport-Security: max-age=2592000"):
            self.assertIn(line, head)
        self.assertIn(f"__Host-exproxy-{self.port}=", head)
        for token, wanted in (((), 403), (("-H", "X-CSRF-Token: x"), 403)):
            self.assertEqual(self.curl("/api/v1/hosts/ex1/state", *drain, *token)[0], wanted)
        self.assertEqual(self.state(), "ready")
        right = "X-CSRF-Token: " + json.loads(self.curl("/api/v1/whoami")[2])["csrf"]
        self.assertEqual(self.curl("/api/v1/hosts/ex1/state", *drain, "-H", right)[0], 200)
        self.assertEqual(self.state(), "drain")
        self.assertEqual(self.curl("/logout", "-X", "POST", "-H", right)[0], 303)
        self.assertEqual(self.curl("/api/v1/whoami")[0], 401)
        for sentence in ("anna logged in from", "anna set host ex1 to drain", "anna logged out", "a login from .* failed"):
            self.proxy.wait_for_log(f"audit: {sentence}")
        for secret in ("secret", "wrong", right.partition(": ")[2]):
            self.assertNotIn(secret, self.proxy.logged())
        self.proxy.end()

    def test_a_person_logs_in_by_keyboard_and_pages_of_others_can_do_nothing(self) -> None:
        """One test, for a browser takes seconds to start."""
        needs.require(*chromium.NEEDS)
        self.browser = chromium.Chromium.on_loopback({NAME: ADMIN, OTHER: EVIL}, self.certificate)
        self.started(self.browser)
        self.a_wrong_password_is_told()
        self.a_right_one_opens()
        self.the_cookie_is_for_nobody_else()
        self.pages_of_others_change_nothing()
        self.logged_out_nothing_is_seen()
        self.proxy.end()

    def a_wrong_password_is_told(self) -> None:
        self.browser.screen(390, 700, phone=True)
        self.browser.visit(self.address + "/api/v1/status")
        self.assertEqual(self.where(), f"{self.address}/login?next=/api/v1/status")
        self.until(lambda: self.browser.run("return document.activeElement.id") == "user", "the first field to have the focus")
        self.log_in("anna", "wrong")
        self.until(lambda: "the password is another one" in self.browser.read("[role=alert]"), "the fault")
        self.assertEqual(self.browser.run("return document.querySelector('#user').value"), "anna")
        self.until(lambda: self.browser.run("return document.activeElement.id") == "password", "the other field to have it")

    def a_right_one_opens(self) -> None:
        self.browser.press(*"secret", "Enter")
        self.until(lambda: self.where() == f"{self.address}/api/v1/status", "the page that was asked for")
        policy = [line for line in self.browser.complaints() if "Content Security" in line or "Content-Security" in line]
        self.assertEqual(policy, [])

    def the_cookie_is_for_nobody_else(self) -> None:
        kept = self.browser.cookies()
        self.assertEqual(set(kept), {f"__Host-exproxy-{self.port}", f"__Host-exproxy-known-{self.port}"})
        for cookie in kept.values():
            flags = {key: cookie[key] for key in ("httpOnly", "secure", "sameSite", "path")}
            self.assertEqual(flags, {"httpOnly": True, "secure": True, "sameSite": "Strict", "path": "/"})
        self.assertEqual(self.browser.run("return document.cookie"), "")

    def pages_of_others_change_nothing(self) -> None:
        kind = {"Content-Type": "application/json"}
        status, words = self.browser.run(FETCH, "/api/v1/hosts/ex1/state", kind)
        self.assertEqual((status, "there is no CSRF token" in words), (403, True))
        for path, encoding in (
            ("/login", "application/x-www-form-urlencoded"),
            ("/logout", "application/x-www-form-urlencoded"),
            ("/api/v1/hosts/ex1/state", "text/plain"),
        ):
            with Evil(FORGED.format(name=NAME, port=self.port, path=path, kind=encoding)) as there:
                self.browser.visit(f"http://{OTHER}:{there.port}/")
                self.until(lambda: self.where().startswith(self.address), f"the answer to a forged {path}")
        with Evil("<!DOCTYPE html><title>evil</title>") as there:
            self.browser.visit(f"http://{OTHER}:{there.port}/")
            said = self.browser.run(FETCH, f"{self.address}/api/v1/hosts/ex1/state", kind)
            self.assertIn("failed: TypeError", said)
        self.assertEqual(self.state(), "ready")
        self.browser.visit(self.address + "/metrics")
        self.assertEqual(self.where(), self.address + "/metrics")  # still logged in

    def logged_out_nothing_is_seen(self) -> None:
        self.browser.visit(self.address + "/")
        self.browser.click("form[action='/logout'] button")
        self.until(lambda: self.where() == self.address + "/login", "the login")
        self.assertEqual(set(self.browser.cookies()), {f"__Host-exproxy-known-{self.port}"})
        self.browser.back()
        self.until(lambda: "Password" in self.browser.read("body"), "the login again, and no page out of a cache")

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """What is looked for may not be there yet, while a page comes."""

        def tried() -> bool:
            try:
                return condition()
            except AssertionError:
                return False

        eventually(tried, what)

    def where(self) -> str:
        return self.browser.where()

    def log_in(self, user: str, password: str) -> None:
        """By keyboard alone."""
        self.browser.press(*user, "Tab", *password, "Enter")


class Evil:
    """A server of somebody else, with one page."""

    def __init__(self, page: str) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(page.encode())

            def log_message(self, *words: object) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer((EVIL, 0), Handler)
        self.port: int = self._server.server_address[1]

    def __enter__(self) -> "Evil":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
