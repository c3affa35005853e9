"""Exchange's virtual directories in mode ``http``: each is a back end of its own, with a check of its own.

Microsoft wants balancers to ask each directory's health page, and to take a server out for that directory alone: a server whose
EWS is down still serves OWA.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

VERSIONS = ("2010", "2013", "2016", "2019", "SE")

ROOT = "/owa"
"""Where a person is sent who asks for the name alone."""

SILENCE = "30m"
"""ActiveSync heartbeats last 15 minutes, Outlook Anywhere idles for 12 to 15."""

SELDOM: Mapping[str, Any] = {"interval": "10s", "fast_interval": "3s"}
"""For directories that few people have open: half of the checks for a detection that is 7 seconds later."""


@attrs.frozen
class Directory:
    """:param backend: its name.

    :param path: of the requests that go there.
    :param page: what is asked of Exchange 2010, which has no health pages: a redirect or a demand for credentials is life.
    :param since: the first version that has it.
    :param silent: whether clients wait for minutes without a word.
    :param seldom: whether it is checked less often.
    """

    backend: str
    path: str
    page: str = "/owa/"
    since: str = "2010"
    silent: bool = False
    seldom: bool = False


ADMINISTRATION = ("/ecp", "/powershell")
"""What need not be reached from outside."""

DIRECTORIES = (
    Directory("owa", "/owa"),
    Directory("ecp", "/ecp", "/ecp/", seldom=True),
    Directory("ews", "/ews", "/ews/exchange.asmx", silent=True),
    Directory("eas", "/microsoft-server-activesync", "/microsoft-server-activesync", silent=True),
    Directory("oab", "/oab", "/oab/", seldom=True),
    Directory("autodiscover", "/autodiscover", "/autodiscover/autodiscover.xml"),
    Directory("mapi", "/mapi", since="2013", silent=True),
    Directory("rpc", "/rpc", "/rpc/rpcproxy.dll", silent=True),
    Directory("powershell", "/powershell", seldom=True),
    Directory("api", "/api", since="2016", seldom=True),
)
"""The first one gets what belongs to none.  PowerShell of 2010 answers nobody who does not speak WS-Management."""


AFFINITY_2010: Mapping[str, Mapping[str, Any]] = {
    "owa": {"table": "owa"},
    "ecp": {"table": "owa", "required": False},
    "ews": {"kind": "super-http"},
    "eas": {"kind": "user"},
    "rpc": {"table": "outlook-anywhere"},
    "powershell": {"kind": "source"},
}
"""What needs one server for one client, or profits from it.

OWA and ECP by a cookie that they share, for a person goes from one to the other; phones by their user, wherever they are, since
they log in by Basic; Outlook Anywhere by address, since its two channels belong together and NTLM hides the user; EWS, whose
clients are of all kinds, by whatever of these is there.  Autodiscover and OAB: anywhere.  2013 and newer: all of it anywhere.
"""
TABLES_2010: Mapping[str, Mapping[str, Any]] = {
    "owa": {"kind": "cookie"},
    "outlook-anywhere": {"kind": "source", "expire": "24h"},
}
"""``rpc`` is the name of the table for RPC over TCP."""


def of_version(version: str) -> Sequence[Directory]:
    """Those that a version has."""
    return [each for each in DIRECTORIES if VERSIONS.index(each.since) <= VERSIONS.index(version)]


def routes(version: str) -> list[Mapping[str, Any]]:
    """By path; what no route takes is the first directory's."""
    _, *others = of_version(version)
    return [{"path": "=/", "redirect": ROOT}, *({"path": each.path, "backend": each.backend} for each in others)]


def inside(networks: Sequence[str]) -> list[Mapping[str, Any]]:
    """Access rules that let only these networks administrate."""
    allowed = {"path": [*ADMINISTRATION], "src": [*networks], "action": "allow"}
    return [allowed, {"path": [*ADMINISTRATION], "action": "deny"}]


def backend(
    directory: Directory, version: str, tls: Mapping[str, Any] | None, check_tls: Mapping[str, Any] | None
) -> dict[str, Any]:
    """A directory's back end, but for its servers.

    :param tls: towards the servers; ``None``: in clear.
    :param check_tls: the same for checks.
    """
    found: dict[str, Any] = {"check": _check(directory, version, check_tls)}
    if tls is not None:
        found["tls"] = tls
    if version == "2010" and directory.backend in AFFINITY_2010:
        found["persistence"] = AFFINITY_2010[directory.backend]
    if directory.silent:
        found["timeouts"] = {"server": SILENCE}
    return found


def _check(directory: Directory, version: str, tls: Mapping[str, Any] | None) -> dict[str, Any]:
    if version != "2010":
        asked = {"preset": "healthcheck", "path": f"{directory.path}/healthcheck.htm"}
    elif directory.backend == "rpc":
        asked = {"preset": "rpcproxy"}
    else:
        asked = {"preset": "owa", "path": directory.page}
    named = {"type": "http" if tls is None else "https", **asked}
    return {**named, **({} if tls is None else {"tls": tls}), **(SELDOM if directory.seldom else {})}
