"""Whose requests go where, by what they carry."""

import re
import time
from base64 import b64encode
from random import Random
from typing import Any

from exproxy import pool
from exproxy.pool import Admin
from exproxy.pool.key import HashedKeys
from exproxy.pool.seal import Seal
from exproxy.proxy.backend import Backend
from exproxy.proxy.web.persistence import (
    Inserted,
    Sticky,
    key_of_cookie,
    key_of_header,
    key_of_nothing,
    key_of_user,
    keys_in_cookies,
)
from exproxy.wire.web.cookies import Writing
from exproxy.wire.web.head import read_request, read_response
from exproxy.wire.web.limits import Limits
from exproxy.wire.web.origin import Origin
from tests.net.memory import Recorder
from tests.proxy.web import test_webstage
from tests.proxy.web.webstage import GET, OK, WebStage, get

OTHER = ("192.0.2.9", 80)
KEYS = HashedKeys(b"secret")
SEAL = Seal(b"secret", "cas", ("one", "two"))
COOKIE = re.compile(rb"\r\nSet-Cookie: ex=([A-Za-z0-9_-]{32}); path=/; HttpOnly\r\n")


def basic(user: str) -> str:
    return "Authorization: Basic " + b64encode(f"{user}:hunter2".encode()).decode()


LINES: tuple[tuple[str, ...], ...] = (
    (),
    *((basic(f"user{number}"),) for number in range(8)),
    *((f"Cookie: ex={SEAL.seal(host, 0.0).decode()}",) for host in ("one", "two")),
    ("Cookie: ex=nonsense",),
)


class StickyStage(WebStage):
    """The servers are ``one`` and ``two``, in turns; they answer with their names."""

    kind: Any = "cookie"

    def setUp(self) -> None:
        super().setUp()
        self.table = pool.Table("cas", kind=self.kind, size=100)
        self.group = pool.Group(self.table)
        self.hub = self.servers_of("roundrobin", group=self.group)
        self.seal = Seal(b"secret", "cas", ("one", "two"))
        sticky = self.sticky(self.hub, Inserted(Writing(b"ex"), self.seal))
        self.frontend = self.serve(self.backend(self.hub, sticky=sticky))
        for name in self.servers:
            self.answer(name)

    def sticky(self, hub: pool.Backend, inserted: Inserted) -> Sticky:
        return Sticky(hub, key_of_nothing, False, cookie=inserted)

    def answer(self, name: str, *lines: str) -> None:
        """What a server says to everything from now on."""
        head = "\r\n".join(["HTTP/1.1 200 OK", f"Content-Length: {len(name)}", *lines, "", name]).encode()
        self.servers[name].answer = lambda data: head if data.endswith(b"\r\n\r\n") else None

    def says(self, client: Recorder, *lines: str) -> tuple[str, bytes]:
        """The server that answered the next request of a client, and the whole answer."""
        before = len(client.data)
        self.send(client, get("/owa", *lines))
        answer = bytes(client.data[before:])
        return answer.rpartition(b"\r\n\r\n")[2].decode(), answer

    def where(self, *lines: str) -> str:
        """The server that a new client's request gets to."""
        client = self.client()
        name, _ = self.says(client, *lines)
        client.stream.close()
        self.settle()
        return name


