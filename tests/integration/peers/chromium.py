"""A real browser: Chromium without a window, led by its driver (https://www.w3.org/TR/webdriver2/)."""

import base64
import hashlib
import http.client
import json
from typing import Any

import attrs
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.integration.peers.needs import CHROMEDRIVER, CHROMIUM, program
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import Peer

NEEDS = (CHROMIUM, CHROMEDRIVER)
HERE = "127.0.0.1"
"""Where the driver listens, and nowhere else."""

QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-extensions",
)
"""No window, and no word to anybody but those whom a test sends it to; root may have no sandbox."""

PATIENCE = 90
"""Seconds for its start, and for each page and script: it is slow where others have the processors."""

KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c", "Space": "\ue00d"}


@attrs.define
class Chromium(Peer):
    """It finds every name in ``names`` at the address beside it and no other name at all, and trusts ``certificate``."""

    names: dict[str, str] = attrs.field(factory=dict)
    certificate: trustme.LeafCert | None = None
    _session: str = ""

    @classmethod
    def on_loopback(cls, names: dict[str, str], certificate: trustme.LeafCert) -> "Chromium":
        return cls("chromium", HERE, free_port(HERE), names, certificate)

    def command(self) -> list[str]:
        return [program("chromedriver") or "chromedriver", f"--port={self.port}"]

    def ready(self) -> bool:
        return bool(self._call("GET", "/status")["ready"])

    def start(self) -> None:
        """The driver, and the browser by its first session."""
        super().start()
        rules = [f"MAP {name} {address}" for name, address in self.names.items()]
        arguments = [
            *QUIET,
            f"--user-data-dir={self.folder / 'profile'}",
            f"--host-resolver-rules={', '.join([*rules, 'MAP * ~NOTFOUND'])}",
            f"--ignore-certificate-errors-spki-list={self._fingerprint()}",
        ]
        chrome = {"binary": program("chromium"), "args": arguments}
        logs = {"browser": "ALL", "performance": "ALL"}
        wanted = {
            "browserName": "chrome",
            "goog:chromeOptions": chrome,
            "goog:loggingPrefs": logs,
            "timeouts": {"script": PATIENCE * 1000},
        }
        self._session = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]

    def stop(self) -> None:
        """The browser first: it would outlive its driver for a moment."""
        session, self._session = self._session, ""
        try:
            if session:
                self._call("DELETE", f"/session/{session}")
        finally:
            super().stop()

    def visit(self, url: str) -> str:
        """Load a page; its title."""
        self._ask("url", {"url": url})
        return str(self._ask("title"))

    def where(self) -> str:
        """The address of the page; a script would wait for an answer from one that is being left."""
        return str(self._ask("url"))

    def back(self) -> None:
        """To the page before."""
        self._ask("back", {})

    def run(self, script: str, *arguments: object) -> Any:
        """What the body of an asynchronous function returns on the page, as JSON can say it."""
        wrapped = (
            "const done = arguments[arguments.length - 1];"
            f"(async (...given) => {{ {script} }})(...arguments).then(done, error => done('failed: ' + error));"
        )
        return self._ask("execute/async", {"script": wrapped, "args": list(arguments)})

    def devtools(self, command: str, **said: object) -> Any:
        """What its own tools for developers can do (https://chromedevtools.github.io/devtools-protocol/)."""
        return self._ask("goog/cdp/execute", {"cmd": command, "params": said})

    def screen(self, width: int, height: int, phone: bool = False, dark: bool = False) -> None:
        """What it is shown on from now on."""
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.devtools("Emulation.setEmulatedMedia", features=[scheme])

    def picture(self, whole: bool = False) -> bytes:
        """A PNG of what is seen, or of all of the page."""
        taken = self.devtools("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(taken["data"])

    def complaints(self) -> list[str]:
        """What its console has said since the last time: errors of scripts, loads that failed, what a policy forbade.

        But for its own pages: that of a new tab calls the network slow when it is itself.
        """
        entries = [entry for entry in self._ask("se/log", {"type": "browser"}) if not entry["message"].startswith("chrome://")]
        return [f"{entry['level']}: {entry['message']}" for entry in entries]

    def requests(self) -> list[str]:
        """The addresses that it has asked for since the last time, whoever had it do so."""
        messages = [json.loads(entry["message"])["message"] for entry in self._ask("se/log", {"type": "performance"})]
        return [one["params"]["request"]["url"] for one in messages if one["method"] == "Network.requestWillBeSent"]

    def click(self, selector: str) -> None:
        """As a person would: it has to be there and in sight."""
        self._ask(f"element/{self._find(selector)}/click", {})

    def type(self, selector: str, text: str) -> None:
        """In place of what stands in a field."""
        element = self._find(selector)
        self._ask(f"element/{element}/clear", {})
        self._ask(f"element/{element}/value", {"text": text})

    def read(self, selector: str) -> str:
        """What one sees there, without any script of the page's."""
        return str(self._ask(f"element/{self._find(selector)}/text"))

    def press(self, *keys: str) -> None:
        """On the keyboard, one after the other; :data:`KEYS` has those that are no characters."""
        strokes = [{"type": kind, "value": KEYS.get(key, key)} for key in keys for kind in ("keyDown", "keyUp")]
        self._ask("actions", {"actions": [{"type": "key", "id": "keyboard", "actions": strokes}]})

    def _find(self, selector: str) -> str:
        (element,) = self._ask("element", {"using": "css selector", "value": selector}).values()
        return str(element)

    def cookies(self) -> dict[str, dict[str, Any]]:
        """What it keeps for the page, with what scripts do not see, by name."""
        return {cookie["name"]: cookie for cookie in self._ask("cookie")}

    def forget_cookies(self) -> None:
        self._call("DELETE", f"/session/{self._session}/cookie")

    def _ask(self, what: str, said: object = None) -> Any:
        return self._call("GET" if said is None else "POST", f"/session/{self._session}/{what}", said)

    def _call(self, method: str, path: str, said: object = None) -> Any:
        """:raises AssertionError: the driver has a complaint."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=2 * PATIENCE)
        try:
            connection.request(method, path, None if said is None else json.dumps(said))
            response = connection.getresponse()
            value = json.loads(response.read())["value"]
        finally:
            connection.close()
        assert response.status == 200, f"{method} {path}: {value}"
        return value

    def _fingerprint(self) -> str:
        """Of its public key, as the browser's list of exceptions wants it."""
        assert self.certificate is not None
        leaf = x509.load_pem_x509_certificate(self.certificate.cert_chain_pems[0].bytes())
        public = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(hashlib.sha256(public).digest()).decode()
