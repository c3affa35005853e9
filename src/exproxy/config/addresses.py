"""Addresses as people write them: ``10.0.0.9:25``, ``[fd00::9]:25``, ``*:25``, ``:25``, ``10.0.0.9:60200-60201``."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import attrs

_LABELS = re.compile(
    r"(?=.{1,253}\.?$)[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?"
)
_INTERFACE_PORT = re.compile(r"epm/(\S.*)")


@attrs.frozen
class BindAddress:
    """An IP address without brackets and the ports to listen on."""

    address: str
    first_port: int
    last_port: int


@attrs.frozen
class InterfacePort:
    """``epm/emsmdb``: the port that the server's endpoint mapper tells for an interface.

    :param interface: a name or a UUID, also with its version.
    """

    interface: str

    def __str__(self) -> str:
        return f"epm/{self.interface}"


@attrs.frozen
class PortRange:
    """Ports from ``first`` to ``last``, both of them too."""

    first: int
    last: int


@attrs.frozen
class ServerAddress:
    """An IP address without brackets or a DNS name, and a port or none."""

    host: str
    port: int | InterfacePort | None


def bind_address(text: str) -> BindAddress:
    """:raises ValueError: not an address with a port or a range of ports."""
    host, port = _split(text)
    if port is None:
        raise ValueError(f'"{text}" has no port: write "{text}:25" or the like')
    ports = _ports(port, text)
    if host in ("", "*"):
        return BindAddress("0.0.0.0", ports.first, ports.last)
    if not is_ip(host):
        raise ValueError(f'"{host}" is not an IP address: a front end binds to addresses of this machine, or to "*" for all')
    return BindAddress(canonical(host), ports.first, ports.last)


def port_range(text: str) -> PortRange:
    """``40000-40099``, or one port.

    :raises ValueError: it is neither.
    """
    return _ports(text, text)


def server_address(text: str) -> ServerAddress:
    """:raises ValueError: neither an IP address nor a DNS name, or a port out of range."""
    host, port = _split(text)
    if not is_ip(host) and not is_name(host):
        raise ValueError(f'"{text}" is not an address such as "10.0.0.15:25", "[fd00::15]:25" or "mx3.example.com:25"')
    return ServerAddress(canonical(host), None if port is None else server_port(port, text))


def syslog_address(text: str) -> str:
    """``udp://host:port``, ``tcp://host:port`` or ``unix:///path``; the port is 514 where it is left out.

    :returns: ``text``.
    :raises ValueError: it is none of these.
    """
    scheme, colon, rest = text.partition("://")
    if not colon or scheme not in ("udp", "tcp", "unix") or (scheme == "unix" and not rest.startswith("/")):
        known = '"udp://10.0.0.5:514", "tcp://10.0.0.5:601" or "unix:///dev/log"'
        raise ValueError(f'"{text}" is not a syslog address such as {known}')
    if scheme != "unix" and isinstance(server_address(rest).port, InterfacePort):
        raise ValueError(f'the port of "{text}" is not a number from 1 to 65535')
    return text


def server_port(port: object, text: str) -> int | InterfacePort:
    """A port 1 to 65535, or an interface whose port the endpoint mapper tells (``epm/emsmdb``).

    :raises ValueError: with ``text`` named.
    """
    match = _INTERFACE_PORT.fullmatch(port) if isinstance(port, str) else None
    return port_number(port, text) if match is None else InterfacePort(match[1])


def port_number(port: object, text: str) -> int:
    """A port 1 to 65535.

    :raises ValueError: with ``text`` named.
    """
    if isinstance(port, str):
        if re.fullmatch(r"epm/\s*", port):
            raise ValueError(f'"{port}" names no interface: write "epm/emsmdb" or the like')
        if port.startswith("epm/"):
            raise ValueError(f'"{port}" is for the port of a server: only that is asked of an endpoint mapper')
        return _port(port, text)
    if isinstance(port, bool) or not isinstance(port, int):
        raise ValueError(f"{text} is not a port")
    return _port(str(port), text)


def network(text: str) -> IPv4Network | IPv6Network:
    """A network, or one address as a network.

    :raises ValueError: neither.
    """
    try:
        return ip_network(text)
    except ValueError as error:
        try:
            inside = ip_network(text, strict=False)
        except ValueError:
            raise ValueError(f'"{text}" is not a network such as "10.0.0.0/24" or "fd00::/64"') from error
        raise ValueError(f'"{text}" has bits behind its prefix: the network is "{inside}"') from error


def is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return "%" not in host


def is_name(host: str) -> bool:
    """Whether it can be a DNS name; four bare numbers are a mistyped address, never a name."""
    return _LABELS.fullmatch(host) is not None and not re.fullmatch(r"[\d.]+", host)


def canonical(host: str) -> str:
    """An IP address in its one short form, so that equal addresses are equal texts; a name as it is."""
    return str(ip_address(host)) if is_ip(host) else host


def joined(host: str, port: int | str) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _split(text: str) -> tuple[str, str | None]:
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")) or not is_ip(host) or ":" not in host:
            raise ValueError(f'"{text}" is not an IPv6 address in brackets, such as "[fd00::9]:25"')
        return host, rest[1:] if rest else None
    if text.count(":") > 1:
        if is_ip(text):
            return text, None
        raise ValueError(f'"{text}" looks like IPv6: put the address into brackets, such as "[fd00::9]:25"')
    host, colon, port = text.partition(":")
    return host, port if colon else None


def _ports(range_: str, text: str) -> PortRange:
    first, dash, last = range_.partition("-")
    ports = PortRange(_port(first, text), _port(last if dash else first, text))
    if ports.last < ports.first:
        raise ValueError(f'the port range of "{text}" runs backwards')
    return ports


def _port(digits: str, text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", digits) or not 1 <= int(digits) <= 65535:
        raise ValueError(f'the port of "{text}" is not a number from 1 to 65535')
    return int(digits)