class CookieTests(StickyStage):
    def value(self, host: str) -> str:
        return self.seal.seal(host, 0.0).decode()

    def test_who_brings_none_gets_one_and_comes_back_with_it(self) -> None:
        client = self.client()
        name, answer = self.says(client)
        (value,) = COOKIE.findall(answer)
        self.assertIn(b"\r\nCache-Control: private\r\n", answer)
        self.assertEqual({self.where(f"Cookie: ex={value.decode()}") for _ in range(6)}, {name})

    def test_others_are_spread(self) -> None:
        self.assertEqual([self.where() for _ in range(4)], ["one", "two", "one", "two"])

    def test_the_line_says_what_became_of_it(self) -> None:
        for line, letters in (
            ((), "NI"),
            ((f"Cookie: ex={self.value('two')}",), "VN"),
            (("Cookie: ex=forged",), "II"),
        ):
            client = self.client()
            self.says(client, *line)
            self.assertEqual(self.requests()[-1].cookies, letters, line)
        self.hub.servers["two"].set_admin(Admin.MAINT, self.clock.seconds())
        self.says(self.client(), f"Cookie: ex={self.value('two')}")
        self.assertEqual(self.requests()[-1].cookies, "DU")

    def test_who_brings_it_is_not_told_again(self) -> None:
        _, answer = self.says(self.client(), f"Cookie: ex={self.value('two')}")
        self.assertNotIn(b"Set-Cookie", answer)
        self.assertNotIn(b"Cache-Control", answer)

    def test_who_says_the_same_again_and_again_has_it_read_each_time(self) -> None:
        """Heads that repeat are not read anew, but this one is changed."""
        client, line = self.client(), f"Cookie: a=b; ex={self.value('two')}"
        answers = [self.says(client, line) for _ in range(5)]
        self.assertEqual({name for name, _ in answers}, {"two"})
        self.assertNotIn(b"Set-Cookie", b"".join(answer for _, answer in answers))
        self.assertEqual(self.got("two")[0].count(b"\r\nCookie: a=b\r\n"), 5)

    def test_the_server_does_not_see_it_but_the_others(self) -> None:
        self.where(f"Cookie: a=b; ex={self.value('one')}; c=d")
        (heard,) = self.got("one")
        self.assertIn(b"\r\nCookie: a=b; c=d\r\n", heard)
        self.assertNotIn(self.value("one").encode(), heard)

    def test_what_was_not_sealed_here_is_not_believed_and_not_passed_on(self) -> None:
        forged = self.value("two")[:-1] + ("A" if self.value("two")[-1] != "A" else "B")
        foreign = Seal(b"another", "cas", ("one", "two")).seal("two", 0.0).decode()
        for value in (forged, foreign, "two", "", "x" * 4000):
            name, answer = self.says(self.client(), f"Cookie: ex={value}")
            self.assertEqual(len(COOKIE.findall(answer)), 1)
            self.assertNotIn(b"ex=", b"".join(self.got(name)))
        self.assertEqual({len(self.got("one")), len(self.got("two"))}, {2, 3})

    def test_one_that_has_expired_is_not_believed_and_one_that_is_old_is_renewed(self) -> None:
        seal = Seal(b"secret", "cas", ("one", "two"), expire=1000.0)
        self.serve(self.backend(self.hub, sticky=self.sticky(self.hub, Inserted(Writing(b"ex"), seal))), address=OTHER)
        now = time.time()
        expired, old, new = (seal.seal("two", now - age).decode() for age in (1001, 500, 10))
        for value, wanted, told in ((expired, "one", 1), (old, "two", 1), (new, "two", 0)):
            client = Recorder()
            self.network.connect(OTHER, client, 5.0)
            self.settle()
            name, answer = self.says(client, f"Cookie: ex={value}")
            self.assertEqual((name, len(COOKIE.findall(answer))), (wanted, told))

    def test_of_several_the_first_that_is_right_counts(self) -> None:
        for _ in range(3):
            self.assertEqual(self.where(f"Cookie: ex=nonsense; ex={self.value('two')}; ex={self.value('one')}"), "two")

    def test_a_cache_that_is_told_so_already_is_not_told_twice(self) -> None:
        for said in ("private", "no-store, max-age=0"):
            self.answer("one", f"Cache-Control: {said}")
            _, answer = self.says(self.client(), f"Cookie: ex={self.value('one')}x")
            self.assertEqual(answer.count(b"Cache-Control"), 1)

    def test_a_server_that_drains_keeps_its_clients_and_one_in_maintenance_does_not(self) -> None:
        self.hub.servers["one"].set_admin(Admin.DRAIN, 0.0)
        self.assertEqual((self.where(f"Cookie: ex={self.value('one')}"), self.where(), self.where()), ("one", "two", "two"))
        self.hub.servers["one"].set_admin(Admin.MAINT, 0.0)
        name, answer = self.says(self.client(), f"Cookie: ex={self.value('one')}")
        self.assertEqual((name, COOKIE.findall(answer)), ("two", [self.value("two").encode()]))

    def test_when_the_server_cannot_be_reached_the_client_moves_and_is_told(self) -> None:
        self.network.ports.pop(self.addresses["one"])
        client = self.client()
        client.stream.write(get("/", f"Cookie: ex={self.value('one')}"))
        self.clock.pump([0.25] * 40)
        self.assertEqual(COOKIE.findall(client.data), [self.value("two").encode()])

    def test_a_host_that_is_left_out_of_the_configuration_is_nobodys(self) -> None:
        gone = Seal(b"secret", "cas", ("three",)).seal("three", 0.0).decode()
        _, answer = self.says(self.client(), f"Cookie: ex={gone}")
        self.assertEqual(len(COOKIE.findall(answer)), 1)

    def test_a_switch_of_protocols_tells_it_too(self) -> None:
        switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
        self.servers["one"].answer = lambda data: switch
        client = self.asks(get("/ws", "Upgrade: websocket", "Connection: Upgrade"))
        self.assertEqual(len(COOKIE.findall(client.data)), 1)

    def test_an_interim_answer_does_not(self) -> None:
        self.servers["one"].answer = lambda data: b"HTTP/1.1 100 Continue\r\n\r\n" + OK
        client = self.asks(GET)
        interim, _, final = bytes(client.data).partition(b"\r\n\r\n")
        self.assertEqual((b"Set-Cookie" in interim, b"Set-Cookie" in final), (False, True))

    def test_a_page_of_ours_has_none(self) -> None:
        for server in self.hub.servers.values():
            server.set_admin(Admin.MAINT, 0.0)
        client = self.asks(GET)
        self.assertIn(b" 503 ", client.data)
        self.assertNotIn(b"Set-Cookie", client.data)


