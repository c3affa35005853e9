"""Back ends, servers, hosts and tables."""

from exproxy.config.model import Agent, Host, Mapping, Persistence, Server, Table, Timeouts
from exproxy.config.sections import TimeoutsSection
from exproxy.config.servers import shared, timeouts
from tests.config.support import CHECKERS, WEB, ConfigTestCase

FIRST = '[frontends.web]\nbind = ":443"\nbackend = "web"\n'


class ServerTests(ConfigTestCase):
    def servers(self, lines: str, more: str = "") -> tuple[Server, ...]:
        hosts = '[hosts]\nex1 = "10.0.0.15"\nex2 = "mail.example.com"\n'
        text = f'{hosts}{FIRST}{more}\n[backends.web]\ncheck = "off"\n[backends.web.servers]\n{lines}\n'
        return self.load(text).backends["web"].servers

    def test_a_number_is_the_port_of_the_host_of_that_name(self) -> None:
        self.assertEqual(self.servers("ex1 = 25"), (Server("ex1", "ex1", "10.0.0.15", 25),))

    def test_an_empty_table_is_the_host_and_the_port_that_the_client_reached(self) -> None:
        self.assertEqual(self.servers("ex2 = {}"), (Server("ex2", "ex2", "mail.example.com", None),))

    def test_an_address_of_nobody_is_a_host_of_its_own(self) -> None:
        self.assertEqual(self.servers('a = "[fd00::1]:25"'), (Server("a", "fd00::1", "fd00::1", 25),))

    def test_an_address_of_a_host_is_that_host(self) -> None:
        self.assertEqual(self.servers('a = "10.0.0.15:25"'), (Server("a", "ex1", "10.0.0.15", 25),))

    def test_a_hosts_name_in_an_address_is_that_host(self) -> None:
        self.assertEqual(self.servers('a = "ex2:25"'), (Server("a", "ex2", "mail.example.com", 25),))

    def test_a_host_may_be_reached_at_another_address(self) -> None:
        self.assertEqual(
            self.servers('a = { host = "ex1", address = "10.1.0.1", port = 3 }'), (Server("a", "ex1", "10.1.0.1", 3),)
        )

    def test_every_key_of_a_server(self) -> None:
        line = (
            'ex1 = { port = 25, weight = 0, maxconn = 5, backup = true, slow_start = "1m", send_proxy = "v1", resolve = "9s", '
            'agent = { port = 3, interval = "2s", send = "x" } }'
        )
        expected = Server("ex1", "ex1", "10.0.0.15", 25, 0, 5, True, (), 60.0, "v1", 9.0, Agent(3, 2.0, "x"))
        self.assertEqual(self.servers(line), (expected,))

    def test_an_agent_may_be_a_port(self) -> None:
        self.assertEqual(self.servers("ex1 = { agent = 9707 }")[0].agent, Agent(9707))

    def test_the_back_end_and_the_defaults_speak_for_servers_that_say_nothing(self) -> None:
        (server,) = self.servers("ex1 = 25", '[defaults]\nslow_start = "5s"\nsend_proxy = "v2"\n')
        self.assertEqual((server.slow_start, server.send_proxy), (5.0, "v2"))

    def test_a_server_turns_the_proxy_header_off(self) -> None:
        (server,) = self.servers('ex1 = { send_proxy = "off" }', '[defaults]\nsend_proxy = "v2"\n')
        self.assertIsNone(server.send_proxy)

    def problem(self, line: str) -> str:
        hosts = '[hosts]\nex1 = "10.0.0.15"\n'
        (problem,) = self.problems(f"{hosts}{FIRST}[backends.web.servers]\n{line}\n")
        return problem

    def test_a_host_that_is_not_there_offers_the_nearest(self) -> None:
        self.assertEqual(
            self.problem("ex2 = 25"),
            'site.toml:7: backends.web.servers.ex2: there is no "ex2" in [hosts], and the server has no address; '
            'did you mean "ex1"?',
        )
        self.assertEqual(
            self.problem('a = { host = "ex3", port = 1 }'),
            'site.toml:7: backends.web.servers.a.host: there is no "ex3" in [hosts]; did you mean "ex1"?',
        )

    def test_two_ports_are_one_too_many(self) -> None:
        self.assertEqual(
            self.problem('a = { address = "10.0.0.1:25", port = 26 }'),
            "site.toml:7: backends.web.servers.a.port: the port is 26 here and 25 in address",
        )

    def test_a_port_is_from_1_to_65535(self) -> None:
        self.assertEqual(
            self.problem("ex1 = 65536"),
            'site.toml:7: backends.web.servers.ex1: the port of "65536" is not a number from 1 to 65535',
        )

    def test_an_interface_that_there_is_not_is_refused_at_its_line(self) -> None:
        words = "'emsmbd' is no RPC interface; did you mean 'emsmdb'?"
        self.assertEqual(
            [self.problem('a = "10.0.0.1:epm/emsmbd"'), self.problem('a = { address = "10.0.0.1", port = "epm/emsmbd" }')],
            [
                f'site.toml:7: backends.web.servers.a: "epm/emsmbd": {words}',
                f'site.toml:7: backends.web.servers.a.port: "epm/emsmbd": {words}',
            ],
        )

    def test_two_interfaces_are_one_too_many(self) -> None:
        self.assertIn(
            "the port is epm/nspi here and epm/rfri in address",
            self.problem('a = { address = "10.0.0.1:epm/rfri", port = "epm/nspi" }'),
        )

    def test_a_mapper_that_nobody_asks_is_refused(self) -> None:
        words = (
            'mapper: nobody asks an endpoint mapper here; it is for servers whose port is one\'s interface: port = "epm/emsmdb"'
        )
        self.assertEqual(
            self.problem('a = { address = "10.0.0.1:25", mapper = 10135 }'), f"site.toml:7: backends.web.servers.a.{words}"
        )
        (problem,) = self.problems(WEB + "[backends.web]\nmapper = 10135\n")
        self.assertEqual(problem, f"site.toml:8: backends.web.{words}")

    def test_a_check_has_no_port_by_interface(self) -> None:
        self.assertIn(
            'a.check.port: "epm/nspi" is for the port of a server',
            self.problem('a = { address = "10.0.0.1:25", check = { type = "tcp", port = "epm/nspi" } }'),
        )

    def test_a_host_has_no_port(self) -> None:
        self.assertEqual(
            self.problems('[hosts]\na = "10.0.0.1:25"\n'),
            ["site.toml:2: hosts.a: a host is an address without a port; ports stand with the servers"],
        )


