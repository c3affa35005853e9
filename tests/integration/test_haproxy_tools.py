"""Tools that people have for HAProxy, as Debian has them, at exproxy: hatop, an exporter, Nagios' checks, scripts over socat."""

import re
import socket
import subprocess
import urllib.request
from pathlib import Path

import attrs
from prometheus_client.parser import text_string_to_metric_families

from exproxy.config.passwords import hashed
from tests.integration.clients import PATIENCE
from tests.integration.haproxies import LOOPBACK, BothTestCase, rows
from tests.integration.peers import needs
from tests.integration.peers.ports import accepts, free_port
from tests.integration.peers.process import Peer
from tests.integration.peers.waiting import eventually


@attrs.define
class Exporter(Peer):
    """Prometheus' own exporter for HAProxy.

    :param source: where it looks.
    """

    source: str = ""

    def command(self) -> list[str]:
        where = f"--web.listen-address={self.host}:{self.port}"
        patience = f"--haproxy.timeout={PATIENCE}s"
        return [needs.program("prometheus-haproxy-exporter") or "", where, patience, f"--haproxy.scrape-uri={self.source}"]

    def ready(self) -> bool:
        return accepts(self.host, self.port)

    def metrics(self) -> dict[tuple[str, ...], float]:
        """By name and values of labels."""
        with urllib.request.urlopen(f"http://{self.host}:{self.port}/metrics", timeout=2 * PATIENCE) as answer:
            families = text_string_to_metric_families(answer.read().decode())
            return {
                (sample.name, *(sample.labels[label] for label in sorted(sample.labels))): sample.value
                for family in families
                for sample in family.samples
            }


@attrs.define
class Hatop(Peer):
    """In a terminal that can be read and typed into; ``port`` is none.

    :param socket: where it looks.
    """

    socket: Path = Path()

    def command(self) -> list[str]:
        # -D keeps the server of tmux in the foreground, so that it ends with the test
        return [needs.program("tmux") or "tmux", "-D", "-S", str(self.terminal)]

    def prepare(self) -> None:
        """Debian's hatop leaves for ever when it has no answer within a second: ours has patience, and is the same otherwise."""
        text = Path(needs.program("hatop") or "").read_text(encoding="utf-8")
        patient = text.replace("\nHAPROXY_CLI_CMD_TIMEOUT = 1\n", f"\nHAPROXY_CLI_CMD_TIMEOUT = {PATIENCE}\n")
        assert patient != text, "this hatop waits for its answers in another way"
        self.patient.write_text(patient, encoding="utf-8")
        self.patient.chmod(0o755)

    @property
    def patient(self) -> Path:
        return self.folder / "hatop"

    @property
    def terminal(self) -> Path:
        return self.folder / "tmux"

    def tmux(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", str(self.terminal), *arguments], capture_output=True, text=True, check=False, timeout=PATIENCE
        )
        return done.stdout

    def ready(self) -> bool:
        """Who finds no server behind the socket starts another one, which would stay."""
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(self.terminal))
        return True

    def open(self) -> None:
        """Begin."""
        self.tmux("new-session", "-d", "-x", "150", "-y", "40", f"TERM=screen {self.patient} -s {self.socket} -i 1")

    def screen(self) -> str:
        """What can be read."""
        return self.tmux("capture-pane", "-p")

    def mark(self, name: str) -> None:
        """Go down until the line that begins so is shown in reverse."""
        while name not in (before := self.marked()).values():
            self.type("Down")
            eventually(lambda: self.marked() != before, "the mark to move")

    def marked(self) -> dict[int, str]:
        """The first words of the lines in reverse, and where they are: numbers in them change by themselves."""
        lines = self.tmux("capture-pane", "-p", "-e").splitlines()
        found = {row: re.search(r"\x1b\[[0-9;]*7m(\S+) ", line) for row, line in enumerate(lines)}
        return {row: match[1] for row, match in found.items() if match}

    def type(self, *keys: str) -> None:
        """In tmux' words for keys."""
        self.tmux("send-keys", *keys)


