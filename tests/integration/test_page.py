"""The page for administrators in a real browser: looked at, acted on, by mouse, by keyboard, on a phone, and without scripts."""

import socket
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import trustme

from exproxy.admin.events import ALL
from exproxy.config.passwords import hashed
from tests.integration.peers import chromium, needs
from tests.integration.peers.greeter import Greeter
from tests.integration.peers.ports import free_port
from tests.integration.peers.waiting import eventually
from tests.integration.proxy import Proxy
from tests.integration.test_admin import FIRST, FRONT, LOOPBACK, SECOND, AdminTestCase

USERS = f"""
[admin.users.anna]
password = "{hashed("secret")}"
role = "operator"
[admin.users.otto]
password = "{hashed("secret")}"
"""
TABLE = """
[tables.cas]
kind = "source"
expire = "60m"
[backends.a.persistence]
table = "cas"
"""
HOSTILE = """
[admin]
listen = "{admin}"
[frontends.front]
bind = "{front}"
backend = "a"
[backends.a]
check = {{ type = "smtp", timeout = "500ms" }}
servers = {{ ex2 = "{server}" }}
"""
HOST_DRAIN, HOST_MAINT, HOST_READY = (f'a[href="/hosts/ex1/{order}"]' for order in ("drain", "maint", "ready"))
MENU = "#main details[id='menu:/servers/a/ex1']"
DIALOG = "dialog[open]"
YES, NO = f"{DIALOG} button", f"{DIALOG} [data-no]"

FOCUS = "return document.activeElement.getAttribute('href') ?? document.activeElement.closest('details')?.id ?? ''"
WIDER = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
OUTSIDE = """
const long = {
  sessions: "120 of 500", queue: "12", rate: "120", max: "310", total: "1 040 310", in: "812.4 MB", out: "812.4 MB",
  errors: "120",
};
for (const place of document.querySelectorAll("[data-fact]")) {
  const key = place.dataset.fact.split(" ").at(-1);
  if (key in long) place.textContent = long[key];
}
const width = document.documentElement.clientWidth;
const outside = [...document.querySelectorAll("*")].filter(one => one.getBoundingClientRect().right > width + 1);
return document.documentElement.scrollWidth > width ? outside.map(one => `${one.tagName} ${one.className}`) : []"""
"""What lies outside of the window, with numbers as a busy site has them."""
RING = "const s = getComputedStyle(document.activeElement); return s.outlineStyle + ' ' + s.outlineWidth"


class PageTestCase(AdminTestCase):
    """A browser before the site of :class:`AdminTestCase`."""

    def setUp(self) -> None:
        needs.require(*chromium.NEEDS)
        super().setUp()
        self.browser = chromium.Chromium.on_loopback({"localhost": LOOPBACK}, trustme.CA().issue_cert("localhost"))

    def open(self, users: str = "", more: str = "") -> None:
        self.run_proxy(users=users + more)
        self.started(self.browser)
        self.address = f"http://localhost:{self.port}"
        self.browser.screen(1280, 900)

    def visit(self, path: str = "/") -> None:
        self.browser.visit(self.address + path)

    def log_in(self, name: str) -> None:
        self.visit("/")
        self.browser.type("#user", name)
        self.browser.type("#password", "secret")
        self.browser.click("button")
        self.until(lambda: self.browser.read(".brand"), "the page")

    def text(self, selector: str = "body") -> str:
        return self.browser.read(selector)

    def until(self, condition: Callable[[], Any], what: str) -> Any:
        """Until something on the page is so; what is replaced meanwhile is looked for again."""

        refused: list[str] = []

        def tried() -> Any:
            try:
                return condition()
            except AssertionError as error:
                refused[:] = [str(error)[:300]]
                return None

        try:
            return eventually(tried, what)
        except AssertionError as error:
            raise AssertionError(f"{error} {refused}") from error

    def shows(self, words: str, selector: str = "body") -> None:
        self.until(lambda: words in " ".join(self.text(selector).split()), f"{words!r} on the page")

    def live(self) -> None:
        self.shows("live", "#live[data-tone=good]")

    def settled(self) -> None:
        """No complaint of the browser, and no word to anybody else."""
        self.assertEqual(self.browser.complaints(), [])
        foreign = [url for url in self.browser.requests() if not url.startswith((self.address, "data:", "chrome:", "about:"))]
        self.assertEqual(foreign, [])

    def state(self, server: str) -> tuple[str, str]:
        found = self.server(server)
        return found["operational"], found["own_admin"]

    def host(self) -> str:
        return str(next(host["admin"] for host in self.seen()["hosts"] if host["name"] == "ex1"))


