"""What the integration tests need of the machine, and what happens where it is missing.

A missing program skips the test and names the Debian package; with ``EXPROXY_REQUIRE_PEERS=1`` it fails the test.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import attrs
from twisted.trial.unittest import FailTest, SkipTest

PLACES = os.pathsep.join(
    [os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin", "/usr/lib/postfix/sbin", "/usr/lib/dovecot", "/usr/libexec/samba"]
)
"""Where Debian keeps servers, and the programs that servers start."""

NAGIOS = Path("/usr/lib/nagios/plugins/check_haproxy")
"""Where Debian keeps what Nagios calls."""

SYSTEM_PYTHON = "/usr/bin/python3"
"""Debian's: the tdb module comes as a Debian package and not as a wheel."""


def program(name: str) -> str | None:
    """The path of a program of any of ``PLACES``."""
    return shutil.which(name, path=PLACES)


def _tdb_module() -> bool:
    if not Path(SYSTEM_PYTHON).exists():
        return False
    return subprocess.run([SYSTEM_PYTHON, "-c", "import tdb"], capture_output=True, check=False).returncode == 0


def _ssleay_module() -> bool:
    perl = program("perl")
    return perl is not None and subprocess.run([perl, "-MNet::SSLeay", "-e1"], capture_output=True, check=False).returncode == 0


def _check_haproxy() -> bool:
    perl = program("perl")
    command = [perl or "perl", "-MMonitoring::Plugin", "-MLWP::UserAgent", "-e1"]
    return perl is not None and NAGIOS.exists() and subprocess.run(command, capture_output=True, check=False).returncode == 0


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


UNPRIVILEGED = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")
"""Before a command: it runs as nobody, without a right of root's."""


def python_of_others() -> tuple[str, str] | None:
    """A Python that nobody may run, and the path of what is installed for ours: ours may lie in root's home."""
    installed = sysconfig.get_path("purelib")
    tree = Path(__file__).resolve().parents[3]
    environment = {"PATH": PLACES, "PYTHONPATH": os.pathsep.join([str(tree / "src"), installed])}
    look = 'exec "$0" -c "import exproxy.tap, OpenSSL, httptools"'
    for candidate in (sys.executable, SYSTEM_PYTHON):
        command = [*UNPRIVILEGED, "sh", "-c", look, candidate]
        with contextlib.suppress(OSError):
            if not subprocess.run(command, env=environment, capture_output=True, check=False).returncode:
                return candidate, installed
    return None


@attrs.frozen
class Need:
    """Something that a test cannot do without.

    :param name: a program, or what ``present`` looks for.
    :param source: the Debian package, or what else gives it.
    """

    name: str
    source: str
    found: Callable[[], bool] | None = None

    @property
    def present(self) -> bool:
        return self.found() if self.found else program(self.name) is not None

    @property
    def complaint(self) -> str:
        return f"{self.name} is missing ({self.source})"


def package(name: str, package: str | None = None) -> Need:
    """A program of a Debian package, by default of the same name."""
    return Need(name, f"Debian package {package or name}")


ROOT = Need(
    "root", "the server drops its rights by itself, or listens on port 135: run the tests as root", lambda: os.geteuid() == 0
)
IPV6 = Need("IPv6", "the loopback address ::1: sysctl net.ipv6.conf.lo.disable_ipv6=0", _has_ipv6)
POSTFIX = package("postfix")
SWAKS = package("swaks")
SSLEAY = Need("the Perl module Net::SSLeay", "Debian package libnet-ssleay-perl", _ssleay_module)
MUTT = package("mutt")
MBSYNC = package("mbsync", "isync")
DOVECOT = package("dovecot", "dovecot-core")
DOVECOT_IMAP = package("imap-login", "dovecot-imapd")
DOVECOT_POP3 = package("pop3-login", "dovecot-pop3d")
NGINX = package("nginx")
CURL = package("curl")
SAMBA = package("samba-dcerpcd", "samba")
TDB = Need("the Python module tdb", "Debian package python3-tdb", _tdb_module)
RPCCLIENT = package("rpcclient", "smbclient")
SMBTORTURE = package("smbtorture", "samba-testsuite")
HAPROXY = package("haproxy")
HATOP = package("hatop")
TMUX = package("tmux")
SOCAT = package("socat")
EXPORTER = package("prometheus-haproxy-exporter")
CHECK_HAPROXY = Need(
    "check_haproxy", "Debian packages monitoring-plugins-contrib libmonitoring-plugin-perl libwww-perl", _check_haproxy
)
WRK = package("wrk")
OPENSSL = package("openssl")
SOCKET_ACTIVATE = package("systemd-socket-activate", "systemd")
ANALYZE = package("systemd-analyze", "systemd")
LOGROTATE = package("logrotate")
SETPRIV = package("setpriv", "util-linux")
NAMESPACES = Need(
    "a file system of one's own",
    "run the tests as root with CAP_SYS_ADMIN: unshare --mount",
    lambda: subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0,
)
OTHERS_PYTHON = Need(
    "a Python that other users can run, with all packages",
    "make test where other users may read, with Debian's Python",
    lambda: python_of_others() is not None,
)
CHROMIUM = package("chromium")
CHROMEDRIVER = package("chromedriver", "chromium-driver")

EVERYTHING = (
    ROOT,
    IPV6,
    POSTFIX,
    SWAKS,
    SSLEAY,
    MUTT,
    MBSYNC,
    DOVECOT,
    DOVECOT_IMAP,
    DOVECOT_POP3,
    NGINX,
    CURL,
    SAMBA,
    TDB,
    RPCCLIENT,
    SMBTORTURE,
    HAPROXY,
    HATOP,
    TMUX,
    SOCAT,
    EXPORTER,
    CHECK_HAPROXY,
    WRK,
    OPENSSL,
    SOCKET_ACTIVATE,
    ANALYZE,
    LOGROTATE,
    SETPRIV,
    OTHERS_PYTHON,
    NAMESPACES,
    CHROMIUM,
    CHROMEDRIVER,
)


def demanded() -> bool:
    """Whether a missing peer is a failure."""
    return os.environ.get("EXPROXY_REQUIRE_PEERS", "") not in {"", "0"}


def missing(needs: tuple[Need, ...] = EVERYTHING) -> list[Need]:
    return [need for need in needs if not need.present]


def require(*needs: Need) -> None:
    """Say at the start of a test what it cannot do without.

    :raises SkipTest: something is missing.
    :raises FailTest: something is missing, and may not be.
    """
    complaints = "; ".join(need.complaint for need in missing(needs))
    if complaints:
        raise FailTest(complaints) if demanded() else SkipTest(complaints)
