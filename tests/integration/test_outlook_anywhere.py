"""RPC over HTTP through mode ``http``: impacket's client, which opens two channels of a gigabyte each and speaks on both."""

import contextlib
import json
import logging
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Any

import trustme
from impacket.dcerpc.v5.rpcrt import DCERPC_v5, DCERPCException
from impacket.dcerpc.v5.transport import HTTPTransport
from impacket.http import AUTH_AUTO, AUTH_BASIC
from impacket.uuid import uuidtup_to_bin

from tests.integration.crowd import resident
from tests.integration.peers.certificates import write_certificate
from tests.integration.peers.doorkeeper import DOMAIN, password
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.rpcproxy import FACTS, TALK, WAIT, RpcProxy
from tests.integration.peers.samba import INTERFACES
from tests.integration.peers.waiting import eventually
from tests.integration.proxy import Proxy

FRONT, FIRST, SECOND = "127.0.90.1", "127.0.90.2", "127.0.90.3"
OUTLOOKS = [f"127.0.90.{number}" for number in range(100, 108)]
SILENCE = 5
"""Seconds without a byte after which a channel is cut, where that matters."""
LONG = 120
"""The same where it does not: what takes a fraction of that did not wait for it."""
MEGABYTE = 1 << 20

SITE = """
[service]
workers = {workers}
log = {{ access = "access.log" }}
[frontends.web]
mode = "http"
bind = ["{front}:{plain}", {{ address = "{front}:{tls}", tls = {{ mode = "implicit", certificates = "mail.pem" }} }}]
timeouts = {{ client = "{silence}s" }}
backend = "nobody"
routes = {{ path = "/rpc", backend = "rpc" }}
[backends.nobody]
check = "off"
servers = {{ ex1 = "{first}:1" }}
[backends.rpc]
check = "off"
timeouts = {{ server = "{silence}s" }}
persistence = {{ kind = "source" }}
servers = {{ ex1 = "{first}:{behind}", ex2 = "{second}:{behind}" }}
"""


class Outlook(HTTPTransport):
    """Comes from an address of its own, and waits no longer than a test may."""

    def __init__(self, source: str, user: str, url: str, scheme: str = AUTH_AUTO) -> None:
        super().__init__("ex.example.com", 6001)
        self.source = source
        self.default_headers = {**self.default_headers, "x-oDD-cASE": "Kept"}
        self.set_rpc_proxy_url(url)  # first: who it gives its credentials to depends on it
        self.set_auth_type(scheme)
        self.set_credentials(user, password(user), "" if scheme == AUTH_BASIC else DOMAIN)

    def get_auth_headers_auto(self, http_obj: HTTPConnection, *request: Any) -> Any:
        return super().get_auth_headers_auto(self._own(http_obj), *request)

    def get_auth_headers_basic(self, http_obj: HTTPConnection, *request: Any) -> Any:
        return super().get_auth_headers_basic(self._own(http_obj), *request)

    def _own(self, connection: HTTPConnection) -> HTTPConnection:
        """A channel's connection, before anything was sent on it."""
        connection.source_address = (self.source, 0)
        connection.timeout = 60
        return connection

    def rpc_out_recv1(self, amt: int | None = None) -> bytes:
        """An end would be no end for it: it would read on and on."""
        octets = bytes(super().rpc_out_recv1(amt))
        if not octets:
            raise ConnectionResetError("the OUT channel has ended")
        return octets

    def disconnect(self) -> None:
        with contextlib.suppress(KeyError):  # it has left already
            super().disconnect()