class InterfacePortTests(ConfigTestCase):
    """Servers whose port their endpoint mapper tells."""

    def server(self, line: str, backend: str = "", defaults: str = "") -> Server:
        hosts = '[hosts]\nex1 = "10.0.0.15"\n'
        text = f"{defaults}{hosts}{FIRST}[backends.web]\n{backend}[backends.web.servers]\n{line}\n"
        (server,) = self.load(text).backends["web"].servers
        return server

    def test_it_may_be_said_in_every_form(self) -> None:
        for line in (
            'ex1 = "epm/nspi"',
            'ex1 = { port = "epm/nspi" }',
            'a = { host = "ex1", port = "epm/nspi" }',
            'a = "10.0.0.15:epm/nspi"',
            'a = { address = "10.0.0.15:epm/nspi" }',
        ):
            server = self.server(line)
            self.assertEqual((server.host, server.address, server.port), ("ex1", "10.0.0.15", None), line)
            self.assertEqual(server.mapping, Mapping("nspi"), line)

    def test_names_and_ipv6_will_do(self) -> None:
        found = [self.server(f'a = "{text}:epm/nspi"').address for text in ("mbx1.example.com", "[fd00::15]")]
        self.assertEqual(found, ["mbx1.example.com", "fd00::15"])

    def test_without_a_check_it_is_bound_to_by_way_of_the_mapper(self) -> None:
        (check,) = self.server('ex1 = "epm/nspi"').checks
        self.assertEqual((check.name, check.type, check.port), ("rpc", "rpc", 135))
        self.assertEqual(check.options, CHECKERS["rpc"].options(("nspi",), mapper=True))

    def test_changes_without_a_type_are_made_to_that_check(self) -> None:
        (check,) = self.server('ex1 = "epm/nspi"', 'check = { interval = "9s" }\n').checks
        self.assertEqual((check.type, check.port, check.timing.interval), ("rpc", 135, 9.0))
        (check,) = self.server('ex1 = { port = "epm/nspi", check = { fall = 7 } }').checks
        self.assertEqual((check.type, check.timing.fall), ("rpc", 7))

    def test_another_check_goes_to_the_port_that_is_told(self) -> None:
        (check,) = self.server('ex1 = "epm/nspi"', 'check = "tcp"\n').checks
        self.assertEqual((check.type, check.port), ("tcp", None))

    def test_the_mapper_may_be_elsewhere(self) -> None:
        for line, backend in (('ex1 = { port = "epm/nspi", mapper = 10135 }', ""), ('ex1 = "epm/nspi"', "mapper = 10135\n")):
            server = self.server(line, backend)
            assert server.mapping is not None
            self.assertEqual((server.mapping.mapper, server.checks[0].port), (10135, 10135))

    def test_it_is_asked_as_often_as_the_server_is_checked(self) -> None:
        server = self.server('ex1 = "epm/nspi"', 'check = { type = "tcp", interval = "9s", timeout = "2s", fall = 5 }\n')
        self.assertEqual(server.mapping, Mapping("nspi", 135, 9.0, 2.0, 5))

    def test_without_checks_it_is_asked_as_often_as_the_defaults_say(self) -> None:
        server = self.server('ex1 = "epm/nspi"', 'check = "off"\n', '[defaults]\ncheck = { interval = "7s" }\n')
        self.assertEqual((server.mapping, server.checks), (Mapping("nspi", 135, 7.0), ()))

    def test_it_may_be_asked_at_its_own_times(self) -> None:
        server = self.server(
            'ex1 = { port = "epm/nspi", mapper = { timeout = "1s" } }', 'mapper = { interval = "60s", fall = 1 }\n'
        )
        self.assertEqual(server.mapping, Mapping("nspi", 135, 60.0, 1.0, 1))