class SecureTests(StickyStage):
    """Whether the cookie is only for TLS."""

    def told(self, origin: Origin, *lines: str) -> bytes:
        """The cookie's line in the answer to a client that comes from there."""
        sticky = self.website.routes.default
        assert sticky is not None
        assert sticky.sticky is not None
        head = read_request(get("/", *lines), Limits())
        answer = read_response(OK.partition(b"ok")[0], Limits())
        return sticky.sticky.wish(head, origin, 0.0).answered(answer, "one", 0.0)[0]

    def test_it_is_where_the_client_speaks_tls_to_us(self) -> None:
        self.assertIn(b"; Secure; SameSite=None", self.told(Origin("192.0.2.7", tls=True)))
        self.assertNotIn(b"Secure", self.told(Origin("192.0.2.7", tls=False)))

    def test_it_is_where_a_proxy_that_we_trust_says_so(self) -> None:
        said = "X-Forwarded-Proto: https"
        self.assertIn(b"; Secure", self.told(Origin("192.0.2.7", tls=False, trusted=True), said))
        self.assertNotIn(b"Secure", self.told(Origin("192.0.2.7", tls=False, trusted=True)))
        self.assertNotIn(b"Secure", self.told(Origin("192.0.2.7", tls=False), said))


class ManyUsersTests(StickyStage):
    """One client connection with requests that belong to several servers: a proxy before us, with many users."""

    def value(self, host: str) -> str:
        return self.seal.seal(host, 0.0).decode()

    def test_each_request_goes_where_it_belongs_on_connections_that_stay(self) -> None:
        client = self.client()
        names = ["one", "two", "two", "one", "two", "one"]
        self.assertEqual([self.says(client, f"Cookie: ex={self.value(name)}")[0] for name in names], names)
        self.assertEqual([len(self.servers[name].sessions) for name in ("one", "two")], [1, 1])
        self.assertEqual(self.hub.sessions, 2)
        client.stream.close()
        self.settle()
        self.assertEqual((self.hub.sessions, self.gate.taken), (0, 0))
        self.assertTrue(all(session.eof for peer in self.servers.values() for session in peer.sessions))

    def test_the_answer_to_a_challenge_goes_where_that_came_from_though_another_tab_has_got_another_cookie(self) -> None:
        client = self.client()
        self.says(client, f"Cookie: ex={self.value('one')}", "Authorization: NTLM TlRMTVNTUAABAAAA")
        name, _ = self.says(client, f"Cookie: ex={self.value('two')}", "Authorization: NTLM TlRMTVNTUAADAAAA")
        self.assertEqual((name, len(self.servers["one"].sessions)), ("one", 1))
        self.assertEqual(self.says(client, f"Cookie: ex={self.value('two')}")[0], "two")

    def test_nobody_waits_for_slots_that_he_has_himself(self) -> None:
        for server in self.hub.servers.values():
            server.set_maxconn(1, self.clock.seconds())
        client = self.client()
        names = ["one", "two", "one", "two"]
        self.assertEqual([self.says(client, f"Cookie: ex={self.value(name)}")[0] for name in names], names)
        self.assertEqual([len(self.servers[name].sessions) for name in ("one", "two")], [1, 1])

    def test_two_clients_never_share_a_connection(self) -> None:
        clients = [self.client() for _ in range(3)]
        for _ in range(3):
            for client in clients:
                for name in ("one", "two"):
                    self.assertEqual(self.says(client, f"Cookie: ex={self.value(name)}")[0], name)
        self.assertEqual([len(self.servers[name].sessions) for name in ("one", "two")], [3, 3])

    def test_who_brings_nothing_stays_where_the_connection_was_last(self) -> None:
        client = self.client()
        first, _ = self.says(client)
        self.assertEqual({self.says(client)[0] for _ in range(4)}, {first})
        other = "two" if first == "one" else "one"
        self.says(client, f"Cookie: ex={self.value(other)}")
        self.assertEqual({self.says(client)[0] for _ in range(4)}, {other})

    def test_a_connection_that_was_put_aside_and_has_ended_is_made_anew(self) -> None:
        client = self.client()
        self.says(client, f"Cookie: ex={self.value('one')}")
        self.says(client, f"Cookie: ex={self.value('two')}")
        self.session("one").stream.close()
        self.settle()
        self.assertEqual(self.says(client, f"Cookie: ex={self.value('one')}")[0], "one")
        self.assertEqual((len(self.servers["one"].sessions), self.hub.sessions), (2, 2))

    def test_a_server_that_went_down_is_left_for_the_other_on_the_same_connection(self) -> None:
        client = self.client()
        for name in ("one", "two"):
            self.says(client, f"Cookie: ex={self.value(name)}")
        self.hub.servers["one"].set_admin(Admin.MAINT, 0.0)
        name, answer = self.says(client, f"Cookie: ex={self.value('one')}")
        self.assertEqual((name, COOKIE.findall(answer)), ("two", [self.value("two").encode()]))
        self.assertEqual(len(self.servers["two"].sessions), 1)

    def test_what_such_a_connection_carried_is_counted_once(self) -> None:
        client = self.client()
        (session,) = self.frontend.sessions
        for name in ("one", "two", "one"):
            self.says(client, f"Cookie: ex={self.value(name)}")
            session.tally()
        self.hub.servers["one"].set_admin(Admin.MAINT, 0.0)
        self.says(client, f"Cookie: ex={self.value('one')}")
        for _ in range(2):
            session.tally()
            self.assertEqual(self.hub.servers["two"].bytes_in, len(self.got("two")[0]))
        client.stream.close()
        self.settle()
        self.assertEqual(self.hub.servers["two"].bytes_in, len(self.got("two")[0]))


