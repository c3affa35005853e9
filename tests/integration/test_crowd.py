"""Thousands of hostile clients of the real proxy: its memory stays bounded, everybody else is served as before, all are counted.

Ordinary clients are measured beside those of a proxy of the same kind, where none of the others are.
"""

import re
import ssl
from collections import Counter
from itertools import cycle

import trustme

from exproxy.wire.proxyheader import encode_v1
from tests.integration.crowd import Address, Crowd, Hall, Visitor, Visitors, allow_descriptors, holds, reset, resident, settles
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.waiting import eventually
from tests.integration.proxy import Proxy
from tests.proxy.test_preface import client_hello

FRONT = "127.0.0.1"
SERVERS = "127.0.0.2"
MANY = 5000
TIMES, BESIDE = 3, 10.0
"""A visit among them may take so many times as long as one apart from them, and so many milliseconds besides."""
IN_TIME = "20s"
"""After which those are sent away who do not begin: by then all have to be there, and to be seen."""
HEADER = encode_v1(("203.0.113.5", 999), ("198.51.100.1", 25))

SITE = """
[service]
log = {{ access = "access.log" }}
[defaults]
timeouts = {{ handshake = "{patience}", preface = "{patience}" }}
[frontends.plain]
bind = "{front}:{plain}"
backend = "hall"
[frontends.flooded]
bind = "{front}:{flooded}"
backend = "flood"
[frontends.behind]
bind = {{ address = "{front}:{behind}", accept_proxy = ["127.0.0.0/8"] }}
backend = "hall"
[frontends.tls]
bind = "{front}:{tls}"
tls = {{ mode = "implicit", certificates = "mail.pem" }}
backend = "hall"
[backends.hall]
check = "off"
servers = {{ one = "{hall}" }}
[backends.flood]
check = "off"
servers = {{ one = "{flood}" }}
"""


