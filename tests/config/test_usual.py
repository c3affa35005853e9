"""What most have in common."""

from exproxy.config.usual import usual
from tests.config.support import WEB, ConfigTestCase


class UsualTests(ConfigTestCase):
    def test_what_most_have_is_usual(self) -> None:
        more = "".join(
            f'[frontends.f{number}]\nbind = ":{number}"\nbackend = "web"\ntimeouts = {{ client = "1h" }}\nbacklog = 5\n'
            for number in (1, 2)
        )
        found = usual(self.load(WEB + more))
        self.assertEqual((found.settings["backlog"], found.settings["retries"]), (5, 3))
        self.assertEqual(found.timeouts.client, 1800.0, "two of three ends, but two of four with the back end")

    def test_what_is_not_decided_is_as_exproxy_has_it(self) -> None:
        text = WEB + '[backends.web]\nretries = 7\n[backends.other]\n[backends.other.servers]\na = "10.0.0.2:1"\n'
        self.assertEqual(usual(self.load(text)).settings["retries"], 3)

    def test_checks_have_one_timing_together(self) -> None:
        text = WEB + '[defaults]\ncheck = { interval = "1s", fast_interval = "500ms" }\n'
        check = usual(self.load(text)).check
        self.assertEqual((check.interval, check.fast_interval, check.down_interval), (1.0, 0.5, 1.0))

    def test_a_configuration_of_nothing_has_what_exproxy_has(self) -> None:
        found = usual(self.load(""))
        self.assertEqual((found.settings["balance"], found.timeouts.connect, found.check.fall), ("roundrobin", 5.0, 3))