class UserTests(StickyStage):
    kind = "user"

    def sticky(self, hub: pool.Backend, inserted: Inserted) -> Sticky:
        return Sticky(hub, key_of_user(KEYS), by_source=True)

    def test_a_user_has_one_server_however_he_is_spelled(self) -> None:
        first = self.where(basic("CONTOSO\\anna"))
        self.assertEqual({self.where(basic(user)) for user in ("Anna", "anna@contoso.com", "contoso\\ANNA")}, {first})

    def test_users_are_spread(self) -> None:
        self.assertEqual({self.where(basic(f"user{number}")) for number in range(4)}, {"one", "two"})

    def test_all_others_go_by_their_address(self) -> None:
        said = [(), ("Authorization: Negotiate YII=",), ("Authorization: NTLM TlRM",), (basic(""),), ("Authorization: Bearer x",)]
        self.assertEqual(len({self.where(*lines) for lines in said}), 1)
        self.assertEqual(len(self.table), 1)

    def test_the_table_has_no_name_and_no_password(self) -> None:
        self.where(basic("CONTOSO\\anna"))
        ((key, host, _),) = self.table.entries()
        self.assertIn(host, ("one", "two"))
        self.assertEqual(key, KEYS.key("user", b"anna"))
        for word in (b"anna", b"hunter2", b"CONTOSO", b64encode(b"anna")):
            self.assertNotIn(word, key)

    def test_credentials_go_to_the_server_as_they_came(self) -> None:
        name = self.where(basic("anna"))
        self.assertIn(basic("anna").encode() + b"\r\n", self.got(name)[0])

    def test_one_connection_may_bring_several_users(self) -> None:
        client = self.client()
        first = {user: self.says(client, basic(user))[0] for user in "abcdef"}
        self.assertEqual(set(first.values()), {"one", "two"})
        self.assertEqual({user: self.says(client, basic(user))[0] for user in "fedcba"}, first)
        self.assertLessEqual(self.hub.sessions, 2)

    def test_nobody_fills_the_table_beyond_its_size(self) -> None:
        client = self.client()
        for number in range(150):
            self.says(client, basic(f"user{number}"))
        self.assertEqual((len(self.table), self.hub.sessions), (100, 2))
        self.assertEqual([len(peer.sessions) for peer in self.servers.values()], [1, 1])

    def test_a_connection_that_is_taken_over_may_have_been_closed_as_any_idle_one(self) -> None:
        client = self.client()
        for number in range(4):
            self.says(client, basic(f"user{number}"))
        answers = {name: peer.answer for name, peer in self.servers.items()}
        for peer in self.servers.values():
            peer.answer = None
        self.send(client, get("/owa", basic("anna")))
        (asked,) = [name for name in self.servers if b"/owa" in self.got(name)[0].rpartition(b"Basic YW5uYTp")[0]]
        for name, peer in self.servers.items():
            peer.answer = answers[name]
        self.session(asked).stream.close()
        self.settle()
        self.assertEqual(client.data.rpartition(b"\r\n\r\n")[2].decode(), asked)

    def test_a_new_user_does_not_wait_for_slots_that_his_own_connection_has(self) -> None:
        for server in self.hub.servers.values():
            server.set_maxconn(1, self.clock.seconds())
        for peer in self.servers.values():
            peer.close_after_greeting = False
        client = self.client()
        for number in range(6):
            client.stream.write(get("/owa", basic(f"user{number}")))
            self.settle()
            for peer in self.servers.values():
                for session in peer.sessions:
                    if session.eof and not session.lost:
                        session.stream.close()
            self.settle()
        self.assertEqual(client.data.count(b" 200 OK"), 6)

    def test_who_was_there_before_he_said_his_name_moves_where_he_belongs(self) -> None:
        home = self.where(basic("anna"))
        client = self.client()
        self.says(client)
        self.assertEqual(self.says(client, basic("anna"))[0], home)

    def test_a_user_moves_for_good_when_his_server_is_away(self) -> None:
        home = self.where(basic("anna"))
        self.hub.servers[home].set_admin(Admin.MAINT, 0.0)
        other = self.where(basic("anna"))
        self.hub.servers[home].set_admin(Admin.READY, 0.0)
        self.assertEqual([self.where(basic("anna")) for _ in range(3)], [other] * 3)
        self.assertNotEqual(other, home)

    def test_no_cookie_is_set(self) -> None:
        self.assertNotIn(b"Set-Cookie", self.says(self.client(), basic("anna"))[1])


