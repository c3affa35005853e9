"""Tables: told one slice after the other, and cleared."""

from ipaddress import ip_address

from exproxy import pool
from tests.admin.haproxy.stage import RuntimeStage
from tests.pool.support import get

HEADER = "# table: smtp, type: ip, size:5, used:{}\n"


class TablesTests(RuntimeStage):
    def setUp(self) -> None:
        super().setUp()
        self.table = self.groups["smtp"].table
        self.lease = get(self.backends["smtp"], "192.0.2.1", self.clock.seconds())
        self.table.insert(ip_address("192.0.2.2").packed, "ex2", self.clock.seconds())

    def lines(self, command: str) -> list[str]:
        return [line.partition(": ")[2] for line in self.say(command).splitlines()[1:-1]]

    def test_all_tables_are_told(self) -> None:
        self.assertEqual(self.say("show table"), HEADER.format(2) + "\n")
        self.assertEqual(self.say("show table nope"), "No such table\n\n")

    def test_each_entry_has_a_line(self) -> None:
        self.clock.advance(10)
        first = "key=192.0.2.1 use=1 exp=50000 server_id=1 server_key=ex1"
        second = "key=192.0.2.2 use=0 exp=50000 server_id=2 server_key=ex2"
        self.assertEqual(self.lines("show table smtp"), [first, second])
        self.assertEqual(self.lines("show table smtp key 192.0.2.2"), [second])
        self.assertEqual(self.lines("show table smtp key 192.0.2.3"), [])
        self.assertEqual(self.lines("show table smtp data.server_id gt 1"), [second])
        self.assertEqual(self.lines("show table smtp data.server_id ge 1 data.server_id lt 2"), [first])

    def test_an_entry_whose_host_has_no_server_any_more_names_the_host(self) -> None:
        self.table.insert(b"\0" * 16, "ex9", self.clock.seconds())
        self.assertEqual(self.lines("show table smtp")[-1], "key=:: use=0 exp=60000 server_id=0 server_key=ex9")

    def test_one_that_goes_while_the_others_are_told_is_left_out(self) -> None:
        pieces = self.runtime.say(self.great(150), self.conversation)
        self.assertEqual([str(next(pieces)).count(" key=") for _ in range(2)], [0, 100])
        self.groups["big"].table.clear()
        self.assertEqual(list(pieces), ["", "\n"])

    def test_filters_that_make_no_sense_are_refused_in_haproxys_words(self) -> None:
        operators = 'Filter entry #1: Require and operator among "eq", "ne", "le", "ge", "lt", "gt"\n'
        value = "Filter entry #{}: Require a valid integer value to compare against\n"
        for words, answer in (
            ("key", "Key value expected\n"),
            ("key foo", ""),
            ("foo", 'Optional argument only supports "data.<store_data_type>" <operator> <value> and key <key>\n'),
            ("data.bogus eq 1", "Filter entry #1: Unknown data type\n"),
            ("data.gpc0 gt 0", "Filter entry #1: Data type not stored in this table\n"),
            ("data.server_id", operators),
            ("data.server_id is 1", operators),
            ("data.server_id eq x", value.format(1)),
            ("data.server_id eq 1 data.server_id ne", value.format(2)),
            ("data.server_key eq ex1", value.format(1)),
        ):
            self.assertEqual(self.say(f"show table smtp {words}"), answer + "\n", words)

    def test_one_entry_or_all_are_cleared_and_audited(self) -> None:
        heard = self.hear()
        self.assertEqual(self.say("clear table smtp key 192.0.2.2"), "\n")
        self.assertEqual(len(self.table), 1)
        self.assertEqual(self.say("clear table smtp"), "\n")
        self.assertEqual(len(self.table), 0)
        self.assertEqual(len(heard), 2)

    def test_what_cannot_be_cleared_is_refused_and_nothing_happens(self) -> None:
        required = 'Required arguments: <table> "data.<store_data_type>" <operator> <value> or <table> key <key>\n'
        for words, answer in (
            ("", required),
            (" nope", "No such table\n"),
            (" smtp foo", required),
            (" smtp key", "Key value expected\n"),
            (" smtp key foo", ""),
            (" smtp data.server_id eq 1", "Entries can only be removed by their key, or all together.\n"),
        ):
            self.assertEqual(self.say("clear table" + words), answer + "\n")
        self.assertEqual(len(self.table), 2)

    def test_a_great_table_is_told_in_slices(self) -> None:
        pieces = list(self.runtime.say(self.great(1000), self.conversation))
        self.assertEqual(len(pieces), 1 + 10 + 1)
        self.assertEqual("".join(str(piece) for piece in pieces).count(" key="), 1000)

    def great(self, size: int) -> str:
        """Another table; the command that tells it."""
        group = self.groups["big"] = pool.Group(pool.Table("big", size=size))
        for number in range(size):
            group.table.insert(number.to_bytes(4, "big"), "ex1", self.clock.seconds())
        return "show table big"
