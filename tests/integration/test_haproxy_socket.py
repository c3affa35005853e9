"""HAProxy's runtime socket: the same commands to a real HAProxy and to exproxy, and what both answer."""

import json
import re
import socket
import urllib.request
from pathlib import Path
from typing import Any

from tests.integration.clients import PATIENCE
from tests.integration.haproxies import OURS, THEIRS, BothTestCase, ask, rows
from tests.integration.peers.greeter import Greeter
from tests.integration.peers.ports import free_port
from tests.integration.peers.waiting import eventually

OTHER = "127.0.77.13"

UNKNOWN_HERE = {
    "FRONTEND": (
        "eint wrew intercepted dcon dses comp_in comp_out comp_byp comp_rsp cache_lookups cache_hits "
        "req_rate req_rate_max req_tot"
    ),
    "BACKEND": (
        "slim eresp wretr wredis cli_abrt srv_abrt comp_in comp_out comp_byp comp_rsp qtime ctime rtime ttime qtime_max "
        "ctime_max rtime_max ttime_max wrew reuse eint cache_lookups cache_hits req_tot"
    ),
    "server": (
        "eresp wretr wredis cli_abrt srv_abrt qtime ctime rtime ttime qtime_max ctime_max rtime_max ttime_max wrew reuse eint "
        "srv_icur src_ilim idle_conn_cur safe_conn_cur need_conn_est req_tot"
    ),
}
"""Columns that HAProxy fills and exproxy does not: what is counted nowhere; beside the answers by status and TLS, H1 and H2."""
OF_MODULES = re.compile("hrsp_|ssl_|h1_|h2_")
SAME = """
pxname svname qcur scur slim status weight act bck pid iid sid type check_status check_desc check_rise check_fall check_health
addr mode algo uweight rate_lim
"""
"""Columns whose values have to be the same."""

ERRORS = """
set server
set server hub
set server nope/ex1 state maint
set server hub/nope state maint
set server hub ex1 state maint
set server hub/ex1 state
set server hub/ex1 state foo
set server hub/ex1 weight
set server hub/ex1 weight 257
set server hub/ex1 weight -1
set server hub/ex1 weight -5%
set server hub/ex1 weight 5x
set server hub/ex1 weight abc
set server hub/ex1 health
set server hub/ex1 health foo
set server hub/ex1 agent up
set server hub/ex1 agent foo
set server hub/ex1 addr
set server hub/ex1 addr foo
set weight
set weight hub
set weight hub/ex1
get weight
get weight hub/nope
set maxconn server
set maxconn server hub/ex1
set maxconn server hub/ex1 x
set maxconn server hub/ex1 5x
set maxconn frontend
set maxconn frontend smtp
set maxconn frontend nope 3
set maxconn global
disable server
disable server hub
disable server nope/ex1
disable server hub/nope
enable health hub/ex3
enable agent hub/ex1
disable agent hub/ex1
disable frontend
disable frontend nope
enable frontend
enable frontend nope
enable frontend smtp
shutdown frontend
shutdown frontend nope
shutdown session
shutdown session foo
shutdown session 0x1
shutdown sessions server
shutdown sessions server hub
shutdown sessions server hub/nope
clear table
clear table nope
clear table hub key
clear table hub key foo
clear table hub foo
show table nope
show table hub key
show table hub key foo
show table hub foo
show table hub data.bogus eq 1
show table hub data.gpc0 gt 0
show table hub data.server_id
show table hub data.server_id eq
show table hub data.server_id eq x
show sess 0x1234
show servers state nope
show servers conn nope
show stat nope -1 -1
show backend
show cli level
set timeout
set timeout cli
set timeout cli abc
set timeout cli 10s
operator; disable server hub/ex1
user; show sess
user; clear counters
operator; clear counters all
user; operator; show cli level
get weight hub/ex2
show version; quit; show backend
""".strip().splitlines()
"""Commands whose answers have to be the same, to the octet."""

DONE = """
set server hub/ex1 state drain
set server hub/ex1 state maint
set server hub/ex1 state ready
set server hub/ex1 weight 7
get weight hub/ex1
set server hub/ex1 weight 50%
set server hub/ex1 weight 200%
get weight hub/ex1
set weight hub/ex1 100%
get weight hub/ex1
set maxconn server hub/ex1 9
disable server hub/ex1
enable server hub/ex1
set server hub/ex1 addr 127.0.77.11
set server hub/ex1 addr 127.0.77.13
set server hub/ex1 addr 127.0.77.11
clear counters
clear counters all
clear table hub
clear table hub key 192.0.2.1
shutdown sessions server hub/ex1
""".strip().splitlines()
"""The same of those that do something, one after the other."""