class HeaderTests(StickyStage):
    kind = "header"

    def sticky(self, hub: pool.Backend, inserted: Inserted) -> Sticky:
        return Sticky(hub, key_of_header(KEYS, b"x-user"), by_source=True)

    def test_a_value_has_one_server(self) -> None:
        first = {value: self.where(f"X-User: {value}") for value in "abcd"}
        self.assertEqual(set(first.values()), {"one", "two"})
        self.assertEqual({value: self.where(f"x-uSer:  {value}") for value in "dcba"}, first)

    def test_who_has_none_goes_by_his_address(self) -> None:
        self.assertEqual(len({self.where(*lines) for lines in ((), ("X-User:",), ("X-Other: a",))}), 1)


class ApplicationTests(StickyStage):
    kind = "app-cookie"

    def sticky(self, hub: pool.Backend, inserted: Inserted) -> Sticky:
        return Sticky(hub, key_of_cookie(KEYS, b"sid"), by_source=False, keys_in=keys_in_cookies(KEYS, b"sid"))

    def test_what_a_server_gives_leads_back_to_it(self) -> None:
        for name in ("one", "two"):
            self.answer(name, f"Set-Cookie: sid=of-{name}; path=/")
        first, answer = self.says(self.client())
        self.assertIn(f"Set-Cookie: sid=of-{first}; path=/".encode(), answer)
        self.assertEqual({self.where(f"Cookie: a=b; sid=of-{first}") for _ in range(4)}, {first})

    def test_the_next_request_of_the_same_connection_stays(self) -> None:
        self.answer("one", "Set-Cookie: sid=x")
        client = self.client()
        self.assertEqual([self.says(client)[0], self.says(client, "Cookie: sid=x")[0]], ["one", "one"])
        self.assertEqual(len(self.servers["one"].sessions), 1)

    def test_one_that_is_not_known_is_remembered_where_it_went(self) -> None:
        first = self.where("Cookie: sid=old")
        self.assertEqual({self.where("Cookie: sid=old") for _ in range(4)}, {first})

    def test_who_has_none_is_balanced_and_not_remembered(self) -> None:
        self.assertEqual([self.where() for _ in range(4)], ["one", "two", "one", "two"])
        self.assertEqual(len(self.table), 0)

    def test_who_has_none_is_at_home_by_address_where_the_balancer_goes_by_that(self) -> None:
        self.hub.set_balance("source", 0.0)
        places = []
        for last in (*range(12), *range(12)):
            client = self.client(source=f"192.0.2.{last}")
            places.append(self.says(client)[0])
        self.assertEqual({*places}, {"one", "two"})
        self.assertEqual(places[:12], places[12:])
        self.assertEqual(len(self.table), 0)

    def test_a_request_without_it_stays_where_the_connection_was_last(self) -> None:
        """As one for an icon may be, for which the cookie is not."""
        client = self.client()
        first, _ = self.says(client, "Cookie: sid=x")
        self.assertEqual({self.says(client)[0] for _ in range(4)}, {first})
        self.assertEqual([len(self.servers[name].sessions) for name in ("one", "two")].count(0), 1)

    def test_one_that_is_taken_away_is_not_remembered(self) -> None:
        self.answer("one", "Set-Cookie: sid=; Max-Age=0")
        self.where()
        self.assertEqual(len(self.table), 0)

    def test_it_is_passed_on_and_not_kept(self) -> None:
        name = self.where("Cookie: sid=hunter2")
        self.assertIn(b"\r\nCookie: sid=hunter2\r\n", self.got(name)[0])
        self.assertNotIn(b"hunter2", b"".join(key for key, _, _ in self.table.entries()))


