"""Not root: root's rights given up after binding, or never had, and who then has what."""

import os
import pwd
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import attrs

from tests.integration.peers.echo import Echo, EchoClient
from tests.integration.peers.needs import OTHERS_PYTHON, ROOT, SETPRIV, UNPRIVILEGED, python_of_others, require
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.waiting import eventually
from tests.integration.proxy import TWISTD, Proxy

FRONT, FIRST = "127.0.0.77", "127.0.0.78"
LOW, MORE = 800, 802
"""Below 1024, above what services have, and nobody's on that address."""
NOBODY = pwd.getpwnam("nobody")
AMBIENT = (*UNPRIVILEGED, "--inh-caps=-all,+net_bind_service", "--ambient-caps=-all,+net_bind_service", "--no-new-privs")
BINDS = 10
"""CAP_NET_BIND_SERVICE."""

SITE = """
[service]
workers = {workers}
log = {{ access = "log/access.log" }}

[admin]
socket = "run/exproxy.sock"

[frontends.front]
bind = "{host}:{port}"
backend = "echo"

[backends.echo]
servers = {{ ex1 = "{server}" }}
"""


@attrs.define
class Lowly(Proxy):
    """Run by a Python that nobody may run; ``before`` is put before the command, ``options`` behind twistd."""

    before: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    python: str = sys.executable

    def command(self) -> list[str]:
        twistd = [self.python, "-c", TWISTD, "--nodaemon", "--pidfile=", "--logfile=-", *self.options]
        return [*self.before, *twistd, "exproxy", "-c", str(self.file)]

    def prepare(self) -> None:
        super().prepare()
        assert self.process.environment is not None
        self.python, installed = python_of_others() or (self.python, "")
        self.process.environment["PYTHONPATH"] += os.pathsep + installed
        for name in ("log", "run"):
            made = self.folder / name
            made.mkdir(exist_ok=True)
            os.chown(made, NOBODY.pw_uid, NOBODY.pw_gid)

    def wait_until_reopened(self, log: Path, moved: Path) -> None:
        """Each of its processes has let go of the file that was moved away: whoever writes the next line writes it to the new."""
        eventually(log.exists, "the log to be opened anew")
        new, old = _identity(log), _identity(moved)

        def reopened() -> bool:
            opened = [{_identity(file) for file in Path(f"/proc/{pid}/fd").iterdir()} for pid in _family(self.process.pid)]
            return not any(old in files for files in opened) and any(new in files for files in opened)

        eventually(reopened, "all processes to open the log anew")


class PrivilegesTestCase(PeerTestCase):
    def setUp(self) -> None:
        super().setUp()
        require(ROOT, SETPRIV, OTHERS_PYTHON)
        if int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) <= LOW:
            self.fail("anybody may bind low ports here: sysctl net.ipv4.ip_unprivileged_port_start=1024")
        self.echo = Echo("ex1", FIRST, free_port(FIRST))
        self.addCleanup(self.echo.stop)
        self.echo.start()

    def lowly(self, workers: int, before: tuple[str, ...] = (), options: tuple[str, ...] = ()) -> None:
        site = SITE.format(workers=workers, host=FRONT, port=LOW, server=f"{FIRST}:{self.echo.port}")
        self.proxy = Lowly("proxy", FRONT, LOW, site, before=before, options=options)
        self.keep(self.proxy)

    def all_of_them(self, workers: int) -> list[int]:
        """Its processes."""
        first = self.proxy.process.pid
        if workers == 1:
            return [first]
        eventually(lambda: len(self.proxy.workers()) == workers, "the workers to live")
        return [first, self.proxy.fork_server(), *self.proxy.workers()]

    def served(self, port: int = LOW) -> None:
        client = EchoClient(FRONT, port)
        self.addCleanup(client.close)
        self.assertEqual(client.echo("word"), "word")
        client.close()

    def refused(self) -> str:
        """What it says, having ended with 1."""
        self.proxy.prepare()
        self.proxy.process.start(self.proxy.command())
        self.assertEqual(self.proxy.process.wait(), 1)
        return self.proxy.process.text()


