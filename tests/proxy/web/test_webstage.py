"""Whatever clients and servers do, in whatever order: nothing is left behind, and nobody gets another's answer."""

import re
from base64 import b64encode
from ipaddress import ip_network
from random import Random

from exproxy.pool import Admin, Backend, Group, Table
from exproxy.pool.key import HashedKeys, SourceKeys
from exproxy.pool.logins import Logins
from exproxy.pool.rates import Rates
from exproxy.pool.seal import Seal
from exproxy.proxy.frontend import Frontend
from exproxy.proxy.networks import Networks
from exproxy.proxy.web.guard import AccessRule, Action, Guard, Tarpit
from exproxy.proxy.web.persistence import Inserted, Sticky, key_of_user
from exproxy.wire.web.cookies import Writing
from tests.net.memory import CHUNK, PeerSession, Recorder
from tests.proxy.web.webstage import CONTINUE, GET, OK, WebStage, get, post

SEEDS = 200
STEPS = 40

CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
SAID = (
    GET,
    GET + GET,
    get("/x", "Connection: close"),
    get("/ws", "Upgrade: websocket", "Connection: Upgrade"),
    GET.replace(b"GET", b"HEAD"),
    post(b"hello"),
    post(b"", "Expect: 100-continue", length=5),
    post(b"x" * CHUNK, length=3 * CHUNK),
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"hello",
    b"x" * CHUNK,
    b"nonsense\r\n\r\n",
)
ANSWERED = (
    OK,
    OK + OK,
    CONTINUE,
    CONTINUE + OK,
    CHUNKS,
    b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
    b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (3 * CHUNK) + b"y" * 3 * CHUNK,
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"ok",
    b"nonsense\r\n\r\n",
)


SEAL = Seal(b"secret", "cas", ("one", "two"))
SAID_TO_GUARDS = (
    get("/ecp"),
    get("/ecp") + GET,
    get("/powershell"),
    *(get("/owa", f"Cookie: ex={SEAL.seal(host, 0.0).decode()}") for host in ("one", "two")),
    *(get("/ews", f"Authorization: Basic {b64encode(name + b':x').decode()}") for name in (b"anna", b"bert", b"carl")),
    *(get("/ews", f"Authorization: NTLM {token}") for token in ("TlRMTVNTUAAB", "TlRMTVNTUAAD")),
    *(get("/owa", f"X-Forwarded-For: 192.0.2.{last}") for last in (1, 2)),
)
BELONGS = (
    (),
    *((f"Cookie: ex={SEAL.seal(host, 0.0).decode()}",) for host in ("one", "two")),
    *((f"Authorization: Basic {b64encode(name + b':x').decode()}",) for name in (b"anna", b"bert")),
)
REFUSED = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"


class DisorderTests(WebStage):
    said = SAID
    answered = ANSWERED

    def test_nothing_is_left_behind(self) -> None:
        for seed in range(SEEDS):
            self.setUp()
            self.play(Random(seed), f"seed {seed}")

    def play(self, rng: Random, what: str) -> None:
        pool, frontend = self.begin(rng)
        clients = [self.client() for _ in range(5)]
        for _ in range(STEPS):
            self.step(rng, rng.choice(clients))
            self.clock.pump([0] * rng.randrange(12))
            if rng.random() < 0.1:
                self.clock.advance(rng.choice((0.5, 11, 31)))
            self.assert_bounded(what)
        frontend.drain()
        for client in clients:
            client.stream.abort()
        for peer in self.servers.values():
            for session in peer.sessions:
                session.stream.resume()
        self.clock.pump([0.5] * 140)  # who has ended his side may still wait for an answer: as long as servers may think
        self.assertEqual((self.gate.taken, pool.sessions, pool.queued, len(frontend.sessions)), (0, 0, 0, 0), what)
        self.assertEqual((self.gate.kept.open, self.gate.kept.clients), (0, 0), what)
        self.assertTrue(all(stream.lost for stream in self.network.streams if stream.peer in self.addresses.values()), what)

    def begin(self, rng: Random) -> tuple[Backend, Frontend]:
        pool = self.servers_of("roundrobin", server={"maxconn": 2}, on_marked_down="shutdown-sessions")
        backend = self.backend(pool, abortonclose=rng.random() < 0.5)
        return pool, self.serve(backend, max_body=rng.choice((None, 3, 10 * CHUNK)))

    def step(self, rng: Random, client: Recorder) -> None:
        sessions = [session for peer in self.servers.values() for session in peer.sessions if not session.lost]
        session: PeerSession | None = rng.choice(sessions) if sessions else None
        stream = client.stream if rng.random() < 0.5 or session is None else session.stream
        data = rng.choice(self.said if stream is client.stream else self.answered)
        act = rng.random()
        if act < 0.75:
            cut = rng.choice((0, 0, rng.randrange(len(data))))
            if cut:
                stream.write(data[:cut])
                self.clock.pump([0] * rng.randrange(4))
            stream.write(data[cut:])
        elif act < 0.83:
            stream.pause()
        elif act < 0.93:
            stream.resume()
        elif act < 0.96:
            stream.write_eof()
        elif act < 0.98:
            stream.close()
        else:
            stream.abort()

    def assert_bounded(self, what: str) -> None:
        """Our ends queue no more than what came in one piece, with a head."""
        ours = [stream.other if stream.peer not in self.addresses.values() else stream for stream in self.network.streams]
        self.assertLess(max(len(stream.outbox) for stream in ours), 2 * CHUNK + 1000, what)


