"""Which keys each kind of persistence has, and in which front ends."""

import attrs

from exproxy.config.model import Cookie, Persistence, Table
from exproxy.config.persistence import TABLE_KEYS
from exproxy.config.sections import RememberingSection
from exproxy.config.show import show
from tests.config.support import ConfigTestCase

WEB = '[frontends.web]\nmode = "http"\nbind = ":80"\nbackend = "owa"\n[backends.owa.servers]\na = "10.0.0.1:80"\n'
TCP = WEB.replace('mode = "http"', 'mode = "tcp"')
SECRET = "correct horse battery staple"


def own(keys: str, front: str = WEB) -> str:
    return f"{front}[backends.owa]\npersistence = {{ {keys} }}\n"


class TableTests(ConfigTestCase):
    def table(self, keys: str, front: str = WEB) -> Table:
        configuration = self.load(own(keys, front))
        self.assertEqual(configuration.backends["owa"].persistence, Persistence("owa"))
        return configuration.tables["owa"]

    def test_a_cookie_is_named_by_its_table_and_never_expires(self) -> None:
        self.assertEqual(self.table('kind = "cookie"'), Table("owa", "cookie", cookie=Cookie("exproxy-owa")))

    def test_every_key_of_a_cookie(self) -> None:
        keys = (
            'kind = "cookie", name = "ex", secure = true, http_only = false, same_site = "lax", domain = "example.com", '
            f'path = "/owa", expire = "8h", secret = "{SECRET}"'
        )
        expected = Cookie("ex", True, False, "lax", "example.com", "/owa", 28800.0, SECRET)
        self.assertEqual(self.table(keys), Table("owa", "cookie", cookie=expected))

    def test_the_applications_cookie(self) -> None:
        self.assertEqual(
            self.table('kind = "app-cookie", name = "JSESSIONID", size = 5'),
            Table("owa", "app-cookie", size=5, app_cookie="JSESSIONID"),
        )

    def test_a_header(self) -> None:
        self.assertEqual(
            self.table('kind = "header", header = "X-User", expire = "2m"'), Table("owa", "header", 120.0, header="X-User")
        )

    def test_a_user(self) -> None:
        self.assertEqual(self.table('kind = "user", ipv4_prefix = 24'), Table("owa", "user", ipv4_prefix=24))

    def test_a_secret_of_users(self) -> None:
        table = self.table(f'kind = "user", secret = "{SECRET}"')
        self.assertEqual(table, Table("owa", "user", secret=SECRET))
        self.assertNotIn(SECRET, repr(table))

    def test_users_are_balanced_by_who_they_are_unless_somebody_says_otherwise(self) -> None:
        for more, balance in (("", "source"), ('balance = "leastconn"\n', "leastconn")):
            self.assertEqual(self.load(own('kind = "user"') + more).backends["owa"].balance, balance)
        self.assertEqual(self.load(own('kind = "source"')).backends["owa"].balance, "roundrobin")

    def test_super_http_has_a_cookie_and_a_memory_that_expire_alike(self) -> None:
        self.assertEqual(
            self.table('kind = "super-http", name = "ex", expire = "2h", size = 7'),
            Table("owa", "super-http", 7200.0, 7, cookie=Cookie("ex", expire=7200.0)),
        )
        self.assertEqual(
            self.table('kind = "super-http"'), Table("owa", "super-http", cookie=Cookie("exproxy-owa", expire=3600.0))
        )

    def test_a_tls_session_id(self) -> None:
        self.assertEqual(self.table('kind = "tls-session-id"', TCP), Table("owa", "tls-session-id"))

    def test_a_cookie_may_be_shared(self) -> None:
        more = '[backends.ecp]\npersistence.table = "cas"\n[backends.ecp.servers]\na = "10.0.0.1:81"\n'
        route = '[[frontends.web.routes]]\npath = "/ecp"\nbackend = "ecp"\n'
        text = WEB + route + more + '[backends.owa]\npersistence.table = "cas"\n[tables.cas]\nkind = "cookie"\nname = "ex"\n'
        configuration = self.load(text)
        self.assertEqual(configuration.tables, {"cas": Table("cas", "cookie", cookie=Cookie("ex"))})

    def test_the_name_of_a_table_becomes_one_that_a_cookie_may_have(self) -> None:
        text = WEB + '[backends.owa]\npersistence.table = "a:b@c"\n[tables."a:b@c"]\nkind = "cookie"\n'
        self.assertEqual(self.load(text).tables["a:b@c"].cookie, Cookie("exproxy-a-b-c"))

    def test_what_is_shown_comes_back_equal(self) -> None:
        for keys, front in (
            ('kind = "cookie"', WEB),
            ('kind = "cookie", expire = "8h", secure = false, same_site = "off", domain = "example.com", path = "/owa"', WEB),
            ('kind = "app-cookie", name = "JSESSIONID", expire = "90s", size = 5', WEB),
            ('kind = "header", header = "X-User", ipv6_prefix = 64', WEB),
            ('kind = "super-http", name = "ex", http_only = false', WEB),
            ('kind = "user", expire = "2h"', WEB),
            ('kind = "super-http", expire = "2h"', WEB),
            ('kind = "tls-session-id", expire = "2h"', TCP),
        ):
            configuration = self.load(own(keys, front))
            again = attrs.evolve(self.load(show(configuration)), files=configuration.files)
            self.assertEqual(again, configuration, keys)

    def test_a_secret_is_shown_as_it_is_written(self) -> None:
        for kind in ("cookie", "user"):
            shown = show(self.load(own(f'kind = "{kind}", secret = "${{SECRET}}"'), {"SECRET": SECRET}))
            self.assertIn('secret = "${SECRET}"', shown)
            self.assertNotIn(SECRET, shown)

    def test_every_key_of_the_section_belongs_to_a_kind(self) -> None:
        self.assertEqual({field.name for field in attrs.fields(RememberingSection)}, set(TABLE_KEYS))