class SuperTests(StickyStage):
    kind = "super-http"

    def sticky(self, hub: pool.Backend, inserted: Inserted) -> Sticky:
        return Sticky(hub, key_of_user(KEYS), by_source=True, cookie=inserted)

    def cookie(self, host: str) -> str:
        return f"Cookie: ex={self.seal.seal(host, 0.0).decode()}"

    def test_the_cookie_comes_before_the_user_and_he_before_the_source(self) -> None:
        source = self.where()
        other = "two" if source == "one" else "one"
        self.group.learn(KEYS.key("user", b"anna"), other, 0.0)
        self.assertEqual(self.where(), source)
        self.assertEqual(self.where(basic("anna")), other)
        self.assertEqual(self.where(basic("anna"), self.cookie(source)), source)

    def test_who_is_known_by_anything_else_gets_a_cookie_for_there(self) -> None:
        home = self.where(basic("anna"))
        name, answer = self.says(self.client(), basic("anna"))
        self.assertEqual((name, COOKIE.findall(answer)), (home, [self.seal.seal(home, 0.0)]))

    def test_where_nothing_can_be_kept_no_cookie_says_otherwise(self) -> None:
        """A member that is not required, and whose own server is gone: its clients are elsewhere for the moment only."""
        self.hub.required = False
        self.servers_of("roundrobin", group=self.group)  # the group's other back end, which has both
        self.hub.servers["one"].set_admin(Admin.MAINT, 0.0)
        self.hub.settle(0.0)
        name, answer = self.says(self.client(), self.cookie("one"))
        self.assertEqual((name, COOKIE.findall(answer)), ("two", []))

    def test_when_the_cookies_server_is_away_the_user_counts(self) -> None:
        self.group.learn(KEYS.key("user", b"anna"), "two", 0.0)
        self.hub.servers["one"].set_admin(Admin.MAINT, 0.0)
        for _ in range(3):
            self.assertEqual(self.where(basic("anna"), self.cookie("one")), "two")