class AnswersTests(BothTestCase):
    def test_answers_are_the_same_to_the_octet(self) -> None:
        for command in (*ERRORS, *DONE):
            theirs, ours = (ask(path, command) for path in self.both)
            if "show version" in command:
                theirs, ours = (text.partition("\n")[2] for text in (theirs, ours))
            self.assertEqual(ours, theirs, command)
        self.proxy.end()

    def test_rows_have_haproxys_columns_in_its_order_and_words(self) -> None:
        for front in (THEIRS, OURS):
            self.assertEqual([self.client(front) for _ in range(2)], [b"one"] * 2)
        # both may be about to tell of the sessions, and HAProxy's check of this moment may find that its machine stands still
        self.alike(self.compared, "columns")
        self.assertEqual(self.compared(self.ours)["hub/BACKEND"]["scur"], "2")
        first = [ask(path, "show stat").splitlines()[0] for path in self.both]
        self.assertEqual(first[0], first[1])
        theirs, ours = (rows(path) for path in self.both)
        self.assertEqual(list(ours), list(theirs))
        for name, row in ours.items():
            other = theirs[name]
            sort = name.partition("/")[2]
            missing = {column for column in other.keys() - row.keys() if not OF_MODULES.match(column)}
            self.assertLessEqual(missing, set(UNKNOWN_HERE.get(sort, UNKNOWN_HERE["server"]).split()), name)
            self.assertLessEqual(row.keys() - other.keys(), {"check_code", "last_chk"}, name)
        self.proxy.end()

    def compared(self, path: Path) -> dict[str, dict[str, str | None]]:
        """By name: what has to be the same."""
        return {
            name: {column: row.get(column) for column in SAME.split() if column != "slim" or "BACKEND" not in name}
            for name, row in rows(path).items()
        }

    def test_states_have_the_same_words(self) -> None:
        for command in (
            "set server hub/ex1 state drain",
            "set server hub/ex1 state maint",
            "set server hub/ex3 state drain",
            "set server hub/ex3 state maint",
            "set server hub/ex1 state ready; set server hub/ex3 state ready",
            "set server owa/ex1 weight 0",
        ):
            for path in self.both:
                ask(path, command)
            # one that comes back is checked anew by HAProxy, which takes a moment
            self.alike(self.words, f"words after {command}")
        self.assertEqual([self.status(path, "hub/ex3") for path in self.both], ["no check", "no check"])
        self.proxy.end()

    def words(self, path: Path) -> list[tuple[str, ...]]:
        columns = ("status", "weight", "act", "bck", "check_status", "uweight")
        return [(name, *(row.get(column, "") for column in columns)) for name, row in rows(path).items()]

    def test_rows_are_chosen_alike(self) -> None:
        for words in ("2 -1 -1", "hub 4 2", "-1 1 -1", "-1 2 -1", "-1 4 1", "5 6 1", "99 -1 -1", "hub", "-1 -1 -1 no-maint"):
            self.alike(lambda path, words=words: list(rows(path, f"show stat {words}")), words)
        for path in self.both:
            ask(path, "disable server hub/ex1")
        for words in ("-1 -1 -1 no-maint", "-1 -1 -1 up"):
            self.alike(lambda path, words=words: [row["status"] for row in rows(path, f"show stat {words}").values()], words)
        self.proxy.end()

    def test_typed_and_json_say_the_same_of_each_column(self) -> None:
        theirs, ours = (self.typed(path) for path in self.both)
        self.assertEqual({name: theirs.get(name) for name in ours}, ours)
        theirs, ours = (self.described(path) for path in self.both)
        self.assertEqual({name: theirs.get(name) for name in ours}, ours)
        for form in ("typed", "json", "desc", ""):
            theirs, ours = (self.known(path, form) for path in self.both)
            self.assertLessEqual(ours, theirs, form)
        self.proxy.end()

    def typed(self, path: Path) -> dict[str, str]:
        lines = (line for line in ask(path, "show stat hub -1 -1 typed").splitlines() if line)
        return {line.split(":")[0]: ":".join(line.split(":")[1:3]) for line in lines}

    def described(self, path: Path) -> dict[str, Any]:
        told = [value for row in json.loads(ask(path, "show stat hub 4 1 json")) for value in row]
        return {value["field"]["name"]: {**value, "value": value["value"]["type"]} for value in told}

    def known(self, path: Path, form: str) -> set[str]:
        """Names of what ``show info`` tells, with their places where they have any."""
        said = ask(path, f"show info {form}")
        if form == "json":
            return {f"{one['field']} {one['tags']} {one['value']['type']}" for one in json.loads(said)}
        if form == "typed":
            return {":".join(line.split(":")[:3]) for line in said.splitlines() if line}
        return {line.split(":")[0] for line in said.splitlines() if line}

    def test_states_of_servers_sessions_and_tables_have_the_same_form(self) -> None:
        for front in (THEIRS, OURS):
            self.client(front)
        eventually(lambda: rows(self.ours)["hub/ex1"]["scur"] == "1", "the session to be told")
        # HAProxy counts a check that is under way into the state of the check
        self.alike(self.states, "states of servers")
        theirs, ours = (ask(path, "show servers conn").splitlines() for path in self.both)
        self.assertEqual([line.split()[:4] for line in ours], [line.split()[:4] for line in theirs])
        theirs, ours = ([line for line in ask(path, "show sess").splitlines() if "fe=smtp" in line] for path in self.both)
        self.assertEqual([self.form(line) for line in ours], [self.form(line) for line in theirs])
        (header, first), (own_header, own_first) = (ask(path, "show table hub").split("\n", 1) for path in self.both)
        self.assertEqual(own_header, header)
        self.assertEqual(*(re.sub("use=[0-9]+ ", "", self.form(text)) for text in (own_first, first)))
        self.proxy.end()

    def states(self, path: Path) -> list[list[str]]:
        """Without the time since the last change, which is everybody's own; a backup that never was up has a change less."""
        version, names, *servers = ask(path, "show servers state").splitlines()
        return [[version], [names], *([*line.split()[:9], *line.split()[10:]] for line in servers)]

    def form(self, line: str) -> str:
        """Without what is a number of the process's own."""
        line = re.sub(r"^0x[0-9a-f]+", "0x", line)
        line = re.sub(r"(src=[0-9.]+):\d+", r"\1", line)
        return re.sub(r"(epoch|calls|rate|age|cpu|lat|rc|exp)=\S*", r"\1=", re.sub(r"\[[^]]*\]", "[]", line))

    def test_errors_and_unknown_commands_look_alike(self) -> None:
        counted = r"Total events captured on \[[^]]+\] : 0\n\n"
        for path in self.both:
            self.assertRegex(ask(path, "show errors"), counted)
        for command in ("nothing of this kind", "show servers", "help show servers", "", ";", "help"):
            theirs, ours = (ask(path, command).splitlines() for path in self.both)
            self.assertEqual((ours[0], ours[-4:]), (theirs[0], theirs[-4:]))
            if "servers" in command:
                self.assertEqual(ours, theirs)
            if command == "help":
                self.assertLessEqual(set(ours), set(theirs), "each line is one of HAProxy's")
        self.proxy.end()

    def test_a_prompt_is_shown_alike(self) -> None:
        said = []
        for path in self.both:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
                client.settimeout(PATIENCE)
                client.connect(str(path))
                answers = []
                for line in (b"prompt", b"show backend", b"set server hub/ex1 state ready; get weight hub/ex1", b"quit"):
                    client.sendall(line + b"\n")
                    answer, prompts = b"", 1 + line.count(b";")
                    while not answer.endswith(b"\n> ") or answer.count(b"> ") < prompts:
                        piece = client.recv(4096)
                        if not piece:
                            break
                        answer += piece
                    answers.append(answer)
                said.append(answers)
        self.assertEqual(said[1], said[0])
        self.proxy.end()