class LookingTests(PageTestCase):
    def test_it_shows_what_happens_without_being_loaded_again(self) -> None:
        self.open()
        self.visit()
        self.shows("All is well: 2 front ends serve, 4 servers take clients")
        self.live()
        self.browser.run("window.same = true")
        self.it_draws()
        self.sessions_come()
        self.a_server_goes_down_and_comes_back()
        self.assertTrue(self.browser.run("return window.same"))
        self.settled()

    def it_draws(self) -> None:
        self.until(lambda: self.browser.run("return document.querySelectorAll('canvas').length") == 2, "two charts")

    def sessions_come(self) -> None:
        for _ in range(4):
            self.client()
        self.until(lambda: self.text('[data-fact="f a sessions"]') == "4", "4 sessions of front end a")
        self.until(lambda: self.text('b[data-fact="sessions"]') == "4", "4 sessions of all")

    def a_server_goes_down_and_comes_back(self) -> None:
        self.checks[0].close()
        self.shows("ex1 is down in all its 2 back ends", "#concerns")
        self.shows("down", '#backends [data-fact="s a/ex1 state"]')
        self.shows("2 servers take no new clients", ".verdict")
        self.shows("up → down", "#log")
        self.checks[0] = socket.create_server((FIRST, self.checked))
        self.shows("All is well", ".verdict")
        self.until(lambda: "is down" not in self.text(), "nothing to look at")

    def test_what_a_reload_brings_and_takes_is_seen_without_loading_the_page_again(self) -> None:
        self.open()
        self.visit()
        self.live()
        self.browser.run("window.same = true")
        first = self.proxy.file.read_text()
        place = "[backends.a.servers]\n"
        for text, names in ((first.replace(place, f'{place}ex9 = "{SECOND}:{self.behind}"\n'), 3), (first, 2)):
            self.proxy.file.write_text(text)
            done = self.exproxy("reload")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.until(lambda names=names: self.text('[data-fact="b a state"]') == f"{names} of {names} usable", "the servers")
            links = "return document.querySelectorAll('#backends a[href^=\"/servers/a/\"]:not([data-ask])').length"
            self.until(lambda names=names, links=links: self.browser.run(links) == names, "a line for each")
            self.shows("had the configuration read anew", "#log")
        self.assertTrue(self.browser.run("return window.same"))
        self.settled()

    def test_what_there_is_can_be_read_without_scripts(self) -> None:
        self.open()
        self.client()
        self.browser.devtools("Emulation.setScriptExecutionDisabled", value=True)
        self.visit()
        for words in ("All is well", "looking only", "as of the moment it was loaded", "1 of 8000", "2 of 2 usable"):
            self.assertIn(words, " ".join(self.text().replace("\u202f", "").split()))
        self.browser.click("#backends tbody th a")
        self.until(lambda: "--- connected to" in self.text("#checks"), "the dialogue of its check")
        self.assertIn("starting →", self.text("#history"))
        self.settled()

    def test_who_only_looks_is_offered_nothing_to_do(self) -> None:
        self.open(USERS)
        self.log_in("otto")
        self.shows("otto, viewer")
        self.assertEqual(self.browser.run("return document.querySelectorAll('[data-ask]').length"), 0)
        self.visit("/hosts/ex1/drain")
        self.assertIn("otto may look and not change anything", self.text())
        self.assertEqual(self.host(), "ready")

    def test_what_a_server_says_is_only_text(self) -> None:
        hostile = b"220 <script>document.title='run'</script><img src=x onerror=alert(1)>\r\n"
        behind = free_port(SECOND)
        self.addCleanup(Greeter(SECOND, behind, hostile).stop)
        site = HOSTILE.format(admin=f"{LOOPBACK}:{self.port}", front=f"{FRONT}:{self.fronts['a']}", server=f"{SECOND}:{behind}")
        self.proxy = Proxy("proxy", FRONT, self.fronts["a"], site)
        self.started(self.proxy, self.browser)
        self.address = f"http://localhost:{self.port}"
        self.visit("/servers/a/ex2")
        self.shows("<script>document.title='run'</script>", "#checks")
        self.assertEqual(self.browser.run("return document.title"), "a/ex2 · exproxy")
        self.assertEqual(self.browser.run("return document.images.length"), 0)
        self.visit()
        self.live()
        self.assertEqual(
            self.browser.run("return [document.title, document.scripts.length, document.images.length]"), ["exproxy", 2, 0]
        )
        self.settled()