class DroppedTests(PrivilegesTestCase):
    """``twistd --uid nobody --gid nogroup``, by root."""

    def whole(self, workers: int) -> None:
        self.lowly(workers, options=("--uid", "nobody", "--gid", "nogroup"))
        self.proxy.start()
        self.served()
        for pid in self.all_of_them(workers):
            facts = _facts(pid)
            self.assertEqual(facts["Uid"].split(), [str(NOBODY.pw_uid)] * 4, pid)
            self.assertEqual(facts["Gid"].split(), [str(NOBODY.pw_gid)] * 4, pid)
            self.assertNotIn("0", facts["Groups"].split())
            self.assertEqual([int(facts[name], 16) for name in ("CapEff", "CapPrm", "CapAmb")], [0, 0, 0])
        self.proxy.wait_for_log("administrators come in by ")
        for path in ("log/access.log", "run/exproxy.sock"):
            about = (self.proxy.folder / path).stat()
            self.assertEqual((about.st_uid, about.st_gid), (NOBODY.pw_uid, NOBODY.pw_gid), path)
        self.assertEqual(stat.S_IMODE((self.proxy.folder / "run/exproxy.sock").stat().st_mode), 0o660)
        self.rotated()
        self.proxy.end()
        self.assertFalse((self.proxy.folder / "run/exproxy.sock").exists())

    def rotated(self) -> None:
        log = self.proxy.folder / "log/access.log"
        moved = log.rename(log.with_suffix(".1"))
        self.proxy.process.signal(signal.SIGUSR1)
        self.proxy.wait_until_reopened(log, moved)
        self.served()
        eventually(log.read_text, "a line in it")

    def test_one_process_binds_a_low_port_and_then_is_nobody(self) -> None:
        self.whole(1)

    def test_so_do_a_master_its_fork_server_and_its_workers(self) -> None:
        self.whole(2)

    def test_a_log_that_the_user_may_not_write_is_told_before_anything_starts(self) -> None:
        self.lowly(1, options=("--uid", "nobody"))
        (self.proxy.folder / "log").mkdir()
        log = self.proxy.folder / "log" / "access.log"
        log.touch()
        said = self.refused()
        self.assertIn(f"service.log.access: {log} cannot be opened: Permission denied", said)
        self.assertIn("exproxy is not started.", said)

    def test_a_link_that_the_user_has_put_there_leads_root_nowhere(self) -> None:
        self.lowly(1, options=("--uid", "nobody"))
        (self.proxy.folder / "log").mkdir()
        target = self.proxy.folder / "of-root"
        target.touch(0o600)
        (self.proxy.folder / "log" / "access.log").symlink_to(target)
        self.assertIn("cannot be opened: Permission denied", self.refused())
        self.assertEqual((target.stat().st_uid, target.read_text()), (0, ""))

    def test_a_folder_in_which_the_user_may_not_make_the_socket_is_told(self) -> None:
        self.lowly(1, options=("--uid", "nobody"))
        self.proxy.configuration = self.proxy.configuration.replace("run/exproxy.sock", "exproxy.sock")
        self.assertIn("admin.socket: cannot listen at", self.refused())

    def test_a_configuration_that_the_user_may_not_read_is_told(self) -> None:
        self.lowly(1, options=("--uid", "nobody"))
        self.proxy.prepare()
        self.proxy.file.chmod(0o600)
        done = subprocess.run(
            self.proxy.command(), env=self.proxy.process.environment, capture_output=True, text=True, timeout=120, check=False
        )
        self.assertEqual(done.returncode, 1)
        self.assertIn("Permission denied", done.stderr)

    def test_who_is_not_root_is_told_so(self) -> None:
        self.lowly(1, before=UNPRIVILEGED, options=("--uid", "root"))
        self.assertIn("only root may become root", self.refused())