class EffectsTests(BothTestCase):
    """What commands do here, with one process."""

    original = False

    def test_a_server_is_drained_moved_and_limited(self) -> None:
        self.assertEqual(self.client(), b"one")
        self.addCleanup(Greeter(OTHER, self.behind, b"two").stop)
        self.assertIn("IP changed from", ask(self.ours, f"set server hub/ex1 addr {OTHER}"))
        self.known_everywhere()
        self.assertEqual({self.client() for _ in range(6)}, {b"two"})
        other = Greeter(OTHER, port := free_port(OTHER), b"six")
        self.addCleanup(other.stop)
        self.assertIn(f"to '{port}'", ask(self.ours, f"set server hub/ex1 addr {OTHER} port {port}"))
        self.known_everywhere()
        self.assertEqual({self.client() for _ in range(6)}, {b"six"})
        self.proxy.wait_for_log(rf"audit: uid \d+ at the socket moved server hub/ex1 to {OTHER} port {port}")
        eventually(lambda: rows(self.ours)["hub/ex1"]["addr"] == f"{OTHER}:{port}", "the address to be told")
        self.proxy.end()

    def test_sessions_are_told_and_ended_one_and_all(self) -> None:
        for _ in range(5):
            self.client()
        eventually(lambda: rows(self.ours)["hub/ex1"]["scur"] == "5", "the sessions to be told")
        lines = [line for line in ask(self.ours, "show sess").splitlines() if "srv=ex1" in line]
        self.assertEqual(len({line.split(":")[0] for line in lines}), 5)
        session = lines[2].split(":")[0]
        self.assertIn(session, ask(self.ours, f"show sess {session}"))
        self.assertEqual(ask(self.ours, f"shutdown session {session}"), "\n")
        eventually(lambda: rows(self.ours)["hub/ex1"]["scur"] == "4", "one session to be over")
        self.assertEqual(ask(self.ours, f"show sess {session}"), "Session not found.\n\n")
        self.assertEqual(ask(self.ours, "shutdown sessions server hub/ex1"), "\n")
        for client in self.clients:
            self.assertEqual(client.recv(1), b"")
        eventually(lambda: "srv=ex1" not in ask(self.ours, "show sess"), "all sessions to be over")
        self.assertRegex(
            ask(self.ours, "show table hub"), "used:1\n0x1: key=127.0.0.1 use=0 exp=[0-9]+ server_id=1 server_key=ex1\n\n$"
        )
        self.assertEqual(ask(self.ours, "clear table hub"), "\n")
        self.assertIn("used:0\n", ask(self.ours, "show table hub"))
        self.proxy.end()

    def test_a_server_without_a_weight_or_in_maintenance_gets_nobody(self) -> None:
        ask(self.ours, "set weight hub/ex1 0; disable server hub/ex3")
        self.known_everywhere()
        eventually(self.refused, "nobody to be let through")
        ask(self.ours, "set weight hub/ex1 1")
        eventually(lambda: self.client() == b"one", "clients to be let through")
        self.proxy.end()

    def refused(self) -> bool:
        return self.client() == b""