class GuardedDisorderTests(DisorderTests):
    """The same, where requests say where they belong, and a guard stands before them."""

    said = (*SAID, *SAID_TO_GUARDS)
    answered = (*ANSWERED, *(REFUSED,) * 3, OK, OK)

    def begin(self, rng: Random) -> tuple[Backend, Frontend]:
        self.group = Group(Table("cas", kind="super-http", size=4))
        balance = rng.choice(("roundrobin", "source", "leastconn"))
        pool = self.servers_of(balance, server={"maxconn": 2}, on_marked_down="shutdown-sessions", group=self.group)
        sticky = Sticky(pool, key_of_user(HashedKeys(b"secret")), True, cookie=Inserted(Writing(b"ex"), SEAL))
        networks = Networks((ip_network("127.0.0.0/8"),)) if rng.random() < 0.5 else Networks()
        self.guard = Guard(
            SourceKeys(),
            Tarpit(rng.choice((0.3, 5.0)), 2),
            (AccessRule(Action.TARPIT, paths=("/ecp",)), AccessRule(Action.DENY, paths=("/powershell",))),
            Rates(20, 10.0),
            Logins(3, 60.0, b"secret"),
            trusted=networks,
            patient=rng.random() < 0.5,
        )
        backend = self.backend(pool, abortonclose=rng.random() < 0.5, sticky=sticky)
        return pool, self.serve(backend, guard=self.guard, body_rate=rng.choice((None, 10.0)))

    def play(self, rng: Random, what: str) -> None:
        super().play(rng, what)
        logins = self.guard.logins
        assert logins is not None
        self.assertEqual((self.guard.tarpit.taken, logins._waiting, logins._slowed), (0, {}, {}), what)
        table = self.group.table
        entries = [table.peek(key) for key, _, _ in table.entries()]
        self.assertEqual([entry.live for entry in entries if entry is not None], [0] * len(entries), what)
        self.assertLessEqual(len(entries), 4)


class OwnTests(WebStage):
    def test_everybody_gets_the_answers_to_his_own_questions(self) -> None:
        for seed in range(20):
            self.setUp()
            self.ask_at_random(Random(seed))

    def ask_at_random(self, rng: Random) -> None:
        """The servers answer with what they were asked; each client asks for its own number, and leaves at times."""
        group = Group(Table("cas", kind="super-http", size=4))
        pool = self.servers_of("roundrobin", server={"maxconn": 5}, group=group)
        sticky = Sticky(pool, key_of_user(HashedKeys(b"secret")), True, cookie=Inserted(Writing(b"ex"), SEAL))
        self.serve(self.backend(pool, sticky=sticky if rng.random() < 0.7 else None))
        for peer in self.servers.values():
            peer.answer = self.echo
        clients = [self.client() for _ in range(6)]
        names = list(range(6))
        for count in range(60):
            number = rng.randrange(len(clients))
            if rng.random() < 0.15:
                clients[number].stream.close() if rng.random() < 0.5 else clients[number].stream.abort()
                clients[number] = self.client()
                names[number] = 6 + count
            if rng.random() < 0.05:
                pool.servers["two"].set_admin(rng.choice((Admin.READY, Admin.DRAIN, Admin.MAINT)), 0.0)
            question = get(f"/{names[number]}/{count}", *rng.choice(BELONGS))
            cut = rng.randrange(len(question))
            clients[number].stream.write(question[:cut])
            self.clock.pump([0] * rng.randrange(5))
            clients[number].stream.write(question[cut:])
            self.clock.pump([0] * rng.randrange(8))
        self.settle()
        for number, client in zip(names, clients, strict=True):
            for path in re.findall(rb"/(\d+)/\d+", client.data):
                self.assertEqual(int(path), number)
        for heard in (*self.got("one"), *self.got("two")):
            self.assertEqual(len({*re.findall(rb"GET /(\d+)/", heard)}), 1, "one client to a connection")

    @staticmethod
    def echo(data: bytes) -> bytes | None:
        if not data.endswith(b"\r\n\r\n"):
            return None
        path = data.split(b" ", 2)[1]
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(path) + path