class ReloadTests(PrivilegesTestCase):
    """A second low port, that the process has not bound while it might."""

    def reloaded(self, workers: int, before: tuple[str, ...] = (), options: tuple[str, ...] = ()) -> int:
        """How long the log was when it was told to read the file again."""
        self.lowly(workers, before, options)
        self.proxy.start()
        self.served()
        self.client = EchoClient(FRONT, LOW)
        self.addCleanup(self.client.close)
        more = self.proxy.file.read_text().replace(f'"{FRONT}:{LOW}"', f'["{FRONT}:{LOW}", "{FRONT}:{MORE}"]')
        self.proxy.file.write_text(more)
        written = self.proxy.written()
        self.proxy.process.signal(signal.SIGHUP)
        return written

    def bound(self, workers: int) -> None:
        written = self.reloaded(workers, before=AMBIENT)
        self.proxy.wait_for_log("the configuration was read anew: ", written)
        for port in (LOW, MORE):
            self.served(port)
        self.assertEqual(self.client.echo("still"), "still")
        self.client.close()
        self.proxy.end()

    def refused_whole(self, workers: int) -> None:
        written = self.reloaded(workers, options=("--uid", "nobody", "--gid", "nogroup"))
        said = self.proxy.wait_for_log("the configuration was not read anew, and all is as it was: ", written)
        self.assertIn(f"frontends.front: cannot listen on {FRONT}:{MORE}: Permission denied", said)
        self.assertIn("AmbientCapabilities=CAP_NET_BIND_SERVICE", said)
        self.served()
        self.assertEqual(self.client.echo("still"), "still")
        self.assertRaises(ConnectionRefusedError, EchoClient, FRONT, MORE)
        self.client.close()
        self.proxy.end()

    def test_with_the_right_to_bind_a_low_port_is_bound(self) -> None:
        self.bound(1)

    def test_with_the_right_to_bind_a_low_port_is_bound_for_workers(self) -> None:
        self.bound(2)

    def test_without_it_the_reload_fails_whole_for_workers_and_says_why(self) -> None:
        self.refused_whole(2)

    def test_without_it_the_reload_fails_whole_and_says_why(self) -> None:
        self.refused_whole(1)


class NeverRootTests(PrivilegesTestCase):
    """What systemd does with ``User=`` and ``AmbientCapabilities=``, by setpriv."""

    def whole(self, workers: int) -> None:
        self.lowly(workers, before=AMBIENT)
        self.proxy.start()
        self.served()
        for pid in self.all_of_them(workers):
            facts = _facts(pid)
            self.assertEqual(facts["Uid"].split()[0], str(NOBODY.pw_uid))
            self.assertEqual([int(facts[name], 16) for name in ("CapEff", "CapPrm", "CapAmb")], [1 << BINDS] * 3)
        self.proxy.end()

    def test_one_process_binds_a_low_port_by_that_right_alone(self) -> None:
        self.whole(1)

    def test_a_master_s_fork_server_and_workers_keep_it(self) -> None:
        self.whole(2)

    def test_without_it_nothing_starts_and_the_reason_says_what_to_do(self) -> None:
        self.lowly(1, before=UNPRIVILEGED)
        said = self.refused()
        self.assertIn(f"frontends.front: cannot listen on {FRONT}:{LOW}: Permission denied", said)
        self.assertIn("AmbientCapabilities=CAP_NET_BIND_SERVICE", said)
        with socket.socket() as free:
            free.bind((FRONT, LOW))


def _family(pid: int) -> list[int]:
    """A process, its children, and theirs."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in _family(int(child)))]


def _identity(path: Path) -> tuple[int, int]:
    """By which a file is known under any name."""
    about = path.stat()
    return about.st_dev, about.st_ino


def _facts(pid: int) -> dict[str, str]:
    """Of ``/proc/PID/status``."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