class WorkersEffectsTests(EffectsTests):
    """The same with two workers."""

    workers = 2


class UsersTests(BothTestCase):
    """The CSV over HTTP, for who may look."""

    original = False

    def get(self, path: str) -> tuple[str, str]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}{path}", timeout=PATIENCE) as answer:
            return answer.headers["Content-Type"].partition(";")[0], answer.read().decode()

    def test_it_is_what_the_socket_says(self) -> None:
        for path in ("/stats;csv", "/stats;csv;norefresh", "/;csv"):
            kind, body = self.get(path)
            self.assertEqual((kind, body.count("\n")), ("text/plain", 1 + 9))
            self.assertEqual(body.splitlines()[0], ask(self.ours, "show stat").splitlines()[0])
        kind, body = self.get("/stats;json")
        self.assertEqual((kind, len(json.loads(body))), ("application/json", 9))
        self.proxy.end()


class HardshipTests(BothTestCase):
    """Who reads nothing, says nothing, or too much."""

    original = False

    def connect(self, said: bytes = b"") -> socket.socket:
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.addCleanup(client.close)
        client.connect(str(self.ours))  # waits for a place in the backlog, as long as there is no timeout
        client.settimeout(PATIENCE)
        client.sendall(said)
        return client

    def memory(self) -> int:
        """Kilobytes."""
        status = Path(f"/proc/{self.proxy.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0])

    def test_readers_that_stop_are_not_written_for(self) -> None:
        line = b"show stat;" * 1600 + b"\n"
        self.assertGreater(len(ask(self.ours, "show stat")) * 1600, 5_000_000, "so much each of them asks for")
        before = self.memory()
        readers = [self.connect(line) for _ in range(20)]
        for _ in range(10):
            self.assertIn("hub,BACKEND", ask(self.ours, "show stat"))
            self.assertIn(self.client(), (b"one", b""))
        self.assertLess(self.memory() - before, 10_000)
        for reader in readers:
            reader.close()
        self.proxy.end()

    def test_who_says_nothing_or_no_end_of_a_line_keeps_nobody_out(self) -> None:
        for _ in range(50):
            for said in (b"", b"prompt\n", b"show st"):
                self.connect(said)
        self.assertIn("hub,BACKEND", ask(self.ours, "show stat"))
        greedy = self.connect(b"x" * 20_000)
        self.assertIn(self.rest(greedy), (b"", None))
        self.assertIn("hub,BACKEND", ask(self.ours, "show stat"))
        self.proxy.end()

    def rest(self, client: socket.socket) -> bytes | None:
        try:
            return client.recv(1)
        except ConnectionResetError:
            return None