class MistakeTests(ConfigTestCase):
    def problem(self, keys: str, front: str = WEB) -> str:
        (problem,) = self.problems(own(keys, front))
        return problem

    def test_a_kind_that_does_not_exist(self) -> None:
        self.assertEqual(
            self.problem('kind = "cooky", name = "x"'),
            'site.toml:8: backends.owa.persistence.kind: "cooky" is not known here; did you mean "cookie"?',
        )

    def test_keys_of_other_kinds(self) -> None:
        for kind, key, kinds in (
            ("source", 'name = "x"', '"cookie" or "app-cookie" or "super-http"'),
            ("cookie", "size = 5", '"source" or "app-cookie" or "header" or "user" or "super-http" or "tls-session-id"'),
            ("user", "secure = true", '"cookie" or "super-http"'),
            ("cookie", 'header = "X"', '"header"'),
        ):
            word = key.partition(" ")[0]
            self.assertEqual(
                self.problem(f'kind = "{kind}", {key}'),
                f'site.toml:8: backends.owa.persistence.{word}: this belongs to kind = {kinds}, and the kind is "{kind}"',
            )

    def test_what_a_kind_needs(self) -> None:
        self.assertEqual(
            [self.problem('kind = "app-cookie"'), self.problem('kind = "header"')],
            [
                'site.toml:8: backends.owa.persistence.name: "name" is missing; write name = "JSESSIONID" or the like',
                'site.toml:8: backends.owa.persistence.header: "header" is missing; write header = "X-User" or the like',
            ],
        )

    def test_values_that_nobody_can_use(self) -> None:
        for keys, message in (
            ('kind = "cookie", name = "a b"', '"a b" is not the name of a cookie'),
            ('kind = "app-cookie", name = "a;b"', '"a;b" is not the name of a cookie'),
            ('kind = "header", header = "X:"', '"X:" is not the name of a header'),
            ('kind = "cookie", domain = "a b"', '"a b" is not a name such as "example.com"'),
            ('kind = "cookie", path = "/a;b"', '"/a;b" is not the path of a cookie'),
            ('kind = "cookie", path = "owa"', '"owa" is not the path of a cookie'),
            ('kind = "cookie", same_site = "none", secure = false', "browsers refuse cookies with SameSite=None"),
        ):
            self.assertIn(message, self.problem(keys))

    def test_a_short_secret_is_refused_and_not_repeated(self) -> None:
        problem = self.problem('kind = "cookie", secret = "hunter2"')
        self.assertIn("persistence.secret: a secret of 7 characters can be guessed: it has at least 16", problem)
        self.assertNotIn("hunter2", problem)

    def test_kinds_of_requests_need_mode_http(self) -> None:
        for keys in ("cookie", "app-cookie", "header", "user", "super-http"):
            more = {"app-cookie": ', name = "x"', "header": ', header = "x"'}.get(keys, "")
            self.assertEqual(
                self.problem(f'kind = "{keys}"{more}', TCP),
                f'site.toml:8: backends.owa.persistence: persistence by "{keys}" needs requests, and front end web of mode "tcp" '
                'does not look at them; write mode = "http" there, or kind = "source" here',
            )

    def test_users_are_known_in_the_mail_modes_too(self) -> None:
        for mode in ("smtp", "imap", "pop3"):
            front = WEB.replace('mode = "http"', f'mode = "{mode}"\ntls = "off"')
            loaded = self.load(own('kind = "user"', front))
            self.assertEqual((loaded.frontends["web"].mode, loaded.tables["owa"].kind), (mode, "user"))

    def test_but_not_where_clients_may_begin_tls_with_servers(self) -> None:
        (problem,) = self.problems(own('kind = "user"', WEB.replace("http", "imap")))
        self.assertIn('persistence by "user" needs logins, and clients of front end web may hide them', problem)

    def test_other_kinds_of_requests_are_not(self) -> None:
        (problem,) = self.problems(own('kind = "cookie"', WEB.replace('mode = "http"', 'mode = "imap"\ntls = "off"')))
        self.assertIn("needs requests", problem)

    def test_one_front_end_of_another_mode_is_enough(self) -> None:
        text = own('kind = "cookie"') + '[frontends.more]\nbind = ":81"\nroutes = { sni = "a", backend = "owa" }\n'
        (problem,) = self.problems(text)
        self.assertIn("front end more of mode", problem)

    def test_session_ids_need_tls_that_is_passed_through(self) -> None:
        self.assertIn(
            'is for TLS that is passed through, and front end web has mode "http"', self.problem('kind = "tls-session-id"')
        )
        ended = TCP.replace("backend =", 'tls = { mode = "implicit", certificates = "a.pem" }\nbackend =', 1)
        self.assertIn("and TLS ends at front end web", " ".join(self.problems(own('kind = "tls-session-id"', ended))))
        mapped = self.problems(own('kind = "tls-session-id"', TCP.replace('"tcp"', '"epm"')))
        self.assertIn('front end web has mode "epm"; write kind = "source"', " ".join(mapped))

    def test_two_cookies_of_one_name_would_overwrite_each_other(self) -> None:
        route = '[[frontends.web.routes]]\npath = "/ecp"\nbackend = "ecp"\n'
        more = '[backends.ecp]\npersistence = { kind = "cookie", name = "ex" }\n[backends.ecp.servers]\na = "10.0.0.1:81"\n'
        (problem,) = self.problems(own('kind = "cookie", name = "ex"', WEB + route + more))
        self.assertIn("its cookie ex is that of table owa too, and clients keep one of both", problem)
        apart = own('kind = "cookie", name = "ex", path = "/owa"', WEB + route + more)
        self.assertEqual(self.warnings(apart), [])
