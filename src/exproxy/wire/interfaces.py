"""The RPC interfaces that have a name: Exchange's (MS-OXCRPC 1.9, MS-OXNSPI, MS-OXABREF), and some of Windows and Samba."""

import difflib
import re
from uuid import UUID

import attrs

from exproxy.wire.rpc.syntax import Syntax

_VERSIONED = re.compile(
    r"(?P<uuid>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:/(?P<major>\d{1,5})\.(?P<minor>\d{1,5}))?", re.ASCII
)


@attrs.frozen
class Interface:
    """:param name: as configurations and logs say it; the UUID's text where there is no name."""

    name: str
    uuid: UUID
    major: int
    minor: int

    @property
    def syntax(self) -> Syntax:
        """As binds and towers name it."""
        return Syntax(self.uuid, self.major, self.minor)


EPM = Interface("epm", UUID("e1af8308-5d1f-11c9-91a4-08002b14a0fa"), 3, 0)
EMSMDB = Interface("emsmdb", UUID("a4f1db00-ca47-1067-b31f-00dd010662da"), 0, 81)
ASYNCEMSMDB = Interface("asyncemsmdb", UUID("5261574a-4572-206e-b268-6b199213b4e4"), 0, 1)
NSPI = Interface("nspi", UUID("f5cc5a18-4264-101a-8c59-08002b2f8426"), 56, 0)
RFRI = Interface("rfri", UUID("1544f5e0-613c-11d1-93df-00c04fd7bd09"), 1, 0)
SAMR = Interface("samr", UUID("12345778-1234-abcd-ef00-0123456789ac"), 1, 0)
LSARPC = Interface("lsarpc", UUID("12345778-1234-abcd-ef00-0123456789ab"), 0, 0)
WINREG = Interface("winreg", UUID("338cd001-2244-31f1-aaaa-900038001003"), 1, 0)
SRVSVC = Interface("srvsvc", UUID("4b324fc8-1670-01d3-1278-5a47bf6ee188"), 3, 0)

INTERFACES = (EMSMDB, ASYNCEMSMDB, NSPI, RFRI, EPM, SAMR, LSARPC, WINREG, SRVSVC)


def name_of(syntax: Syntax) -> str:
    """The name of an interface, whatever its version; its UUID where it has none."""
    return next((each.name for each in INTERFACES if each.uuid == syntax.uuid), str(syntax.uuid))


def interface(name_or_uuid: str) -> Interface:
    """The interface of a name ("emsmdb") or a UUID, also with its version ("a4f1db00-…/0.81").

    An unknown UUID without a version is taken as 1.0, MIDL's default.

    :raises ValueError: there is no such name (the nearest one is offered), or the version is beyond 65535.
    """
    wanted = name_or_uuid.strip().lower()
    match = _VERSIONED.fullmatch(wanted)
    if match is None:
        return _named(wanted, name_or_uuid)
    uuid = UUID(match["uuid"])
    known = next((each for each in INTERFACES if each.uuid == uuid), Interface(str(uuid), uuid, 1, 0))
    if match["major"] is None:
        return known
    major, minor = int(match["major"]), int(match["minor"])
    if max(major, minor) > 0xFFFF:
        raise ValueError(f"interface version {major}.{minor} is beyond 65535")
    return attrs.evolve(known, major=major, minor=minor)


def _named(wanted: str, written: str) -> Interface:
    names = [each.name for each in INTERFACES]
    if wanted in names:
        return INTERFACES[names.index(wanted)]
    near = difflib.get_close_matches(wanted, names, 1, 0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(names)}, or give a UUID"
    raise ValueError(f"{written!r} is no RPC interface; {hint}")
