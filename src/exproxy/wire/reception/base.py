"""What every protocol's reception is to those who have the sockets."""

import enum
from ipaddress import IPv6Address, ip_address
from typing import Protocol

import attrs


class Now(enum.Enum):
    """What is to be done once a turn's octets are sent."""

    WAIT = "wait for the server"
    START_TLS = "begin TLS with the server, then call secured()"
    PUT_THROUGH = "the server has taken us: put the client through"
    REFUSED = "the server serves, but not who wants to log in"
    TURN_AWAY = "this server does not serve now: try another one"


@attrs.define
class Turn:
    """What is to be said to the server, and what follows.

    :param greeting: with ``PUT_THROUGH``: what the client hears first; with ``REFUSED``: the server's words.
    :param why: with ``TURN_AWAY``: what was wrong, part of a sentence behind the server's name.
    :param refusal: with ``TURN_AWAY``: the server speaks the protocol and refuses, perhaps because of whom it was told of.
    """

    say: bytes = b""
    now: Now = Now.WAIT
    greeting: bytes = b""
    why: str = ""
    refusal: bool = False


class Reception(Protocol):
    """One server's; give it what the server sends, cut anywhere, until it says ``PUT_THROUGH`` or ``TURN_AWAY``."""

    def receive(self, data: bytes) -> Turn:
        """What the server has said."""

    def secured(self) -> Turn:
        """TLS has begun."""

    def awaited(self) -> str:
        """What the server owes us, for a sentence about one that is silent or gone: ``the greeting``."""


@attrs.frozen
class ClientFacts:
    """What a server that trusts us is told about the client.

    :param source: its address and port; an address of IPv4 is never written as IPv6.
    :param reached: the address and port that it connected to.
    """

    source: tuple[str, int]
    reached: tuple[str, int]


def plain_address(host: str) -> str:
    """``host`` without the mapping into IPv6 that a socket of both families gives it."""
    address = ip_address(host.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
