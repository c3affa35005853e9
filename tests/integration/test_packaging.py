"""``packaging/``: the unit, its companions, and the process as the unit has it run."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import attrs
import trustme
from twisted.trial.unittest import SynchronousTestCase

from exproxy.check.plugins import checkers
from exproxy.config.load import load
from tests.integration.peers.certificates import write_authority, write_certificate
from tests.integration.peers.echo import Echo
from tests.integration.peers.needs import ANALYZE, CURL, LOGROTATE, NAMESPACES, OTHERS_PYTHON, ROOT, SETPRIV, require
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase, new_folder
from tests.integration.peers.waiting import eventually
from tests.integration.proxy import ROOT as TREE
from tests.integration.sandbox import allowed, ordered
from tests.integration.test_privileges import AMBIENT, NOBODY, Lowly

PACKAGING = TREE / "packaging"
UNIT = PACKAGING / "systemd" / "exproxy.service"
SOCKET = PACKAGING / "systemd" / "example" / "exproxy.socket"
EXPOSURE = 17
"""Ten times what systemd-analyze security says at most."""
FRONT, FIRST = "127.0.0.79", "127.0.0.1"
"""The latter is found by its name."""
LOW = 801

_WRITABLE = """
mount -t tmpfs tmpfs /var/tmp
for each in log run lib; do mount --bind "$each" "$each"; done
mount -o remount,bind,ro /
exec "$@"
"""
"""What ProtectSystem=strict, PrivateTmp= and the unit's own folders come to."""

SITE = """
[service]
workers = {workers}
log = {{ access = "log/access.log" }}
state = "lib/state.json"

[admin]
socket = "run/exproxy.sock"
listen = "{host}:{admin}"

[frontends.front]
bind = "{host}:{port}"
backend = "echo"
tls = {{ mode = "implicit", certificates = ["mail.pem"] }}

[backends.echo]
servers = {{ ex1 = "localhost:{server}" }}
"""


