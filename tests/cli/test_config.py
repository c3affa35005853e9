"""``exproxy config`` as it is typed."""

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import twisted.plugins
from click.testing import CliRunner, Result
from twisted.internet.defer import ensureDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.check.plugins import checkers
from exproxy.cli import main
from exproxy.cli.config import connect
from exproxy.config.load import load
from exproxy.config.show import show
from tests.config.support import CONF, conf
from tests.net.memory import MemoryNetwork, Peer
from tests.net.tls.files import certificate_file

GOOD = '[frontends.a]\nbind = ":25"\nbackend = "a"\n[backends.a.servers]\nmx1 = "10.0.0.1:25"\nmx2 = "10.0.0.2:25"\n'


class ConfigCommandTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def run_with(self, *arguments: object) -> Result:
        return CliRunner().invoke(main, ["config", *map(str, arguments)])

    def conf(self) -> list[Path]:
        """Every file of conf/; the demo's is told by the environment where its certificate is."""
        files = conf(self.folder)
        self.patch(os, "environ", {**os.environ, "EXPROXY_DEMO_CERTIFICATE": str(self.folder / "conf/certs/mail.pem")})
        return [*files, CONF / "demo.toml"]

    def write(self, text: str) -> Path:
        path = self.folder / "site.toml"
        path.write_text(text, "utf-8")
        return path


class CheckTests(ConfigCommandTestCase):
    def test_a_good_file_is_fine(self) -> None:
        path = self.write(GOOD)
        result = self.run_with("check", path)
        self.assertEqual((result.exit_code, result.stderr), (0, ""))
        self.assertEqual(result.stdout, f"{path}: fine: 1 front end, 1 back end, 2 servers on 2 hosts\n")

    def test_warnings_are_told_and_the_file_is_fine(self) -> None:
        path = self.write(GOOD + "[tables.cas]\n")
        result = self.run_with("check", path)
        self.assertEqual((result.exit_code, result.stderr), (0, f"{path}:7: tables.cas: no back end uses this table (warning)\n"))

    def test_certificates_are_read(self) -> None:
        file = certificate_file(str(self.folder), not_after=datetime.now(UTC) + timedelta(days=3, hours=1)).file
        tls = 'tls = { mode = "implicit", certificates = "mail.example.com.pem" }'
        path = self.write(GOOD.replace('backend = "a"', f'backend = "a"\n{tls}'))
        result = self.run_with("check", path)
        self.assertEqual(result.exit_code, 0)
        self.assertIn(f"{path}:4: frontends.a.tls: {file}: the certificate expires in 3 days", result.stderr)
        file.write_text("nonsense")
        result = self.run_with("check", path)
        self.assertEqual((result.exit_code, result.stdout), (1, ""))
        problem, summary = result.stderr.splitlines()
        self.assertIn(f"{path}:4: frontends.a.tls: {file} is neither PEM nor a PFX that can be opened", problem)
        self.assertEqual(summary, f"{path}: not usable: 1 problem")

    def test_a_broken_file_ends_with_1_and_all_problems_a_line_each(self) -> None:
        path = self.write(GOOD + "[service]\nmaxcon = 3\nworkers = 0\n")
        result = self.run_with("check", path)
        self.assertEqual((result.exit_code, result.stdout), (1, ""))
        self.assertEqual(
            result.stderr.splitlines(),
            [
                f'{path}:8: service.maxcon: there is no such key; did you mean "maxconn"?',
                f"{path}:9: service.workers: workers is 0, but has to be at least 1",
                f"{path}: not usable: 2 problems",
            ],
        )

    def test_a_file_that_is_not_there_ends_with_1(self) -> None:
        result = self.run_with("check", self.folder / "none.toml")
        self.assertEqual(result.exit_code, 1)
        self.assertIn("none.toml: cannot be read: No such file or directory", result.stderr)

    def test_every_file_of_conf_is_fine_with_the_checkers_that_there_are(self) -> None:
        for path in self.conf():
            result = self.run_with("check", path)
            said = [line for line in result.stderr.splitlines() if "relays for everybody" not in line]
            self.assertEqual((result.exit_code, said), (0, []), path.name)


class PluginsTests(ConfigCommandTestCase):
    def test_two_of_one_name_are_a_sentence_whatever_is_asked(self) -> None:
        text = "from exproxy.check.checkers.tcp import TcpChecker\nclass Other(TcpChecker): pass\nother = Other()\n"
        self.folder.joinpath("other_tcp.py").write_text(text, "utf-8")
        self.patch(twisted.plugins, "__path__", [*twisted.plugins.__path__, str(self.folder)])
        self.addCleanup(sys.modules.pop, "twisted.plugins.other_tcp", None)
        for words in (("check", self.write(GOOD)), ("show", self.write(GOOD)), ("schema",)):
            result = self.run_with(*words)
            self.assertEqual(result.exit_code, 1)
            self.assertIn("Error: two plugins are checkers named 'tcp': ", result.stderr)