class CrowdTests(PeerTestCase):
    def setUp(self) -> None:
        super().setUp()
        allow_descriptors(3 * MANY)
        self.hall, self.flood = Hall(SERVERS), Hall(SERVERS, flood=True)
        self.addCleanup(self.hall.stop)
        self.addCleanup(self.flood.stop)

    def open(self, patience: str = "1h") -> None:
        """:param patience: with those who do not begin."""
        authority = trustme.CA()
        self.leaf = authority.issue_cert("mail.example.com")
        self.trust = ssl.create_default_context()
        authority.configure_trust(self.trust)
        self.proxy, self.addresses = self.running("proxy", patience)
        self.apart, self.quiet = self.running("apart", patience)

    def running(self, name: str, patience: str) -> tuple[Proxy, dict[str, Address]]:
        """A proxy, and where its front ends are."""
        ports = {front: free_port(FRONT) for front in ("plain", "flooded", "behind", "tls")}
        servers = {"hall": "{}:{}".format(*self.hall.address), "flood": "{}:{}".format(*self.flood.address)}
        configuration = SITE.format(front=FRONT, patience=patience, **ports, **servers)
        proxy = Proxy(name, FRONT, ports["plain"], configuration, defaults="")
        self.leaf.private_key_and_cert_chain_pem.write_to_path(str(proxy.folder / "mail.pem"))
        self.started(proxy)
        return proxy, {front: (FRONT, port) for front, port in ports.items()}

    def crowd(self, frontend: str) -> Crowd:
        crowd = Crowd(self.addresses[frontend])
        self.addCleanup(crowd.leave)
        return crowd

    def visitors(self, frontend: str) -> Visitors:
        tls, before = self.trust if frontend == "tls" else None, HEADER if frontend == "behind" else b""
        among, apart = (Visitor(addresses[frontend], before, tls) for addresses in (self.addresses, self.quiet))
        return Visitors(among, apart, TIMES, BESIDE)

    def assertGrew(self, before: int, most: float, clients: int) -> None:
        grown = (resident(self.proxy) - before) / clients
        self.assertLess(grown, most, f"{grown:.1f} KB for each of {clients} clients")

    def ends(self, frontend: str) -> Counter[str]:
        """How often sessions of it ended with which letters."""
        lines = [line.split() for line in self.proxy.accessed()]
        return Counter(line[6] for line in lines if line[2] == frontend)

    def failed(self) -> int:
        """How many the log has told of, once the proxy has ended."""
        return sum(int(count) for count in re.findall(r"(\d+) (?:more )?(?:prefaces?|TLS handshakes?)\b", self.proxy.logged()))

    def test_those_who_say_nothing(self) -> None:
        self.open()
        visitors, crowd = self.visitors("plain"), self.crowd("plain")
        memory = resident(self.proxy)
        crowd.come(MANY)
        holds(self.proxy, 2 * MANY)
        visitors.assert_unharmed()
        self.assertGrew(memory, 6, MANY)
        crowd.leave()
        eventually(lambda: self.ends("plain") == {"--": MANY + visitors.among.visits}, "a line for each")
        self.proxy.end()

    def test_those_who_never_begin_a_handshake(self) -> None:
        self.silent("tls", most=6)

    def test_those_who_never_send_a_proxy_header(self) -> None:
        self.silent("behind", most=6)

    def silent(self, frontend: str, most: float) -> None:
        """They are sent away in time.

        :param most: kilobytes that each may cost.
        """
        self.open(IN_TIME)
        visitors, crowd = self.visitors(frontend), self.crowd(frontend)
        memory = resident(self.proxy)
        crowd.come(MANY)
        holds(self.proxy, MANY)
        visitors.assert_unharmed()
        self.assertGrew(memory, most, MANY)
        eventually(lambda: self.ends(frontend) == {"--": visitors.among.visits, "cR": MANY}, "an end of each", 120)
        self.proxy.end()
        self.assertEqual(self.failed(), MANY)

    def test_those_who_read_nothing(self) -> None:
        self.open()
        visitors, crowd = self.visitors("plain"), self.crowd("flooded")
        memory = resident(self.proxy)
        crowd.come(300, buffer=16_384)
        holds(self.proxy, 600)
        # between two looks somebody was served: neither we nor the proxy stood still
        settles(lambda: (visitors.among.visit(), self.flood.said)[1], "the server to be stopped by clients that do not read")
        visitors.assert_unharmed()
        self.assertGrew(memory, 300, 300)
        crowd.leave()
        eventually(lambda: sum(self.ends("flooded").values()) == 300, "a line for each")
        self.proxy.end()

    def test_those_who_send_a_byte_now_and_then(self) -> None:
        self.open()
        visitors = self.visitors("plain")
        memory = resident(self.proxy)
        crowds = [self.crowd(name) for name in ("plain", "tls", "behind")]
        for crowd in crowds:
            crowd.come(1000)
        holds(self.proxy, 4000)
        words = b"x" * len(HEADER), client_hello("mail.example.com"), HEADER
        turns = (
            (client, word[number : number + 1])
            for number in range(len(HEADER) - 1)
            for crowd, word in zip(crowds, words, strict=True)
            for client in crowd.clients
        )

        def trickle() -> None:
            for _ in range(20):
                client, byte = next(turns)
                client.send(byte)

        visitors.assert_unharmed(trickle)
        self.assertGrew(memory, 40, 3000)
        for crowd in crowds:
            crowd.leave()
        eventually(lambda: all(sum(self.ends(name).values()) >= 1000 for name in ("plain", "tls", "behind")), "a line for each")
        self.proxy.end()

    def test_those_who_reset(self) -> None:
        self.open()
        visitors = self.visitors("plain")
        memory = resident(self.proxy)
        scenes = [
            ("plain", b""),
            ("plain", b"x"),
            ("tls", b""),
            ("tls", client_hello("mail.example.com")),
            ("behind", HEADER[:9]),
        ]
        scenes += [("behind", HEADER), ("flooded", b"")]
        turns, done = cycle(scenes), Counter[str]()

        def resets() -> None:
            for _ in range(5):
                frontend, words = next(turns)
                reset(self.addresses[frontend], words)
                done[frontend] += 1

        visitors.assert_unharmed(resets)
        done["plain"] += visitors.among.visits
        eventually(lambda: {name: sum(self.ends(name).values()) for name in done} == done, "a line for each")
        self.assertGrew(memory, 2, sum(done.values()))
        self.proxy.end()
