"""``exproxy sessions``, ``table`` and completion at a real twistd, with one process and with two workers."""

import json
import os
import shutil
import socket
import subprocess
import sys
from functools import partial
from typing import Any

from twisted.trial.unittest import SkipTest

from tests.integration.peers.waiting import PATIENCE, eventually
from tests.integration.proxy import DEFAULTS
from tests.integration.test_admin import COMMAND, FIRST, AdminTestCase

TABLE = '[backends.a.persistence]\nkind = "source"\nexpire = "60m"\n'


class SessionsTests(AdminTestCase):
    workers = 1

    def shown(self, *arguments: str) -> list[dict[str, Any]]:
        done = self.exproxy("sessions", "--json", *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found

    def test_one_session_is_found_and_ended_and_the_others_go_on(self) -> None:
        self.run_proxy(workers=self.workers)
        names = [self.client() for _ in range(6)]
        eventually(lambda: len(self.shown()) == 6, "all sessions to be told")
        one, other = self.clients[0], self.clients[1]
        me = "{}:{}".format(*one.getsockname())
        (mine,) = (session for session in self.shown("--frontend", "a") if session["client"] == me)
        self.assertEqual(mine["servers"], [f"a/ex{(b'one', b'two').index(names[0]) + 1}"])
        done = self.exproxy("sessions", "--end", mine["id"], "--yes")
        self.assertEqual((done.returncode, done.stdout), (0, f"session {mine['id']} is told to end\n"))
        self.proxy.wait_for_log(f"audit: uid {os.getuid()} at the socket ended session {mine['id']} of {me}")
        one.settimeout(PATIENCE)
        self.assertEqual(ended(one), True)
        other.settimeout(0.2)
        self.assertRaises(TimeoutError, other.recv, 1)
        eventually(lambda: len(self.shown()) == 5, "the session to be gone")
        again = self.exproxy("sessions", "--end", mine["id"], "--yes")
        self.assertEqual((again.returncode, again.stdout), (1, ""))
        self.assertIn("it may have ended by itself", again.stderr)
        self.assertEqual(self.shown("--client", "203.0.113.1"), [])
        self.assertRegex(self.exproxy("sessions", "--server", "a/ex1").stdout, r"client +front end +server +for")
        self.proxy.end()

    def test_a_server_is_shown_with_what_its_check_said(self) -> None:
        self.run_proxy(workers=self.workers)
        shown = self.exproxy("server", "show", "a/ex1")
        self.assertEqual((shown.returncode, shown.stderr), (0, ""))
        self.assertRegex(shown.stdout, r"a/ex1 is up.*\nup for \d+s; ready: server ready, host ex1 ready, agent ready\n")
        self.assertRegex(shown.stdout, rf"check tcp, \d+s ago: .*\(L4OK\)\s+--- connected to {FIRST}:{self.checked}")
        self.assertEqual(self.exproxy("server", "show", "a/ex9").returncode, 1)
        self.proxy.end()

    def test_one_entry_of_a_table_is_forgotten_and_then_all(self) -> None:
        self.run_proxy(workers=self.workers, defaults=DEFAULTS + TABLE)
        chosen = self.client()
        eventually(lambda: self.entries() == [self.me()], "the client to be remembered")
        self.assertEqual({self.client() for _ in range(4)}, {chosen})
        done = self.exproxy("table", "a", "--key", self.me(), "--clear", "--yes")
        self.assertEqual((done.returncode, done.stdout), (0, "1 entry forgotten\n"))
        self.assertEqual(self.entries(), [])
        self.proxy.wait_for_workers()  # they have forgotten it too
        self.client()
        eventually(lambda: self.entries() == [self.me()], "the client to be remembered anew")
        self.assertEqual(self.exproxy("table", "a", "--clear", "--yes").stdout, "1 entry forgotten\n")
        self.assertRegex(self.exproxy("table").stdout, r"a +source +0 ")
        self.assertEqual(self.exproxy("table", "b").returncode, 1)
        self.proxy.end()

    def me(self) -> str:
        """The address that clients of a test have."""
        return str(self.clients[0].getsockname()[0])

    def test_a_file_that_has_changed_is_taken_and_a_broken_one_is_not(self) -> None:
        self.run_proxy(workers=self.workers)
        file, before = self.proxy.file, self.proxy.file.read_text()
        done = self.exproxy("reload")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "nothing has changed\n", ""))
        file.write_text(before.replace("[backends.a]", '[backends.a]\nbalance = "leastconn"'))
        done = self.exproxy("reload")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"^back end a was changed\n$")
        file.write_text(before.replace("[backends.a]", '[backends.a]\nbalance = "leastcon"\nretrys = 3'))
        done = self.exproxy("reload")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, r'site\.toml:\d+: .*did you mean "leastconn"')
        self.assertRegex(done.stderr, r'site\.toml:\d+: .*did you mean "retries"')
        self.assertTrue(done.stderr.endswith("not reloaded: all is as it was\n"), done.stderr)
        self.proxy.end()

    def entries(self) -> list[str]:
        return [entry["key"] for entry in json.loads(self.exproxy("table", "a", "--json").stdout)]


class WorkersSessionsTests(SessionsTests):
    """The same with two workers."""

    workers = 2


class CompletionTests(AdminTestCase):
    def test_a_real_bash_completes_the_names_of_the_running_process(self) -> None:
        bash = shutil.which("bash")
        if bash is None:
            raise SkipTest("there is no bash")
        self.run_proxy()
        program = self.proxy.folder / "exproxy"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{COMMAND}" "$@"\n')
        program.chmod(0o755)
        environment = self.proxy.process.environment | {
            "PATH": f"{program.parent}:{os.environ['PATH']}",
            "EXPROXY_SOCKET": str(self.proxy.folder / "x.sock"),
        }
        for line, words in (("host drain ", ["ex1", "ex2"]), ("server maint b/", ["b/ex1", "b/ex2"])):
            script = f"""source <(exproxy completion bash)
                COMP_WORDS=(exproxy {line}); COMP_CWORD=3
                _exproxy_completion exproxy; printf '%s\\n' "${{COMPREPLY[@]}}"
            """
            found = partial(self.said, bash, script, environment)
            self.assertEqual(eventually(found, f"what may follow {line!r}"), words)
        self.proxy.end()

    def said(self, bash: str, script: str, environment: dict[str, str]) -> list[str]:
        """Its words; none where the process did not answer in the half second that a key may take: one presses it again."""
        command = [bash, "--norc", "-c", script]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=2 * PATIENCE)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()


def ended(client: socket.socket) -> bool:
    """A reset is an end too."""
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True
