"""Mode ``epm``."""

from exproxy.config.addresses import PortRange
from exproxy.config.load import load
from exproxy.config.mapping import interface_problem
from exproxy.config.model import Mapped, Mapper
from exproxy.config.problems import ConfigError
from exproxy.config.show import show
from tests.config.support import CHECKERS, ConfigTestCase

SITE = """
[frontends.epm]
mode = "epm"
backend = "epm"
{lines}

[frontends.ca]
bind = "10.0.0.9:59531"
backend = "epm"

[frontends.ab]
bind = "10.0.0.9:59532"
backend = "epm"

[backends.epm]
persistence = {{ kind = "source" }}
[backends.epm.servers]
ex1 = "10.0.0.15:135"
"""
BIND = 'bind = "10.0.0.9:135"\n'
MAP = 'map = { emsmdb = "ca" }\n'


class MapperTestCase(ConfigTestCase):
    def mapper(self, lines: str) -> Mapper:
        mapper = self.load(SITE.format(lines=lines)).frontends["epm"].mapper
        assert mapper is not None
        return mapper

    def said(self, lines: str) -> list[str]:
        """What is wrong, without the file."""
        return [problem.partition("frontends.epm.")[2] for problem in self.problems(SITE.format(lines=lines))]


class MapperTests(MapperTestCase):
    def test_interfaces_have_front_ends(self) -> None:
        uuid = "a4f1db00-ca47-1067-b31f-00dd010662da/0.81"
        mapper = self.mapper(
            BIND + f'map = {{ nspi = "ab", rfri = {{ http = "ab" }}, "{uuid}" = {{ tcp = "ca", http = "ab" }} }}'
        )
        self.assertEqual(mapper.map, (Mapped("nspi", "ab"), Mapped("rfri", None, "ab"), Mapped(uuid, "ca", "ab")))
        self.assertEqual((mapper.others, mapper.protected, mapper.dynamic_ports), ("hide", "refuse", None))

    def test_other_front_ends_have_no_mapper(self) -> None:
        self.assertIsNone(self.load(SITE.format(lines=BIND + MAP)).frontends["ca"].mapper)

    def test_policies(self) -> None:
        policy = 'others = "dynamic"\ndynamic_ports = "40000-40099"\ndynamic_idle = "1m"\nprotected = "pass"\n'
        self.assertEqual(self.mapper(BIND + policy), Mapper((), "dynamic", PortRange(40000, 40099), 60.0, "pass"))

    def test_an_address_is_advertised(self) -> None:
        lines = 'bind = [{ address = "10.0.0.9:135", advertise = "192.0.2.9" }, "10.0.0.10:135"]\n' + MAP
        binds = self.load(SITE.format(lines=lines)).frontends["epm"].binds
        self.assertEqual([bind.advertise for bind in binds], ["192.0.2.9", None])

    def test_what_is_shown_loads_again(self) -> None:
        lines = (
            'bind = { address = "10.0.0.9:135", advertise = "192.0.2.9" }\nothers = "dynamic"\ndynamic_ports = "40000-40099"\n'
            'dynamic_idle = "1m"\nmap = { emsmdb = "ca", rfri = { tcp = "ca", http = "ab" }, nspi = { http = "ab" } }\n'
        )
        configuration = self.load(SITE.format(lines=lines))
        again = load(self.write(show(configuration), "again.toml"), {}, CHECKERS)
        self.assertEqual(again.frontends, configuration.frontends)


