"""Samba's endpoint mapper on port 135 of a loopback address, in which Exchange's RPC services are registered.

The services themselves are impacket's (:mod:`tests.integration.peers.rpcservice`), in a process of their own.
"""

import subprocess
import sys
import uuid
from collections.abc import Iterable
from pathlib import Path

import attrs

from tests.integration.peers.needs import ROOT, SAMBA, SYSTEM_PYTHON, TDB, program
from tests.integration.peers.ports import accepts
from tests.integration.peers.process import Peer

NEEDS = (ROOT, SAMBA, TDB)

MAPPER_PORT = 135
"""Always: a mapper that is told another port listens there but closes every client's connection."""

INTERFACES = {
    "emsmdb": ("a4f1db00-ca47-1067-b31f-00dd010662da", 0, 81),
    "nspi": ("f5cc5a18-4264-101a-8c59-08002b2f8426", 56, 0),
    "rfri": ("1544f5e0-613c-11d1-93df-00c04fd7bd09", 1, 0),
    "nameplate": ("7d3fdb9c-5c0f-4f0e-9a3c-6e78706f7879", 1, 0),
}
"""Name -> UUID, major and minor version (MS-OXCRPC 1.9, MS-OXNSPI 1.9, MS-OXABREF 1.9).

The last is ours: registered with another port in each mapper, it tells which mapper one speaks to.
"""

SERVED = ("emsmdb", "nspi", "rfri")

CONFIGURATION = """\
[global]
server role = standalone server
disable netbios = yes
interfaces = {host}/8
bind interfaces only = yes
rpc start on demand helpers = no
allow dcerpc auth level connect = yes
rpc server dynamic port range = {first_port}-{last_port}
private dir = {folder}/private
lock directory = {folder}/lock
state directory = {folder}/state
cache directory = {folder}/cache
pid directory = {folder}/run
ncalrpc dir = {folder}/ncalrpc
passdb backend = tdbsam:{folder}/private/passdb.tdb
load printers = no
disable spoolss = yes
printing = bsd
printcap name = /dev/null
"""

REGISTER = """\
import sys, tdb
database = tdb.open(sys.argv[1])
for entry in sys.argv[2:]:
    key, *bindings = entry.split(" ")
    if bindings:
        database.store(key.encode() + b"\\0", b"".join(word.encode() + b"\\0" for word in bindings))
    else:
        database.delete(key.encode() + b"\\0")
"""
"""For Debian's Python, which has the tdb module."""


@attrs.define
class EndpointMapper(Peer):
    """``services``: name of an interface in ``INTERFACES`` -> the port that the mapper is to tell."""

    services: dict[str, int] = attrs.field(factory=dict)

    def command(self) -> list[str]:
        helper = program("samba-dcerpcd") or "samba-dcerpcd"
        options = ["-F", "--no-process-group", "--debug-stdout", "-d", "1", "--libexec-rpcds"]
        return [helper, *options, f"--configfile={self.folder}/smb.conf"]

    def prepare(self) -> None:
        for name in ("private", "lock", "state", "cache", "run", "ncalrpc", "log"):
            (self.folder / name).mkdir(exist_ok=True)
        (self.folder / "private").chmod(0o700)
        (self.folder / "lock" / "epmdb.tdb").unlink(missing_ok=True)
        # The same range in both would do too: they listen on different addresses.
        (self.folder / "smb.conf").write_text(
            CONFIGURATION.format(host=self.host, folder=self.folder, first_port=49152, last_port=49171)
        )

    def start(self) -> None:
        Peer.start(self)
        self.register()

    def add_user(self, name: str, password: str) -> None:
        """Somebody who may log in with NTLM; ``name`` is one of the system's users."""
        command = ["smbpasswd", "-c", str(self.folder / "smb.conf"), "-s", "-a", name]
        subprocess.run(command, input=f"{password}\n{password}\n", text=True, check=True, capture_output=True)

    def ready(self) -> bool:
        return self._database.exists() and accepts(self.host, self.port)

    @property
    def _database(self) -> Path:
        return self.folder / "lock" / "epmdb.tdb"

    def register(self) -> None:
        """Tell the mapper of all ``services``; may be called again when one has moved."""
        self._store(f"{key} {name} ncacn_ip_tcp:[{port}]" for name, port in self.services.items() for key in _keys(name))

    def withdraw(self, name: str) -> None:
        """The mapper is to tell of this interface no more."""
        del self.services[name]
        self._store(_keys(name))

    def _store(self, entries: Iterable[str]) -> None:
        subprocess.run([SYSTEM_PYTHON, "-c", REGISTER, str(self._database), *entries], check=True)


def _keys(name: str) -> list[str]:
    """Samba 4.17's ept_map drops the minor version: what is asked for as 0.81 is looked up as 0.0."""
    identifier, major, minor = INTERFACES[name]
    return [f"{uuid.UUID(identifier)}/0x{version:08x}" for version in sorted({major, minor << 16 | major})]


@attrs.define
class RpcServices(Peer):
    """Exchange's interfaces, each on a port of its own; ``port`` is the first one's."""

    services: dict[str, int] = attrs.field(factory=dict)

    def command(self) -> list[str]:
        named = [f"{name}={port}" for name, port in self.services.items()]
        return [sys.executable, "-m", "tests.integration.peers.rpcservice", self.name, self.host, *named]

    def prepare(self) -> None:
        self.process.directory = Path(__file__).resolve().parents[3]

    def ready(self) -> bool:
        return all(accepts(self.host, port) for port in self.services.values())
