"""How single values are written; that they are read again is tested with whole files, in ``test_show.py``."""

from pathlib import Path
from typing import Any

import attrs
from twisted.trial.unittest import SynchronousTestCase

from exproxy.config import spelling
from exproxy.config.model import Bind, Certificate, Check, CheckTiming, CheckTLS, FrontTLS, Server, ServerTLS, Table
from tests.config.support import HttpOptions, PlainOptions, RpcOptions

USUAL = CheckTiming()


def check(name: str, kind: str, options: object = None, **more: Any) -> Check:
    return Check(name, kind, options or PlainOptions(), **{"timing": USUAL, **more})


class CheckTests(SynchronousTestCase):
    def spelled(self, *checks: Check, **server: Any) -> Any:
        return spelling.checks(Server("a", "a", "10.0.0.1", 25, checks=checks, **server), USUAL)

    def test_one_that_has_nothing_of_its_own_is_its_type(self) -> None:
        self.assertEqual(self.spelled(check("imap", "imap")), "imap")

    def test_none_is_off(self) -> None:
        self.assertEqual(self.spelled(), "off")

    def test_several_are_a_list(self) -> None:
        self.assertEqual(self.spelled(check("imap", "imap"), check("pop3", "pop3")), ["imap", "pop3"])

    def test_options_at_their_defaults_are_left_out(self) -> None:
        options = HttpOptions(path="/owa/", headers={"Accept": "*/*"})
        self.assertEqual(
            self.spelled(check("http", "http", options)), {"type": "http", "path": "/owa/", "headers": {"Accept": "*/*"}}
        )

    def test_options_without_a_default_are_written(self) -> None:
        self.assertEqual(self.spelled(check("rpc", "rpc", RpcOptions("nspi"))), {"type": "rpc", "interface": "nspi"})

    def test_a_default_that_depends_on_the_other_options_is_written(self) -> None:
        special = attrs.make_class("Special", {"a": attrs.field(default=attrs.Factory(lambda self: 3, takes_self=True))})
        self.assertEqual(self.spelled(check("ping", "ping", special())), {"type": "ping", "a": 3})

    def test_names_that_come_by_themselves_are_left_out(self) -> None:
        kinds = self.spelled(check("smtp", "smtp"), check("mine", "smtp"), check("smtp-2", "smtp"), check("x", "tcp"))
        self.assertEqual(kinds, ["smtp", {"type": "smtp", "name": "mine"}, "smtp", {"type": "tcp", "name": "x"}])

    def test_http_over_tls_is_https(self) -> None:
        self.assertEqual(self.spelled(check("https", "http", HttpOptions(), tls=CheckTLS("implicit"))), "https")
        legacy = CheckTLS("implicit", legacy=True)
        self.assertEqual(
            self.spelled(check("https", "http", HttpOptions(), tls=legacy)), {"type": "https", "tls": {"legacy": True}}
        )

    def test_tls_of_other_types_has_its_mode(self) -> None:
        self.assertEqual(self.spelled(check("imap", "imap", tls=CheckTLS("implicit"))), {"type": "imap", "tls": "implicit"})
        verified = CheckTLS("starttls", verify=True, ca=Path("/ca.pem"))
        self.assertEqual(
            self.spelled(check("smtp", "smtp", tls=verified)),
            {"type": "smtp", "tls": {"mode": "starttls", "verify": True, "ca": Path("/ca.pem")}},
        )

    def test_a_type_that_means_tls_says_where_it_has_none(self) -> None:
        self.assertEqual(self.spelled(check("tls", "tls")), {"type": "tls", "tls": "off"})

    def test_the_proxy_header_is_left_out_where_it_is_the_servers(self) -> None:
        self.assertEqual(self.spelled(check("tcp", "tcp", send_proxy="v2"), send_proxy="v2"), "tcp")
        self.assertEqual(self.spelled(check("tcp", "tcp"), send_proxy="v2"), {"type": "tcp", "send_proxy": "off"})
        self.assertEqual(self.spelled(check("tcp", "tcp", port=26), send_proxy="v2"), {"type": "tcp", "port": 26})

    def test_one_that_is_only_watched_says_so(self) -> None:
        self.assertEqual(self.spelled(check("tcp", "tcp", required=False)), {"type": "tcp", "required": False})


class TimingTests(SynchronousTestCase):
    def test_the_defaults_say_all_but_what_follows(self) -> None:
        self.assertEqual(spelling.timing(USUAL, None), {"interval": "3s", "timeout": "5s", "rise": 2, "fall": 3})

    def test_the_other_intervals_follow_the_interval(self) -> None:
        self.assertEqual(spelling.timing(CheckTiming(30.0, 30.0, 30.0), USUAL), {"interval": "30s"})
        self.assertEqual(spelling.timing(CheckTiming(30.0, 3.0, 30.0), USUAL), {"interval": "30s", "fast_interval": "3s"})

    def test_they_do_not_where_the_defaults_say_them(self) -> None:
        usual = CheckTiming(3.0, 1.0, 3.0)
        self.assertEqual(spelling.timing(CheckTiming(30.0, 1.0, 30.0), usual), {"interval": "30s"})
        self.assertEqual(spelling.timing(CheckTiming(30.0, 30.0, 30.0), usual), {"interval": "30s", "fast_interval": "30s"})


class OtherTests(SynchronousTestCase):
    def test_fields_at_their_defaults_are_left_out(self) -> None:
        self.assertEqual(spelling.fields(Table("a", expire=60.0, size=5), "name"), {"expire": "1m", "size": 5})

    def test_a_bind_is_its_address_or_a_table(self) -> None:
        tls = FrontTLS((Certificate(Path("/a.pem")),))
        self.assertEqual(spelling.bind(Bind("fd00::9", 25, 25), None, "tcp"), "[fd00::9]:25")
        self.assertEqual(spelling.bind(Bind("10.0.0.9", 1, 3, tls=tls), tls, "tcp"), "10.0.0.9:1-3")
        self.assertEqual(
            spelling.bind(Bind("10.0.0.9", 1, 1, tls=tls), None, "tcp"),
            {"address": "10.0.0.9:1", "tls": {"mode": "implicit", "certificates": str(Path("/a.pem"))}},
        )

    def test_a_certificate_with_its_key_elsewhere_is_a_table(self) -> None:
        tls = FrontTLS((Certificate(Path("/a.pem"), Path("/a.key")), Certificate(Path("/b.pem"))), "modern")
        self.assertEqual(
            spelling.front_tls(tls, "tcp"),
            {
                "mode": "implicit",
                "certificates": [{"file": Path("/a.pem"), "key": Path("/a.key")}, str(Path("/b.pem"))],
                "profile": "modern",
            },
        )

    def test_tls_towards_a_server_is_its_mode_or_a_table(self) -> None:
        self.assertEqual(spelling.server_tls(ServerTLS()), "implicit")
        self.assertEqual(spelling.server_tls(ServerTLS(verify=False)), {"mode": "implicit", "verify": False})

    def test_no_proxy_header_is_off(self) -> None:
        self.assertEqual((spelling.setting("send_proxy", None), spelling.setting("send_proxy", "v1")), ("off", "v1"))