class Scene(PeerTestCase):
    workers = 1
    silence = LONG

    def setUp(self) -> None:
        super().setUp()
        # It calls a ping of the server's an error, and would say so on the test's output.
        logger = logging.getLogger("impacket")
        self.addCleanup(logger.setLevel, logger.level)
        logger.setLevel(logging.CRITICAL)
        behind, self.plain, self.tls = free_port(FIRST, SECOND), free_port(FRONT), free_port(FRONT)
        users = [f"person-{number}" for number in range(len(OUTLOOKS))]
        self.servers = {name: RpcProxy(name, host, behind, users) for name, host in (("ex1", FIRST), ("ex2", SECOND))}
        self.started(*self.servers.values())
        site = {"front": FRONT, "plain": self.plain, "tls": self.tls, "first": FIRST, "second": SECOND, "behind": behind}
        configuration = SITE.format(workers=self.workers, silence=self.silence, **site)
        self.proxy = Proxy("proxy", FRONT, self.plain, configuration)
        write_certificate(self.proxy.folder / "mail.pem", trustme.CA().issue_cert("mail.example.com"))
        self.started(self.proxy)
        self.addCleanup(self.proxy.end)

    def outlook(self, number: int, *, secure: bool = False, scheme: str = AUTH_AUTO) -> DCERPC_v5:
        """Somebody who has bound to emsmdb, and is let go with the test."""
        url = f"https://{FRONT}:{self.tls}" if secure else f"http://{FRONT}:{self.plain}"
        outlook = Outlook(OUTLOOKS[number], f"person-{number}", f"{url}/rpc/rpcproxy.dll", scheme)
        dce: DCERPC_v5 = outlook.get_dce_rpc()
        dce.connect()
        self.addCleanup(dce.disconnect)
        identifier, major, minor = INTERFACES["emsmdb"]
        dce.bind(uuidtup_to_bin((identifier, f"{major}.{minor}")))
        return dce

    def call(self, outlook: DCERPC_v5, number: int, said: bytes = b"") -> bytes:
        outlook.call(number, said)
        return bytes(outlook.recv())

    def facts(self, outlook: DCERPC_v5) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads(self.call(outlook, FACTS))
        return facts

    def channels(self) -> list[tuple[str, str]]:
        """Verb and termination of each channel that ended."""
        words = [line.replace('"', "").split() for line in self.proxy.accessed()]
        found = [(next(word for word in line if word.startswith("RPC_")), line) for line in words]
        return [(verb, line[9][:2]) for verb, line in found if line[5] != "401"]


class ManyTests(Scene):
    def test_both_channels_of_each_are_his_and_on_one_server(self) -> None:
        ways = [(secure, scheme) for secure in (False, True) for scheme in (AUTH_AUTO, AUTH_BASIC)]

        def come(number: int) -> dict[str, Any]:
            secure, scheme = ways[number % len(ways)]
            outlook = self.outlook(number, secure=secure, scheme=scheme)
            for _ in range(20):
                facts = self.facts(outlook)
            return facts

        with ThreadPoolExecutor(len(OUTLOOKS)) as threads:
            found = list(threads.map(come, range(len(OUTLOOKS))))
        for number, facts in enumerate(found):
            self.assertEqual((facts["in_user"], facts["out_user"]), (f"person-{number}", f"person-{number}"))
        self.assertEqual({facts["server"] for facts in found}, {"ex1", "ex2"})


class ManyWithTwoWorkersTests(ManyTests):
    workers = 2