class BackendTests(ConfigTestCase):
    def test_the_defaults_speak_for_back_ends_that_say_nothing(self) -> None:
        text = '[defaults]\nbalance = "first"\nretries = 7\ntimeouts = { connect = "1s", queue = "2s" }\n'
        backend = self.load(text + WEB + '[backends.web]\nretries = 0\ntimeouts.queue = "3s"\n').backends["web"]
        self.assertEqual((backend.balance, backend.retries), ("first", 0))
        self.assertEqual(backend.timeouts, Timeouts(connect=1.0, queue=3.0))

    def test_every_key_of_a_back_end(self) -> None:
        text = (
            'redispatch = false\nmaxconn = 5\nqueue_size = 6\non_marked_down = "shutdown-sessions"\n'
            "observe = false\nerror_limit = 2\n"
            'on_marked_up = "shutdown-backup-sessions"\nabortonclose = true\nsource = "10.0.0.9"\n'
        )
        backend = self.load(WEB + "[backends.web]\n" + text).backends["web"]
        self.assertEqual(
            (backend.redispatch, backend.maxconn, backend.queue_size, backend.on_marked_down, backend.on_marked_up),
            (False, 5, 6, "shutdown-sessions", "shutdown-backup-sessions"),
        )
        self.assertEqual(
            (backend.abortonclose, backend.source, backend.observe, backend.error_limit), (True, "10.0.0.9", False, 2)
        )

    def test_a_back_end_without_servers_is_refused(self) -> None:
        (problem,) = self.problems(FIRST + "[backends.web]\n")
        self.assertIn("site.toml:4: backends.web.servers: there are no servers; write [backends.web.servers]", problem)

    def test_transparency_is_not_built(self) -> None:
        (problem,) = self.problems(WEB + '[backends.web]\nsource = "client"\n')
        self.assertIn('site.toml:8: backends.web.source: source = "client" is not built yet', problem)

    def test_a_source_is_an_address(self) -> None:
        (problem,) = self.problems(WEB + '[backends.web]\nsource = "eth0"\n')
        self.assertEqual(problem, 'site.toml:8: backends.web.source: "eth0" is not an IP address')

    def test_later_sections_of_timeouts_win(self) -> None:
        self.assertEqual(
            timeouts(TimeoutsSection(connect=1.0, drain=2.0), TimeoutsSection(connect=3.0)), Timeouts(connect=3.0, drain=2.0)
        )


