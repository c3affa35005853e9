"""What a tower says, as people and configurations write it: a string binding (C706 3.1; protocol identifiers: appendix I)."""

from ipaddress import IPv4Address

from exproxy.wire.epm import HTTP, IP, TCP, Floor, Tower
from exproxy.wire.lines import printable

UDP = 0x08
PIPE = 0x0F
LOCAL = 0x10
NETBIOS = 0x11

_SEQUENCES = {
    TCP: "ncacn_ip_tcp",
    UDP: "ncadg_ip_udp",
    PIPE: "ncacn_np",
    LOCAL: "ncalrpc",
    HTTP: "ncacn_http",
}
_NUMBERED = frozenset({TCP, UDP, HTTP})
_SHOWN = 120
"""Characters of an endpoint or a host's name; a named pipe has at most 256."""


def string_binding(tower: Tower) -> str:
    r"""``ncacn_ip_tcp:10.0.0.15[6005]``, ``ncacn_np:\\EX1[\pipe\lsass]``, ``ncalrpc:[name]``; printable, whatever the tower has.

    A protocol that has no name here is told by its number, ``protocol 0x16``, and a tower without one as ``no endpoint``.
    """
    floors = tower.floors[3:]  # the first three say what is spoken, not where
    endpoint = next((floor for floor in floors if floor.protocol in _SEQUENCES), None)
    if endpoint is None:
        return f"protocol 0x{floors[0].protocol:02x}" if floors else "no endpoint"
    host = next((_host(floor) for floor in floors if floor.protocol in (IP, NETBIOS)), "")
    return f"{_SEQUENCES[endpoint.protocol]}:{host}[{_endpoint(endpoint)}]"


def _endpoint(floor: Floor) -> str:
    if floor.protocol in _NUMBERED:
        return str(int.from_bytes(floor.right, "big")) if len(floor.right) == 2 else "?"
    return _text(floor)


def _host(floor: Floor) -> str:
    if floor.protocol == NETBIOS:
        return _text(floor)
    return str(IPv4Address(floor.right)) if len(floor.right) == 4 else "?"


def _text(floor: Floor) -> str:
    return printable(floor.right.partition(b"\0")[0], _SHOWN)
