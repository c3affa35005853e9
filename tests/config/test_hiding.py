"""What ends up in mails and tickets has no secrets."""

import attrs
from twisted.trial.unittest import SynchronousTestCase

from exproxy.check.plugins import checkers
from exproxy.config import model
from exproxy.config.hiding import HIDDEN, without_secrets
from exproxy.config.load import load
from exproxy.config.reference import referred
from exproxy.config.show import show
from tests.config.support import ConfigTestCase

HASH = f"scrypt:32768:8:1$salt${'0' * 128}"
EVERYWHERE = """
[admin]
listen = "127.0.0.1:7777"
users = { anna = { password = "HASH" }, otto = { password = { file = "otto.scrypt" } } }
[frontends.web]
mode = "http"
bind = "127.0.0.1:8443"
tls = { mode = "implicit", certificates = [{ file = "mail.pfx", password = "hush-1" }] }
request_headers = { set = { "X-Proxy-Token" = "hush-2", "X-Site" = "open-1" }, add = { "Authorization" = "Basic hush-3" } }
backend = "owa"
[backends.owa]
persistence = { kind = "cookie", secret = "hush-4-is-long-enough" }
check = [
  { type = "http", headers = { Cookie = "hush-5", Accept = "open-2" } },
  { type = "rpch", user = "probe", password = "hush-6", tls = "off" },
]
[backends.owa.servers]
ex1 = "10.0.0.1:80"
"""


class HidingTests(ConfigTestCase):
    def loaded(self) -> model.Configuration:
        self.write(HASH, "otto.scrypt")
        self.write("", "mail.pfx")
        return load(self.write(EVERYWHERE.replace("HASH", HASH)), {}, checkers())

    def test_no_secret_of_the_file_is_shown_and_all_else_is(self) -> None:
        loaded = self.loaded()
        shown, open_ones = show(without_secrets(loaded)), show(loaded)
        self.assertNotIn("hush", shown)
        self.assertNotIn(HASH, shown)
        self.assertEqual([open_ones.count(f"hush-{number}") for number in range(1, 7)], [1] * 6)
        self.assertEqual(shown.count('"${NOT_SHOWN}"'), 7)
        self.assertIn('otto.scrypt" }', shown)
        for word in ("open-1", "open-2", "mail.pfx", 'user = "probe"'):
            self.assertIn(word, shown)

    def test_what_is_shown_cannot_be_used_by_mistake(self) -> None:
        problems = self.problems(show(without_secrets(self.loaded())))
        self.assertIn("the environment variable NOT_SHOWN is not set", problems[0])

    def test_the_configuration_itself_is_as_it_was(self) -> None:
        loaded = self.loaded()
        without_secrets(loaded)
        assert loaded.admin is not None
        self.assertEqual(loaded.admin.users[0].password, HASH)


@attrs.frozen
class Options:
    headers: dict[str, str] = attrs.field(factory=dict)
    pin: str = attrs.field(default="", repr=False)
    several: tuple["Options", ...] = ()


class OptionsTests(SynchronousTestCase):
    """Checkers of others have their own."""

    def test_what_is_left_out_of_repr_is_a_secret(self) -> None:
        self.assertEqual(without_secrets(Options(pin="1234")), Options(pin=HIDDEN))
        self.assertEqual(without_secrets(Options(several=(Options(pin="1"),))), Options(several=(Options(pin=HIDDEN),)))

    def test_what_says_nothing_or_stands_elsewhere_stays(self) -> None:
        elsewhere = referred("1234", "${PIN}")
        for options in (Options(), Options(pin=elsewhere), Options(headers={"Cookie": elsewhere, "Accept": "*/*"})):
            self.assertEqual(without_secrets(options), options)
