"""How back ends of a configuration keep their clients."""

from random import Random
from typing import Any

import attrs

from exproxy.config import model
from exproxy.proxy.gate import Gate
from exproxy.proxy.web.persistence import Sticky
from exproxy.site.fronts import Fronts
from exproxy.site.persistence import make_secret
from exproxy.site.pools import Pools
from exproxy.site.tls import TLSContexts
from exproxy.wire.web.head import RequestHead, read_request
from exproxy.wire.web.limits import Limits
from exproxy.wire.web.origin import Origin
from tests.site.stage import SiteStage

ORIGIN = Origin("192.0.2.77", tls=True)


def head(*lines: str) -> RequestHead:
    return read_request("\r\n".join(["GET / HTTP/1.1", "Host: x", *lines, "", ""]).encode(), Limits())


class StickinessTests(SiteStage):
    def sticky(self, table: model.Table, secret: bytes = b"secret", balance: Any = "roundrobin") -> Sticky:
        found = self.built(table, secret, balance)
        assert found is not None
        return found

    def built(self, table: model.Table, secret: bytes = b"secret", balance: Any = "roundrobin") -> Sticky | None:
        return self.pools(table, secret, balance).backends["hub"].sticky

    def pools(self, table: model.Table, secret: bytes = b"secret", balance: Any = "roundrobin") -> Pools:
        server = model.Server("one", "ex1", "192.0.2.1", 80)
        backend = model.Backend("hub", (server,), balance, model.Persistence("cas"))
        configuration = model.Configuration(files=(), tables={"cas": table}, backends={"hub": backend})
        return Pools(configuration, 1000.0, Random(1), TLSContexts({}, 1000.0), secret)

    def test_who_goes_by_sessions_of_tls_has_his_hello_read(self) -> None:
        pools = self.pools(model.Table("cas", "tls-session-id"))
        self.assertIsNotNone(pools.backends["hub"].session_ids)
        self.assertIsNone(self.pools(model.Table("cas", "source")).backends["hub"].session_ids)
        fronts = Fronts(self.reactor, self.network, Gate(10), pools.backends, [].append, self.network, b"secret")
        bind = model.Bind("192.0.2.9", 443, 443)
        routed = model.Frontend("routed", "tcp", (attrs.evolve(bind, first_port=444, last_port=444),), None)
        configuration = model.Configuration(
            files=(),
            frontends={"web": model.Frontend("web", "tcp", (bind,), "hub"), "routed": routed},
            backends={"hub": model.Backend("hub", ())},
        )
        fronts.open(configuration, TLSContexts({}, 0.0))
        self.assertEqual([front.reads_hello for front in fronts.frontends.values()], [True, False])

    def cookie(self, secret: bytes, own: str | None = None) -> str:
        """The value for ``ex1``."""
        table = model.Table("cas", "cookie", cookie=model.Cookie("ex", secret=own))
        inserted = self.sticky(table, secret).cookie
        assert inserted is not None
        return inserted.seal.seal("ex1", 0.0).decode()

    def test_what_needs_no_request_looks_at_none(self) -> None:
        for kind in ("source", "tls-session-id"):
            self.assertIsNone(self.built(model.Table("cas", kind)))  # type: ignore[arg-type]  # a literal, which a loop forgets

    def test_a_cookie_is_believed_by_who_has_the_secret(self) -> None:
        sticky = self.sticky(model.Table("cas", "cookie", cookie=model.Cookie("ex")))
        for value, host in ((self.cookie(b"secret"), "ex1"), (self.cookie(b"another"), None)):
            self.assertEqual(sticky.wish(head(f"Cookie: ex={value}"), ORIGIN, 0.0).host, host)

    def test_with_a_secret_of_its_own_the_process_does_not_matter(self) -> None:
        self.assertEqual(self.cookie(b"one", "own"), self.cookie(b"another", "own"))
        self.assertNotEqual(self.cookie(b"one"), self.cookie(b"another"))
        self.assertNotEqual(self.cookie(b"one", "own"), self.cookie(b"one", "another"))

    def test_users_of_mail_are_known_by_the_same_keys_as_those_of_requests(self) -> None:
        backend = self.pools(model.Table("cas", "user")).backends["hub"]
        assert backend.user_key is not None
        assert backend.sticky is not None
        key = backend.user_key(b"EXAMPLE\\Anna")
        self.assertEqual(key, backend.sticky.wish(head("Authorization: Basic YW5uYTp4"), ORIGIN, 0.0).key)
        self.assertIsNone(self.pools(model.Table("cas", "source")).backends["hub"].user_key)

    def test_with_a_secret_of_their_own_users_have_the_same_keys_in_every_process(self) -> None:
        keys = []
        for secret, own in ((b"one", "own"), (b"another", "own"), (b"one", None)):
            user_key = self.pools(model.Table("cas", "user", secret=own), secret).backends["hub"].user_key
            assert user_key is not None
            keys.append(user_key(b"anna"))
        self.assertEqual((keys[0] == keys[1], keys[0] == keys[2]), (True, False))

    def test_a_cookies_attributes_are_as_they_are_said(self) -> None:
        cookie = model.Cookie("ex", False, False, "lax", "example.com", "/owa")
        inserted = self.sticky(model.Table("cas", "cookie", cookie=cookie)).cookie
        assert inserted is not None
        line = inserted.writing.line(b"v", tls=True)
        self.assertEqual(line, b"Set-Cookie: ex=v; path=/owa; domain=example.com; SameSite=Lax")

    def test_who_brings_no_cookie_is_balanced(self) -> None:
        table = model.Table("cas", "cookie", cookie=model.Cookie("ex"))
        self.assertIsNone(self.sticky(table).wish(head(), ORIGIN, 0.0).key)
        self.assertEqual(self.sticky(table, balance="source").wish(head(), ORIGIN, 0.0).key, b"\xc0\x00\x02\x4d")

    def test_what_the_other_kinds_look_at(self) -> None:
        for table, line in (
            (model.Table("cas", "user"), "Authorization: Basic YW5uYTp4"),
            (model.Table("cas", "super-http", cookie=model.Cookie("ex")), "Authorization: Basic YW5uYTp4"),
            (model.Table("cas", "header", header="X-User"), "X-User: anna"),
            (model.Table("cas", "app-cookie", app_cookie="sid"), "Cookie: sid=anna"),
        ):
            sticky = self.sticky(table)
            known = sticky.wish(head(line), ORIGIN, 0.0).key
            unknown = sticky.wish(head(), ORIGIN, 0.0).key
            assert known is not None
            self.assertEqual(len(known), 20)
            self.assertEqual(unknown, None if table.kind == "app-cookie" else b"\xc0\x00\x02\x4d")
            self.assertEqual(sticky.wish(head(line), ORIGIN, 0.0).key, known)

    def test_keys_are_the_same_in_all_workers_and_in_no_other_process(self) -> None:
        keys = [
            self.sticky(model.Table("cas", "user"), secret).wish(head("Authorization: Basic YW5uYTp4"), ORIGIN, 0.0).key
            for secret in (b"secret", b"secret", b"another")
        ]
        self.assertEqual(keys[0], keys[1])
        self.assertNotEqual(keys[0], keys[2])

    def test_a_secret_is_nobodys_guess(self) -> None:
        self.assertEqual((len(make_secret()), make_secret() == make_secret()), (32, False))