class DeafTests(AdminTestCase):
    """Viewers who do not read, as many as there may be, and more."""

    def test_they_cost_nothing_and_keep_nobody_waiting(self) -> None:
        self.run_proxy()
        before = self.memory()
        deaf = [self.viewer(f"127.0.141.{number}") for number in range(1, ALL + 1)]
        self.addCleanup(lambda: [viewer.close() for viewer in deaf])
        for viewer in deaf:
            self.assertEqual(viewer.recv(12, socket.MSG_PEEK | socket.MSG_WAITALL), b"HTTP/1.1 200")
        refused = self.viewer("127.0.141.100")
        self.addCleanup(refused.close)
        self.assertIn(b" 429 ", refused.recv(100))
        waited = []
        began = time.monotonic()
        while time.monotonic() - began < 8:
            asked = time.monotonic()
            self.client()
            waited.append(time.monotonic() - asked)
            self.clients.pop().close()
            self.assertEqual(self.curl("/readyz")[0], 200)
        # the machine may keep some waiting; viewers who stop us would keep all
        self.assertLess(statistics.median(waited), 1.0)
        self.assertLess(self.memory() - before, 16_000)

    def viewer(self, address: str) -> socket.socket:
        """It asks for events, and reads none."""
        viewer = socket.socket()
        viewer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        viewer.settimeout(60)
        viewer.bind((address, 0))
        viewer.connect((LOOPBACK, self.port))
        viewer.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return viewer

    def memory(self) -> int:
        """KB that are there and not on disk."""
        status = Path(f"/proc/{self.proxy.process.pid}/status").read_text("ascii")
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))