class RefusedTests(MapperTestCase):
    def test_an_unknown_front_end_offers_the_nearest(self) -> None:
        (problem,) = self.said(BIND + 'map = { emsmdb = "caa" }')
        self.assertEqual(problem, 'map.emsmdb: there is no "caa" in [frontends]; did you mean "ca"?')
        (problem,) = self.said(BIND + 'map = { emsmdb = { tcp = "ca", http = "web" } }')
        self.assertIn('map.emsmdb.http: there is no "web" in [frontends]', problem)

    def test_an_unknown_interface_is_what_the_rpc_check_does_not_know(self) -> None:
        self.assertEqual(interface_problem(CHECKERS)("emsmdb"), "")
        (problem,) = self.said(BIND + 'map = { emsmbd = "ca" }')
        self.assertEqual(problem, "map.emsmbd: 'emsmbd' is no RPC interface; did you mean 'emsmdb'?")

    def test_a_front_end_that_cannot_take_rpc(self) -> None:
        (problem,) = self.said(BIND + 'map = { emsmdb = "epm" }')
        self.assertEqual(problem, 'map.emsmdb: "epm" has mode = "epm", but RPC is relayed; name one of mode = "tcp"')

    def test_a_front_end_that_speaks_tls(self) -> None:
        text = SITE.format(lines=BIND + MAP).replace('59531"', '59531"\ntls = { mode = "implicit", certificates = "site.toml" }')
        (problem,) = self.problems(text)
        self.assertIn('map.emsmdb: "ca" speaks TLS, which RPC clients do not', problem)

    def test_a_front_end_with_many_ports(self) -> None:
        (problem,) = self.problems(SITE.format(lines=BIND + MAP).replace("59531", "60000-60001"))
        self.assertIn('map.emsmdb: "ca" listens on a range of ports, but clients are told one', problem)

    def test_a_front_end_that_is_not_named(self) -> None:
        (problem,) = self.said(BIND + "map = { emsmdb = {} }")
        self.assertIn("map.emsmdb: no front end is named", problem)

    def test_a_mapper_that_would_tell_nothing(self) -> None:
        for lines in ("", "map = {}"):
            (problem,) = self.said(BIND + lines)
            self.assertIn("map: no interface is mapped, so clients would be told of none", problem)

    def test_ports_and_their_policy_belong_together(self) -> None:
        (problem,) = self.said(BIND + 'others = "dynamic"')
        self.assertIn('dynamic_ports: others = "dynamic" has no ports to open; write dynamic_ports = ', problem)
        first, second = self.said(BIND + MAP + 'dynamic_ports = "1-2"\ndynamic_idle = "1s"')
        self.assertIn('dynamic_ports: no port is opened for other interfaces; write others = "dynamic"', first)
        self.assertIn("dynamic_idle: no port is opened", second)

    def test_ports_that_are_none(self) -> None:
        for ports, wrong in (
            ("40099-40000", "runs backwards"),
            ("0-5", "is not a number from 1 to 65535"),
            ("x", "is not a number"),
        ):
            (problem,) = self.said(BIND + f'others = "dynamic"\ndynamic_ports = "{ports}"')
            self.assertIn(wrong, problem)

    def test_policies_that_do_not_exist(self) -> None:
        (problem,) = self.said(BIND + MAP + 'others = "hidden"')
        self.assertIn('"hidden" is not known here; did you mean "hide"?', problem)

    def test_addresses_that_a_tower_has_no_room_for(self) -> None:
        for address, wrong in (
            ("fd00::9", "is not an IPv4 address"),
            ("mail", "is not an IPv4"),
            ("0.0.0.0", "nobody can connect to"),
        ):
            (problem,) = self.said(f'bind = {{ address = "10.0.0.9:135", advertise = "{address}" }}\n' + MAP)
            self.assertIn("bind.advertise: ", problem)
            self.assertIn(wrong, problem)

    def test_what_other_modes_may_say(self) -> None:
        tls = 'tls = { mode = "implicit", certificates = "site.toml" }'
        found = self.said(f'bind = {{ address = "10.0.0.9:135", {tls} }}\n{tls}\n' + MAP)
        self.assertEqual([problem.partition(":")[0] for problem in found], ["bind.tls", "tls"])
        self.mapper('bind = { address = "10.0.0.9:135", tls = "off" }\ntls = "off"\n' + MAP)
        (problem,) = self.said(BIND + MAP + 'routes = { sni = "mail.example.com", backend = "epm" }')
        self.assertIn("routes: without TLS there are no names to go by", problem)

    def test_in_other_modes_none_of_its_keys_may_stand(self) -> None:
        lines = 'map = {}\nothers = "pass"\ndynamic_ports = "1-2"\ndynamic_idle = "1s"\nprotected = "pass"\n'
        text = f"""
            [frontends.web]
            bind = {{ address = ":1", advertise = "192.0.2.9" }}
            backend = "web"
            {lines}
            [backends.web]
            servers = {{ a = "10.0.0.1:80" }}
        """
        error = self.assertRaises(ConfigError, self.load, text)
        keys = [problem.key_path.removeprefix("frontends.web.") for problem in error.problems]
        self.assertEqual(keys, ["bind.advertise", "map", "others", "dynamic_ports", "dynamic_idle", "protected"])
        self.assertEqual({problem.message for problem in error.problems}, {'this belongs to mode = "epm"'})


class AdviceTests(MapperTestCase):
    TWO = SITE.replace('ex1 = "10.0.0.15:135"', 'ex1 = "10.0.0.15:135"\nex2 = "10.0.0.16:135"')

    def test_back_ends_without_a_common_table(self) -> None:
        text = self.TWO.format(lines=BIND + MAP).replace('59531"\nbackend = "epm"', '59531"\nbackend = "ca"')
        text += '[backends.ca]\nservers = { ex1 = "10.0.0.15:6001", ex2 = "10.0.0.16:6001" }\n'
        (warning,) = [line for line in self.warnings(text) if "share no table" in line]
        self.assertIn("frontends.epm.map.emsmdb: back ends epm and ca share no table, so a client may be told of emsmdb", warning)
        self.assertIn('; write persistence = { table = "…" } in both', warning)

    def test_back_ends_with_a_common_table(self) -> None:
        text = self.TWO.format(lines=BIND + MAP).replace('59531"\nbackend = "epm"', '59531"\nbackend = "ca"')
        text = text.replace('kind = "source"', 'table = "rpc"') + "[tables.rpc]\n"
        text += '[backends.ca]\npersistence = { table = "rpc" }\nservers = { ex1 = "10.0.0.15:6001", ex2 = "10.0.0.16:6001" }\n'
        self.assertEqual(self.warnings(text), [])

    def test_one_server_needs_no_table(self) -> None:
        text = SITE.format(lines=BIND + MAP).replace('59531"\nbackend = "epm"', '59531"\nbackend = "ca"')
        text += '[backends.ca]\nservers = { ex1 = "10.0.0.15:6001" }\n'
        self.assertEqual(self.warnings(text), [])

    def test_ipv6_without_an_address_to_tell(self) -> None:
        (warning,) = self.warnings(SITE.format(lines='bind = ["10.0.0.9:135", "[fd00::9]:135"]\n' + MAP))
        self.assertIn("frontends.epm.bind[1]: clients who reach fd00::9 are told of no interface", warning)
        advertised = 'bind = { address = "[fd00::9]:135", advertise = "192.0.2.9" }\n'
        self.assertEqual(self.warnings(SITE.format(lines=advertised + MAP)), [])
