"""Samba's own test client, smbtorture: its tests of endpoint mappers; and its client of them in Python."""

import re
import subprocess

import attrs

from tests.integration.peers.needs import SYSTEM_PYTHON

SUITE = "rpc.epmapper"
SECONDS = 180
"""For a program that takes two."""

_VERDICT = re.compile(r"^(success|failure|error|skip): epmapper\.(\w+)(?: \[\n(.*?)\n\]$)?", re.MULTILINE | re.DOTALL)
_TOLD = re.compile(r"^  uuid (\S+)/0x\w+ NDR RPC-C TCP:(\d+) IP:(\S+)$", re.MULTILINE)

LOOKUP = """\
import sys
from samba import credentials, param
from samba.dcerpc import epmapper, misc
host, wanted = sys.argv[1], int(sys.argv[2])
anonymous = credentials.Credentials()
anonymous.set_anonymous()
mapper = epmapper.epmapper("ncacn_ip_tcp:" + host, param.LoadParm(), anonymous)
handle, entries, status = mapper.epm_Lookup(0, misc.GUID(), epmapper.rpc_if_id_t(), 1, misc.policy_handle(), wanted)
for entry in entries:
    floors = [floor.rhs for floor in entry.tower.tower.floors]
    print("%s[%d]" % (floors[4].ipaddr, floors[3].port))
"""
"""For Debian's Python, which has Samba's modules."""


@attrs.frozen
class Torture:
    """What came of one run.

    :param verdicts: name of each test -> ``success``, or why it was none.
    :param told: UUID, port and address of each TCP tower that ``ept_map`` answered with.
    """

    verdicts: dict[str, str]
    told: frozenset[tuple[str, int, str]]


def torture(host: str, options: str = "", login: str = "%") -> Torture:
    """Put the endpoint mapper on port 135 of ``host`` to Samba's tests, all in one association.

    :param options: of the binding, as ``[bigendian]``.
    :param login: name and password with ``%`` between them; none, and the client stays anonymous.
    """
    command = ["smbtorture", "-s", "/dev/null", "-U", login, f"ncacn_ip_tcp:{host}{options}", SUITE]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    verdicts = {name: reason or verdict for verdict, name, reason in _VERDICT.findall(done.stdout)}
    assert verdicts, f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}"
    return Torture(verdicts, frozenset((uuid, int(port), address) for uuid, port, address in _TOLD.findall(done.stdout)))


def samba_lookup(host: str, wanted: int) -> list[str]:
    """Samba's client in Python, which is made from the mapper's IDL: what one ``ept_lookup`` for so many TCP entries finds."""
    command = [SYSTEM_PYTHON, "-c", LOOKUP, host, str(wanted)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr  # it warns there of a machine that has the loopback address only
    return done.stdout.split()