class PersistenceTests(ConfigTestCase):
    def problem(self, persistence: str) -> str:
        (problem,) = self.problems(f"{WEB}[backends.web]\npersistence = {persistence}\n[tables.cas]\n")
        return problem

    def test_a_table_may_be_shared(self) -> None:
        text = '[tables.cas]\nexpire = "5m"\nsize = "1k"\nipv6_prefix = 64\n'
        configuration = self.load(WEB + '[backends.web]\npersistence = { table = "cas", required = false }\n' + text)
        self.assertEqual(configuration.tables, {"cas": Table("cas", "source", 300.0, 1024, 32, 64)})
        self.assertEqual(configuration.backends["web"].persistence, Persistence("cas", False))

    def test_a_table_of_its_own_is_named_as_the_back_end(self) -> None:
        configuration = self.load(WEB + '[backends.web]\npersistence = { kind = "source", ipv4_prefix = 24 }\n')
        self.assertEqual(configuration.tables, {"web": Table("web", ipv4_prefix=24)})
        self.assertEqual(configuration.backends["web"].persistence, Persistence("web", True))

    def test_a_table_that_is_not_there_offers_the_nearest(self) -> None:
        problem = 'site.toml:8: backends.web.persistence.table: there is no "cass" in [tables]; did you mean "cas"?'
        self.assertEqual(self.problem('{ table = "cass" }'), problem)

    def test_a_shared_table_says_its_own_keys(self) -> None:
        problem = self.problem('{ table = "cas", expire = "5m" }')
        self.assertIn("persistence.expire: this belongs to the table, which is [tables.cas]", problem)

    def test_required_is_for_shared_tables(self) -> None:
        self.assertIn(
            "persistence.required: this is for a table that several", self.problem('{ kind = "source", required = true }')
        )

    def test_an_own_table_must_not_be_named_as_another(self) -> None:
        (problem,) = self.problems(f"{WEB}[backends.web]\npersistence = {{ kind = 'source' }}\n[tables.web]\n")
        self.assertIn("backends.web.persistence: its own table would be named as [tables.web] is", problem)

    def test_groups_are_those_that_share_a_table(self) -> None:
        text = WEB + '[backends.web]\npersistence.table = "cas"\n[tables.cas]\n'
        more = '[backends.b]\npersistence.table = "cas"\n[backends.b.servers]\na = "10.0.0.1:1"\n'
        self.assertEqual(shared(self.load(text).backends), {})
        groups = shared(self.load(text + more).backends)
        self.assertEqual([backend.name for backend in groups["cas"]], ["web", "b"])


class HostTests(ConfigTestCase):
    def test_hosts_are_known_by_name(self) -> None:
        self.assertEqual(self.load('[hosts]\na = "FD00::1"\n').hosts, {"a": Host("a", "fd00::1")})