class ConnectTests(ConfigCommandTestCase):
    """``check --connect``, but for the reactor."""

    def setUp(self) -> None:
        super().setUp()
        self.clock: Any = Clock()
        self.network = MemoryNetwork(self.clock)
        self.printed: list[str] = []
        self.patch(click, "secho", lambda line, fg=None, nl=True: self.printed.append(line))

    def connect(self, more: str = "") -> int:
        running = ensureDeferred(connect(self.clock, load(self.write(GOOD + more), {}, checkers()), self.network))
        self.clock.pump([0.0] + [0.5] * 15)
        statuses: list[int] = []
        running.addErrback(lambda failure: statuses.append(failure.trap(SystemExit) and failure.value.code))
        self.successResultOf(running)
        return statuses[0] if statuses else 0

    def test_servers_that_are_well_end_with_status_0_and_a_line_each(self) -> None:
        for host in ("10.0.0.1", "10.0.0.2"):
            self.network.listen((host, 25), Peer()).resume()
        self.assertEqual(self.connect(), 0)
        self.assertEqual([line.partition(" in ")[0] for line in self.printed[:2]], ["a/mx1 tcp: L4OK", "a/mx2 tcp: L4OK"])
        self.assertEqual(self.printed[2:], ["2 checks run, and all that are required passed"])

    def test_a_server_that_is_not_well_ends_with_status_1(self) -> None:
        self.network.listen(("10.0.0.1", 25), Peer()).resume()
        self.assertEqual(self.connect(), 1)
        self.assertIn("a/mx2 tcp: L4CON in 0 ms: connection refused at 10.0.0.2:25: nothing listens there", "".join(self.printed))
        self.assertEqual(self.printed[-1], "1 of 2 checks failed")

    def test_servers_without_checks_are_not_called_well(self) -> None:
        self.assertEqual(self.connect('[backends.a]\ncheck = "off"\n'), 0)
        self.assertEqual(self.printed, ["no server has a check: there is nothing to look at"])

    def test_a_broken_file_opens_no_connection(self) -> None:
        result = self.run_with("check", "--connect", self.write("service = 3\n"))
        self.assertEqual((result.exit_code, result.stdout), (1, ""))


class ShowTests(ConfigCommandTestCase):
    def test_what_is_printed_is_a_configuration(self) -> None:
        for path in self.conf():
            again = self.write(self.run_with("show", path).stdout)
            shown = [show(load(file, os.environ, checkers())).partition("\n[")[2] for file in (path, again)]
            self.assertEqual(shown[0], shown[1], path.name)

    def test_secrets_are_shown_when_that_is_asked_for(self) -> None:
        front = '[frontends.f]\nmode = "http"\nbind = "127.0.0.1:80"\nbackend = "b"\n'
        back = (
            '[backends.b]\npersistence = { kind = "cookie", secret = "hush-hush-hush-hush" }\nservers = { a = "10.0.0.1:80" }\n'
        )
        path = self.write(front + back)
        self.assertNotIn("hush", self.run_with("show", path).stdout)
        self.assertIn("hush", self.run_with("show", "--secrets", path).stdout)

    def test_a_broken_file_ends_with_1(self) -> None:
        result = self.run_with("show", self.write("service = 3\n"))
        self.assertEqual((result.exit_code, result.stdout), (1, ""))


class SchemaTests(ConfigCommandTestCase):
    def test_it_is_json(self) -> None:
        schema = json.loads(self.run_with("schema").stdout)
        self.assertEqual(schema["$schema"], "https://json-schema.org/draft/2020-12/schema")
        self.assertIn("frontends", schema["properties"])


class InitTests(ConfigCommandTestCase):
    def test_a_file_is_written_that_is_fine(self) -> None:
        path = self.folder / "new.toml"
        result = self.run_with("init", "--exchange", "se", "--server", "ex1=10.0.0.15", "--server", "ex2=10.0.0.16", "-o", path)
        self.assertEqual((result.exit_code, result.stderr), (0, ""))
        self.assertEqual(self.run_with("check", path).exit_code, 0)
        self.assertIn('version  = "SE"', path.read_text("utf-8"))

    def test_tls_may_end_here(self) -> None:
        (self.folder / "mail.pem").touch()
        words = ("init", "--exchange", "2016", "--server", "ex1=10.0.0.15")
        printed = self.run_with(*words, "--certificate", "mail.pem", "--https", "offload").stdout
        self.assertIn("owa", load(self.write(printed), {}, checkers()).backends)
        refused = self.run_with(*words, "--https", "offload")
        self.assertEqual(refused.exit_code, 2)
        self.assertIn("--certificate is needed", refused.stderr)

    def test_without_a_file_it_is_printed(self) -> None:
        result = self.run_with("init", "--exchange", "2016", "--server", "ex1=10.0.0.15", "--listen", "10.0.0.9")
        self.assertEqual(list(load(self.write(result.stdout), {}, checkers()).hosts), ["ex1"])

    def test_a_file_that_is_there_is_left_alone(self) -> None:
        path = self.write("mine")
        result = self.run_with("init", "--exchange", "2016", "--server", "ex1=10.0.0.15", "-o", path)
        self.assertEqual((result.exit_code, path.read_text("utf-8")), (1, "mine"))
        self.assertIn("is there already and was left as it is", result.stderr)

    def test_a_folder_that_is_not_there_is_told(self) -> None:
        result = self.run_with("init", "--exchange", "2016", "--server", "a=10.0.0.1", "-o", self.folder / "no" / "x.toml")
        self.assertEqual(result.exit_code, 1)
        self.assertIn("cannot be written: No such file or directory", result.stderr)

    def test_servers_are_names_with_addresses(self) -> None:
        for server, words in (
            ("ex1", "is not NAME=ADDRESS"),
            ("ex1=10.0.0.1:25", "has a port"),
            ("ex1=10.0.0.256", "is not an address"),
        ):
            result = self.run_with("init", "--exchange", "2016", "--server", server)
            self.assertEqual(result.exit_code, 2)
            self.assertIn(words, result.stderr)