class ToolsTests(BothTestCase):
    original = False

    def test_hatop_shows_all_and_takes_a_server_out_by_a_key(self) -> None:
        needs.require(needs.HATOP, needs.TMUX)
        hatop = Hatop("hatop", LOOPBACK, 0, socket=self.ours)
        self.started(hatop)
        hatop.open()
        self.addCleanup(hatop.tmux, "kill-server")
        for shown in (
            r">>> hub\nex1 +1 UP +L4OK +1 +0 .*\nex2 +2 DOWN +L4CON +0 +1 .*\nex3 +1 - +none ",
            r"Connections: \[ +0/200\]",
            r"Proxies: +4 +Services: +9",
        ):
            eventually(lambda shown=shown: re.search(shown, hatop.screen()), f"hatop to show {shown}")
        hatop.mark("ex1")
        hatop.type("F10")
        eventually(lambda: self.taken() == ["hub/ex1"], "hatop to take the server out")
        eventually(lambda: re.search(r"^ex1 +\d MAINT ", hatop.screen(), re.MULTILINE), "hatop to show it")
        hatop.type("F9")
        eventually(lambda: not self.taken(), "hatop to take it in again")
        hatop.type("q")
        self.proxy.wait_for_log(r"audit: uid \d+ at the socket set server hub/ex1 to ready, which was maint")
        self.proxy.end()

    def taken(self) -> list[str]:
        return [f"{row['pxname']}/{row['svname']}" for row in rows(self.ours).values() if row["status"] == "MAINT"]

    def test_prometheus_exporter_has_our_servers_over_the_socket_and_over_http(self) -> None:
        needs.require(needs.EXPORTER)
        for source in (f"unix:{self.ours}", f"http://{LOOPBACK}:{self.admin}/stats;csv"):
            exporter = Exporter("exporter", LOOPBACK, free_port(LOOPBACK), source=source)
            self.started(exporter)
            metrics = exporter.metrics()
            for server, up in (("ex1", 1.0), ("ex2", 0.0), ("ex3", 1.0)):
                self.assertEqual(metrics["haproxy_server_up", "hub", server], up)
            self.assertEqual(metrics["haproxy_up",], 1.0)
            self.assertEqual(metrics["haproxy_exporter_csv_parse_failures_total",], 0.0)
            self.assertEqual(metrics["haproxy_backend_up", "owa"], 1.0)
            self.assertEqual(metrics["haproxy_frontend_limit_sessions", "smtp"], 50.0)
        self.proxy.end()

    def test_nagios_checks_see_what_is_down_and_when_all_is_well(self) -> None:
        needs.require(needs.CHECK_HAPROXY)
        by_http = (str(needs.NAGIOS), "-t", str(PATIENCE), "-u", f"http://{LOOPBACK}:{self.admin}/stats;csv")
        by_socket = (str(needs.NAGIOS.with_name("check_haproxy_stats")), "-s", str(self.ours))
        status, said = self.run_tool(*by_http)
        self.assertEqual((status, "'ex2' is DOWN on 'owa' proxy" in said), (2, True), said)
        status, said = self.run_tool(*by_socket)
        self.assertEqual((status, "hub:ex2 is DOWN (check status: connection error)" in said), (2, True), said)
        self.assertEqual(self.run_tool(*by_socket, "-i", "ex2")[0], 0)
        self.proxy.end()

    def run_tool(self, *command: str) -> tuple[int, str]:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=2 * PATIENCE, cwd="/")
        return done.returncode, done.stdout + done.stderr

    def test_scripts_over_socat_as_people_write_them(self) -> None:
        needs.require(needs.SOCAT)
        socat = self.proxy.folder / "bin" / "socat"
        socat.parent.mkdir()
        # by itself it waits for half a second for the answer to what has ended
        socat.write_text(f'#!/bin/sh\nexec {needs.program("socat")} -t {PATIENCE} "$@"\n')
        socat.chmod(0o755)
        path = f"PATH={socat.parent}:$PATH; "
        for script, said in (
            ('echo "show info" | socat stdio {socket} | grep -i "^Uptime_sec"', r"^Uptime_sec: \d+$"),
            (
                "echo 'show stat' | socat - UNIX-CONNECT:{socket} | cut -d, -f1,2,18 | grep BACKEND",
                r"^hub,BACKEND,UP\nowa,BACKEND,UP$",
            ),
            (
                "echo 'show stat' | socat unix-connect:{socket} stdio | awk -F, '$2==\"ex2\" {{print $1, $18, $74}}'",
                "hub DOWN 127.0.77.12:",
            ),
            ('echo "show servers state hub" | socat {socket} - | awk \'$4=="ex1" {{print $6}}\'', "^2$"),
            ('echo "get weight hub/ex1" | socat stdio {socket}', r"^1 \(initial 1\)$"),
            (
                'echo "set server hub/ex1 state drain; show stat hub 4 1" | socat stdio {socket} | tail -2 | cut -d, -f18',
                "^DRAIN$",
            ),
            ('echo "enable server hub/ex1" | socat stdio {socket}', "^$"),
            ("printf 'prompt\\nshow backend\\nquit\\n' | socat stdio {socket}", r"^\n> # name\nhub\nowa\n\n>$"),
        ):
            status, output = self.run_tool("bash", "-o", "pipefail", "-c", path + script.format(socket=self.ours))
            self.assertEqual(status, 0, output)
            self.assertRegex(output.strip(" \n") if "prompt" not in script else output.rstrip(), said, script)
        self.proxy.end()


class LoginTests(BothTestCase):
    """With users, who looks at the CSV says who it is."""

    original = False
    users = f'users = {{ nagios = {{ password = "{hashed("secret")}" }} }}'

    def test_the_csv_is_for_users(self) -> None:
        url = f"http://{LOOPBACK}:{self.admin}/stats;csv"
        for login, status in (((), "401"), (("-u", "nagios:wrong"), "401"), (("-u", "nagios:secret"), "200")):
            command = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", *login, url]
            done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE)
            self.assertEqual(done.stdout, status, login)
        needs.require(needs.EXPORTER)
        source = f"http://nagios:secret@{LOOPBACK}:{self.admin}/stats;csv"
        exporter = Exporter("exporter", LOOPBACK, free_port(LOOPBACK), source=source)
        self.started(exporter)
        self.assertEqual(exporter.metrics()["haproxy_server_up", "hub", "ex1"], 1.0)
        self.proxy.end()