class DisorderTests(test_webstage.DisorderTests):
    """Whatever clients and servers do: nothing is left behind, whosever requests come on a connection."""

    def servers_of(self, balance: str = "first", server: dict[str, Any] | None = None, **options: Any) -> pool.Backend:
        self.table = pool.Table("cas", kind="super-http", size=5)
        return super().servers_of(balance, server, group=pool.Group(self.table), **options)

    def backend(self, servers: pool.Backend | None = None, **options: Any) -> Backend:
        assert servers is not None
        inserted = Inserted(Writing(b"ex"), SEAL)
        sticky = Sticky(servers, key_of_user(KEYS), by_source=True, cookie=inserted)
        return super().backend(servers, sticky=sticky, **options)

    def step(self, rng: Random, client: Recorder) -> None:
        if rng.random() < 0.5:
            client.stream.write(get("/x", *rng.choice(LINES)))
        else:
            super().step(rng, client)
        self.assertLessEqual(len(self.table), 5)


class OwnTests(DisorderTests):
    """Everybody gets the answers to his own questions, on whichever of his connections they were asked."""

    def play(self, rng: Random, what: str) -> None:
        self.serve(self.backend(self.servers_of("roundrobin")))
        for peer in self.servers.values():
            peer.answer = test_webstage.OwnTests.echo
        clients = [self.client() for _ in range(4)]
        asked: dict[int, list[str]] = {number: [] for number in range(4)}
        for count in range(30):
            number = rng.randrange(4)
            path = f"/{number}/{count}"
            question = get(path, *rng.choice(LINES))
            cut = rng.randrange(len(question))
            clients[number].stream.write(question[:cut])
            self.clock.pump([0] * rng.randrange(5))
            clients[number].stream.write(question[cut:])
            self.clock.pump([0] * rng.randrange(8))
            asked[number].append(path)
            if rng.random() < 0.1:
                rng.choice(
                    [session for peer in self.servers.values() for session in peer.sessions] or [clients[0]]
                ).stream.close()
                self.settle()
        self.settle()
        for number, client in enumerate(clients):
            found = re.findall(rb"\r\n\r\n(/\d+/\d+)", client.data)
            self.assertEqual([path.decode() for path in found], asked[number][: len(found)], what)
        for session in [session for peer in self.servers.values() for session in peer.sessions]:
            clients_of = {path.split(b"/")[1] for path in re.findall(rb"GET (/\d+/\d+) ", session.data)}
            self.assertLessEqual(len(clients_of), 1, what)