def run(*command: str, **environment: str) -> str:
    """What it says; it has to succeed."""
    done = subprocess.run(
        command, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout


class UnitTests(SynchronousTestCase):
    def setUp(self) -> None:
        require(ANALYZE)
        self.folder = new_folder("unit")
        self.addCleanup(shutil.rmtree, self.folder)

    def test_systemd_finds_no_fault_with_the_unit_and_the_example_of_a_socket(self) -> None:
        for name in ("twistd", "exproxy"):
            (self.folder / name).write_text("#!/bin/sh\n")
            (self.folder / name).chmod(0o755)
        for file in (UNIT, SOCKET):
            (self.folder / file.name).write_text(file.read_text().replace("/opt/exproxy/bin/", f"{self.folder}/"))
        said = run("systemd-analyze", "verify", "--man=no", *(str(self.folder / file.name) for file in (UNIT, SOCKET)))
        self.assertEqual(said, "")

    def test_what_the_process_may_is_little(self) -> None:
        said = run("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE}", "--no-pager", str(UNIT))
        self.assertRegex(said, r"Overall exposure level for exproxy.service: 1\.[0-7] OK")

    def test_a_stop_may_take_as_long_as_the_default_drain(self) -> None:
        path = self.folder / "site.toml"
        path.write_text('[frontends.f]\nbind = "127.0.0.1:2525"\nbackend = "b"\n[backends.b]\nservers = { a = "127.0.0.1:9" }\n')
        drain = load(path, {}, checkers()).frontends["f"].timeouts.drain
        (limit,) = ordered(UNIT, "TimeoutStopSec")
        self.assertEqual(limit, "11min")
        self.assertGreater(11 * 60, drain)

    def test_setting_limits_is_allowed_and_becoming_somebody_else_is_not(self) -> None:
        calls = allowed(ordered(UNIT, "SystemCallFilter"))
        self.assertLessEqual({"prlimit64", "epoll_wait", "splice", "clone"}, calls)
        self.assertTrue(calls.isdisjoint({"setuid", "chown", "mount", "ptrace", "reboot"}))


class LayoutTests(SynchronousTestCase):
    """``make install DESTDIR=…``, and what systemd makes of it in that root."""

    def setUp(self) -> None:
        require(ROOT, ANALYZE)
        self.root = new_folder("root")
        self.addCleanup(shutil.rmtree, self.root)
        self.install()

    def install(self) -> None:
        run("make", "--silent", "-C", str(TREE), "install", f"DESTDIR={self.root}")

    def owner_and_mode(self, path: str) -> tuple[str, int]:
        about = (self.root / path).stat()
        return f"{about.st_uid}:{about.st_gid}", about.st_mode & 0o777

    def test_every_file_has_its_place(self) -> None:
        found = {str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file()}
        self.assertEqual(
            found,
            {
                "etc/default/exproxy",
                "etc/exproxy/exproxy.toml",
                "etc/logrotate.d/exproxy",
                "usr/local/lib/systemd/system/exproxy.service",
                "usr/local/lib/sysusers.d/exproxy.conf",
                "usr/local/lib/tmpfiles.d/exproxy.conf",
            },
        )
        self.assertEqual(self.owner_and_mode("etc/default/exproxy"), ("0:0", 0o600))

    def test_what_an_administrator_has_changed_survives_a_second_install(self) -> None:
        for name in ("etc/default/exproxy", "etc/exproxy/exproxy.toml", "etc/logrotate.d/exproxy"):
            (self.root / name).write_text("# mine\n")
        self.install()
        for name in ("etc/default/exproxy", "etc/exproxy/exproxy.toml", "etc/logrotate.d/exproxy"):
            self.assertEqual((self.root / name).read_text(), "# mine\n")

    def test_systemd_makes_the_user_and_the_folders(self) -> None:
        run("systemd-sysusers", f"--root={self.root}")
        (line,) = (self.root / "etc/passwd").read_text().splitlines()
        name, _, _, group, _, home, shell = line.split(":")
        self.assertEqual((name, home, shell), ("exproxy", "/var/lib/exproxy", "/usr/sbin/nologin"))
        run("systemd-tmpfiles", f"--root={self.root}", "--create", "--prefix=/etc/exproxy", "--prefix=/var/lib/exproxy")
        for folder in ("etc/exproxy", "etc/exproxy/conf.d", "etc/exproxy/certs"):
            self.assertEqual(self.owner_and_mode(folder), (f"0:{group}", 0o750))
        self.assertEqual(self.owner_and_mode("var/lib/exproxy"), (f"{group}:{group}", 0o750))

    def test_the_configuration_lacks_nothing_but_what_is_balanced(self) -> None:
        path = self.root / "etc/exproxy/exproxy.toml"
        (path.parent / "conf.d").mkdir()
        words = "--exchange 2016 --server ex1=10.0.0.15 --server ex2=10.0.0.16 --listen 10.0.0.9"
        self.assertIn(f"exproxy config init {words} -o /etc/exproxy/conf.d/site.toml", (TREE / "docs/linux.md").read_text())
        self.exproxy("config", "init", *words.split(), "-o", str(path.parent / "conf.d/site.toml"))
        self.exproxy("config", "check", str(path))
        configuration = load(path, {}, checkers())
        assert configuration.admin is not None
        written = (configuration.service.log.access, configuration.service.state, configuration.admin.socket)
        directories = {"LogsDirectory": "/var/log", "StateDirectory": "/var/lib", "RuntimeDirectory": "/run"}
        for file, (key, above) in zip(written, directories.items(), strict=True):
            (name,) = ordered(UNIT, key)
            self.assertEqual(str(Path(str(file)).parent), f"{above}/{name}")

    def exproxy(self, *words: str) -> None:
        run(sys.executable, "-c", "from exproxy.cli import main; main()", *words, PYTHONPATH=f"{TREE / 'src'}:{TREE}")


class RotationTests(PeerTestCase):
    def test_logrotate_begins_a_new_file_and_so_do_all_workers(self) -> None:
        require(ROOT, LOGROTATE, SETPRIV, OTHERS_PYTHON, NAMESPACES)
        unit = UnitLike(self, workers=2)
        log = unit.proxy.folder / "log/access.log"
        unit.served()
        eventually(log.read_text, "the first line")
        rules = (PACKAGING / "etc/logrotate.d/exproxy").read_text()
        for real, ours in (
            ("/var/log/exproxy", str(log.parent)),
            ("su exproxy exproxy", "su nobody nogroup"),
            ("systemctl kill --kill-whom=main --signal=SIGUSR1 exproxy.service", f"kill -USR1 {unit.proxy.process.pid}"),
        ):
            self.assertIn(real, rules)
            rules = rules.replace(real, ours)
        (unit.proxy.folder / "rules").write_text(rules)
        run("logrotate", "--force", "--state", str(unit.proxy.folder / "rotated"), str(unit.proxy.folder / "rules"))
        moved = log.with_name("access.log.1")
        self.assertTrue(moved.read_text())
        unit.proxy.wait_until_reopened(log, moved)
        unit.served()
        eventually(log.read_text, "a line in it")
        about = log.stat()
        self.assertEqual((about.st_uid, about.st_mode & 0o777), (NOBODY.pw_uid, 0o640))
        unit.proxy.end()


@attrs.define
class Confined(Lowly):
    """Also keeps a certificate, and a folder for what it remembers."""

    def command(self) -> list[str]:
        confined = [self.python, "-m", "tests.integration.sandbox", str(UNIT)]
        return ["unshare", "--mount", "sh", "-c", _WRITABLE, "sh", *AMBIENT, *confined, *super().command()]

    def prepare(self) -> None:
        super().prepare()
        (self.folder / "lib").mkdir(exist_ok=True)
        os.chown(self.folder / "lib", NOBODY.pw_uid, NOBODY.pw_gid)
        authority = trustme.CA()
        write_authority(self.folder, authority)
        path = write_certificate(self.folder / "mail.pem", authority.issue_cert("mail.example.com"))
        path.chmod(0o644)


class UnitLike:
    """The proxy as the unit has it run: its user's rights, its system calls, a file system that is read-only elsewhere."""

    def __init__(self, test: PeerTestCase, workers: int) -> None:
        self.test = test
        echo = Echo("ex1", FIRST, free_port(FIRST))
        test.addCleanup(echo.stop)
        echo.start()
        site = SITE.format(workers=workers, host=FRONT, port=LOW, admin=free_port(FRONT), server=echo.port)
        self.proxy = Confined("proxy", FRONT, LOW, site, options=("--umask=0027",))
        test.started(self.proxy)

    def served(self, port: int = LOW) -> None:
        context = ssl.create_default_context(cafile=str(self.proxy.folder / "authority.pem"))
        with (
            socket.create_connection((FRONT, port), 60) as raw,
            context.wrap_socket(raw, server_hostname="mail.example.com") as client,
        ):
            self.test.assertEqual(client.recv(100), b"ex1\n")


class ConfinedTests(PeerTestCase):
    def whole_life(self, workers: int) -> None:
        require(ROOT, ANALYZE, SETPRIV, OTHERS_PYTHON, NAMESPACES, CURL)
        unit = UnitLike(self, workers)
        unit.served()
        eventually((unit.proxy.folder / "lib/state.json").exists, "the state to be kept")
        eventually((unit.proxy.folder / "log/access.log").read_text, "an access line")
        said = run("curl", "-sS", "--unix-socket", str(unit.proxy.folder / "run/exproxy.sock"), "http://localhost/metrics")
        self.assertIn("process_resident_memory_bytes", said)
        status = Path(f"/proc/{unit.proxy.process.pid}/status").read_text()
        self.assertRegex(status, r"Seccomp:\s+2\n")
        self.assertRegex(status, r"NoNewPrivs:\s+1\n")
        written = unit.proxy.written()
        unit.proxy.file.write_text(unit.proxy.file.read_text().replace(f":{LOW}", f":{LOW + 1}"))
        unit.proxy.process.signal(signal.SIGHUP)
        unit.proxy.wait_for_log("the configuration was read anew: ", written)
        unit.served(LOW + 1)
        unit.proxy.end()

    def test_one_process_lives_as_the_unit_confines_it(self) -> None:
        self.whole_life(1)

    def test_so_do_a_master_and_its_workers(self) -> None:
        self.whole_life(2)