class ChannelTests(Scene):
    def test_the_head_comes_as_it_was_written(self) -> None:
        facts = self.facts(self.outlook(0))
        for verb, head, length in (("IN", facts["in_head"], 1 << 30), ("OUT", facts["out_head"], 76)):
            self.assertEqual(head[0], f"RPC_{verb}_DATA /rpc/rpcproxy.dll?ex.example.com:6001 HTTP/1.1")
            names = [line.partition(":")[0] for line in head[1:]]
            sent = ["Host", "Accept-Encoding", "User-Agent", "Cache-Control", "Expect", "Accept", "Pragma", "x-oDD-cASE"]
            self.assertEqual([name for name in names if name in sent], sent)
            self.assertIn(f"Content-Length: {length}", head)
            self.assertIn("Expect: 100-continue", head)
            self.assertIn("x-oDD-cASE: Kept", head)
            self.assertIn(f"X-Forwarded-For: {OUTLOOKS[0]}", head)

    def test_what_is_said_on_a_channel_of_a_gigabyte_is_heard_at_once(self) -> None:
        outlook = self.outlook(0)
        self.facts(outlook)
        before = resident(self.proxy)
        # a call is over in a few milliseconds when nobody else wants the processors; one that was held up never would be
        eventually(lambda: self.takes(outlook) < 0.02, "a call that is answered at once")
        for _ in range(4):
            outlook.call(FACTS, b"x" * MEGABYTE)
            outlook.recv()
        facts = self.facts(outlook)
        self.assertGreater(facts["in"], 4 * MEGABYTE)
        self.assertLess(resident(self.proxy) - before, 4096)

    def takes(self, outlook: DCERPC_v5) -> float:
        """Seconds of a call."""
        began = time.perf_counter()
        self.facts(outlook)
        return time.perf_counter() - began

    def test_what_a_server_has_to_say_comes_and_is_acknowledged_on_the_other_channel(self) -> None:
        outlook = self.outlook(0)
        self.assertEqual(self.call(outlook, TALK, b"2000000"), b"x" * 2_000_000)
        self.assertGreater(self.facts(outlook)["acks"], 10)

    def test_who_has_to_log_in_is_told_so_before_his_gigabyte(self) -> None:
        head = f"RPC_IN_DATA /rpc/rpcproxy.dll HTTP/1.1\r\nHost: {FRONT}\r\nContent-Length: {1 << 30}\r\n\r\n"
        with socket.create_connection((FRONT, self.plain), LONG) as client:
            began = time.monotonic()
            client.sendall(head.encode())
            answer = client.makefile("rb").read()
            self.assertLess(time.monotonic() - began, self.silence / 2)
        self.assertTrue(answer.startswith(b"HTTP/1.1 401 Unauthorized\r\n"), answer)
        self.assertIn(b"WWW-Authenticate: NTLM, Basic\r\n", answer)

    def test_who_leaves_is_gone_from_his_server_too(self) -> None:
        outlook = self.outlook(0)
        self.facts(outlook)
        outlook.disconnect()
        eventually(lambda: len(self.channels()) == 2, "both channels to end")
        ends = dict(self.channels())
        self.assertEqual(ends.pop("RPC_IN_DATA"), "CD")
        # The server hears of it on the other channel, and may be first to end this one.
        self.assertIn(ends["RPC_OUT_DATA"], ("CD", "SD"))

    def test_when_the_server_dies_both_channels_end(self) -> None:
        outlook = self.outlook(0)
        name = self.facts(outlook)["server"]
        self.servers[name].stop()
        began = time.monotonic()
        self.assertRaises((OSError, DCERPCException), self.facts, outlook)
        self.assertLess(time.monotonic() - began, self.silence / 2)
        eventually(lambda: len(self.channels()) == 2, "both channels to end")
        self.assertEqual(self.facts(self.outlook(0))["server"], "ex2" if name == "ex1" else "ex1")


class SilenceTests(Scene):
    silence = SILENCE

    def test_pings_keep_both_channels_open_for_longer_than_silence_may_last(self) -> None:
        outlook = self.outlook(0, secure=True)
        long = str(1.5 * SILENCE).encode()
        self.assertEqual(self.call(outlook, WAIT, long), long)
        self.assertGreater(self.facts(outlook)["pings"], 2)

    def test_silence_may_last_for_a_while_and_no_longer(self) -> None:
        outlook = self.outlook(0)
        time.sleep(SILENCE / 5)
        self.assertEqual(self.facts(outlook)["server"], self.facts(outlook)["server"])
        eventually(lambda: len(self.channels()) == 2, "both channels to be cut")
        ends = dict(self.channels())
        self.assertEqual(ends.pop("RPC_IN_DATA"), "cD")
        # The other was silent for less long, and the server may have ended it for want of this one.
        self.assertIn(ends["RPC_OUT_DATA"], ("sD", "SD"))
        self.assertRaises((OSError, DCERPCException), self.facts, outlook)