class ActingTests(PageTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.open(USERS, TABLE)
        self.log_in("anna")
        self.live()

    def test_a_host_is_drained_put_into_maintenance_and_made_ready(self) -> None:
        self.ask(HOST_DRAIN)
        self.assertIn("In all its 2 back ends at once", self.text(DIALOG))
        self.browser.click(NO)
        self.gone()
        self.assertEqual(self.host(), "ready")
        for link, state in ((HOST_DRAIN, "drain"), (HOST_MAINT, "maint"), (HOST_READY, "ready")):
            self.ask(link)
            self.browser.click(YES)
            self.gone()
            self.until(lambda state=state: self.text('#hosts [data-fact="h ex1 state"]') == state, f"ex1 shown as {state}")
            self.assertEqual(self.host(), state)
            self.shows(f"anna set host ex1 to {state}", "#log")
            self.shows(f"Done: set host ex1 to {state}", "#notice")
        self.settled()

    def test_a_server_is_drained_weighed_and_its_sessions_are_ended(self) -> None:
        for _ in range(4):
            self.client()
        for order, state in (("drain", "drain"), ("maint", "maint"), ("ready", "ready")):
            self.choose(order)
            self.browser.click(YES)
            self.gone()
            self.until(lambda state=state: self.state("a/ex1") == ("up", state), f"a/ex1 set to {state}")
            self.shows(f"anna set server a/ex1 to {state}", "#log")
        self.a_weight_is_refused_and_another_is_taken()
        self.sessions_are_ended()
        self.settled_but_for(" 422 ")

    def a_weight_is_refused_and_another_is_taken(self) -> None:
        self.choose("weight")
        self.browser.run("document.querySelector('dialog form').noValidate = true")
        self.browser.type(f"{DIALOG} input[name=weight]", "999")
        self.browser.click(YES)
        self.shows("The weight is a whole number from 0 to 256.", DIALOG)
        self.assertEqual(self.server("a/ex1")["weight"], 1)
        self.browser.type(f"{DIALOG} input[name=weight]", "7")
        self.browser.click(YES)
        self.gone()
        self.until(lambda: self.text('#backends [data-fact="s a/ex1 weight"]') == "7", "weight 7 shown")
        self.assertEqual(self.server("a/ex1")["weight"], 7)

    def sessions_are_ended(self) -> None:
        live = self.server("a/ex1")["sessions"] + self.server("a/ex2")["sessions"]
        self.assertEqual(live, 4)
        for name in ("ex1", "ex2"):
            self.visit(f"/servers/a/{name}")
            self.live()
            self.ask(f'a[href="/servers/a/{name}/end-sessions"]')
            self.browser.click(NO)
            self.gone()
            self.assertEqual(self.server("a/ex1")["sessions"] + self.server("a/ex2")["sessions"], live)
            self.ask(f'a[href="/servers/a/{name}/end-sessions"]')
            self.browser.click(YES)
            self.gone()
            self.until(lambda name=name: self.server(f"a/{name}")["sessions"] == 0, "no sessions")
            live = self.server("a/ex1")["sessions"] + self.server("a/ex2")["sessions"]
        self.assertEqual([client.recv(10) for client in self.clients], [b""] * 4)

    def test_a_table_is_cleared(self) -> None:
        self.client()
        self.visit("/tables/cas")
        self.shows("1 of 100", "#state")
        self.ask('a[href="/tables/cas/clear"]')
        self.browser.click(YES)
        self.gone()
        self.shows("It is empty.", "#entries")
        self.visit()
        self.assertIn("anna cleared table cas, which had 1 entry", " ".join(self.text("#log").split()))
        self.settled()

    def test_all_of_it_can_be_done_by_keyboard(self) -> None:
        self.browser.press("Tab", "Enter")
        self.until(lambda: self.browser.run("return document.activeElement.id") == "main", "the focus on what the page is for")
        self.walk_to("/hosts/ex1/drain")
        self.browser.press("Enter")
        self.until(lambda: self.text(DIALOG), "the dialog")
        self.assertEqual(self.browser.run("return document.activeElement.textContent"), "Cancel")
        self.browser.press("Escape")
        self.gone()
        self.focus("/hosts/ex1/drain")
        self.assertEqual(self.host(), "ready")
        self.walk_to("menu:/servers/a/ex1")
        self.browser.press("Enter", "Tab")
        self.focus("/servers/a/ex1/drain")
        self.browser.press("Escape")
        self.focus("menu:/servers/a/ex1")
        self.browser.press("Enter", "Tab", "Enter")
        self.until(lambda: self.text(DIALOG), "the dialog")
        self.browser.press("Tab")
        self.browser.run("document.querySelector('dialog button').focus()")
        self.browser.press("Enter")
        self.gone()
        self.until(lambda: self.state("a/ex1") == ("up", "drain"), "a/ex1 drained")
        self.focus("menu:/servers/a/ex1")
        self.settled()

    def focus(self, wanted: str) -> None:
        self.until(lambda: self.browser.run(FOCUS) == wanted, f"the focus on {wanted}")

    def walk_to(self, wanted: str) -> None:
        """By Tab alone; what has the focus is seen to have it, everywhere on the way."""
        for _ in range(60):
            self.browser.press("Tab")
            self.until(lambda: self.browser.run(RING) == "solid 3px", "a ring around what has the focus")
            if self.browser.run(FOCUS) == wanted:
                return
        self.fail(f"{wanted} is not reached by Tab")

    def test_on_a_phone_nothing_is_cut_off(self) -> None:
        self.browser.screen(360, 740, phone=True)
        for path in ("/", "/servers/a/ex1", "/tables/cas", "/hosts/ex1/maint"):
            self.visit(path)
            self.until(lambda: self.browser.run(WIDER) == 0, f"all of {path} in sight")
        self.visit()
        self.live()
        self.ask(HOST_DRAIN)
        self.until(lambda: self.browser.run(WIDER) == 0, "all in sight")
        self.browser.click(YES)
        self.gone()
        self.until(lambda: self.host() == "drain", "ex1 drained")
        self.settled()

    def test_on_a_small_screen_what_is_further_down_can_be_reached(self) -> None:
        self.browser.screen(800, 500)
        self.visit()
        self.live()
        self.choose("drain")
        self.browser.press("Escape")
        self.gone()
        self.browser.run("scrollTo(0, 0)")
        self.browser.click('nav a[href="#log"]')
        self.until(lambda: self.browser.run("return document.getElementById('log').getBoundingClientRect().top") < 500, "the log")
        self.settled()

    def test_on_windows_of_any_width_no_column_lies_outside(self) -> None:
        for width in (800, 1024, 1101, 1250, 1251, 1280, 1366, 1440, 1536, 1701, 1920):
            self.browser.screen(width, 900)
            self.until(lambda width=width: self.nothing_outside(width), f"all within {width} pixels")
        self.settled()

    def nothing_outside(self, width: int) -> bool:
        self.assertEqual(self.browser.run(OUTSIDE), [], width)
        return True

    def test_without_scripts_it_is_asked_on_a_page_of_its_own(self) -> None:
        self.browser.devtools("Emulation.setScriptExecutionDisabled", value=True)
        self.visit()
        self.browser.click(HOST_DRAIN)
        self.until(lambda: "Drain: host ex1" in self.text("h1"), "the question")
        self.browser.click("[data-no]")
        self.until(lambda: self.text("#hosts"), "the first page")
        self.assertEqual(self.host(), "ready")
        self.browser.click(HOST_DRAIN)
        self.until(lambda: self.text("#question"), "the question")
        self.browser.click("#question button")
        self.shows("Done: set host ex1 to drain, which was ready", "#notice")
        self.assertEqual(self.host(), "drain")
        self.settled()

    def test_who_is_not_logged_in_any_more_is_led_to_where_one_logs_in(self) -> None:
        self.browser.click(".about form button")
        self.until(lambda: self.text("label"), "the login")
        self.visit("/servers/a/ex1")
        self.assertIn("Password", self.text())

    def ask(self, link: str) -> None:
        """Until it can be clicked: the page may just be replacing it."""
        self.until(lambda: self.browser.click(link) or True, link)
        self.until(lambda: self.text(DIALOG), "the dialog")

    def choose(self, order: str) -> None:
        """From the menu of a/ex1."""
        self.until(lambda: self.browser.click(f"{MENU}:not([open]) summary") or True, "the menu")
        self.ask(f'{MENU} a[href="/servers/a/ex1/{order}"]')

    def gone(self) -> None:
        """With all that follows: a dialog is empty, and the focus back (which scrolls there), a moment after it has closed."""
        self.until(lambda: self.browser.run("return !document.querySelector('dialog[open], dialog #question')"), "no dialog")

    def settled_but_for(self, words: str) -> None:
        """What was refused is told by the browser, too."""
        self.assertEqual([line for line in self.browser.complaints() if words not in line], [])
