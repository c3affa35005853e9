"""What becomes of the endpoint mapper's answers.

C706 appendix L (towers), appendix O (``ept_map``, ``ept_lookup``); MS-RPCE 2.2.1.2.4 and 2.2.1.2.5 (their statuses).
"""

from collections.abc import Iterable
from ipaddress import IPv4Address
from typing import Protocol

import attrs

from exproxy.wire.epm import HTTP, IP, NOT_REGISTERED, TCP, Floor, MapResponse, Tower
from exproxy.wire.epmrelay.bounds import ANSWERS
from exproxy.wire.epmrelay.directory import Directory, Place
from exproxy.wire.epmrelay.enquiry import Found
from exproxy.wire.eptlookup import Entry, LookupResponse
from exproxy.wire.errors import WireError
from exproxy.wire.rpc.ndr import ByteOrder

_ADDRESS_FLOORS = 3
"""The floors above: interface, transfer syntax, RPC protocol."""
_DECLARED = 24
"""Where both answers have the declared size of their array: behind the handle and the number of elements."""
_ENTRY_SIZE = 4 + 16 + 4 + 8 + 64
"""An entry's octets in the array, at most; a tower pointer's are fewer."""
_FLOOR_SIZE = 5
_TOWER_SIZE = 4 + 8 + 2 + 3
"""What a tower has beside its floors, with pointer and padding."""


class Tally(Protocol):
    """Who counts what is hidden."""

    hidden: int


@attrs.frozen
class Rewriter:
    """Rewrites stubs; the byte order stays the server's.

    :param tally: whose ``hidden`` counts the towers that are taken out.
    """

    directory: Directory
    tally: Tally

    def map(self, stub: bytes, order: ByteOrder) -> bytes:
        """The results of ``ept_map`` with our places.

        If no tower is left, the status says so, as the server itself would ("no elements satisfy the criteria"); a handle is
        kept, for the client to go on with or to give back.

        :raises WireError: the answer is malformed, or too long.
        """
        answer = MapResponse.decode(stub, order)
        _check_size(answer.towers, 0)
        towers = tuple(tower for each in answer.towers if (tower := self._placed(each)) is not None)
        self.tally.hidden += len(answer.towers) - len(towers)
        status = NOT_REGISTERED if answer.towers and not towers else answer.status
        return attrs.evolve(answer, towers=towers, status=status).encode(declared(stub, order), order)

    def lookup(self, stub: bytes, order: ByteOrder) -> Found:
        """The results of ``ept_lookup`` with our places; an entry with a NULL tower tells no place, and is kept.

        :raises WireError: the answer is malformed, or too long.
        """
        answer = LookupResponse.decode(stub, order)
        _check_size((entry.tower for entry in answer.entries if entry.tower), len(answer.entries))
        entries = tuple(entry for each in answer.entries if (entry := self._moved(each)) is not None)
        hidden = len(answer.entries) - len(entries)
        self.tally.hidden += hidden
        size = _size((entry.tower for entry in entries if entry.tower), len(entries))
        return Found(attrs.evolve(answer, entries=entries), hidden, size)

    def _moved(self, entry: Entry) -> Entry | None:
        if entry.tower is None:
            return entry
        tower = self._placed(entry.tower)
        return None if tower is None else attrs.evolve(entry, tower=tower)

    def _placed(self, tower: Tower) -> Tower | None:
        """``tower`` with our port and address; ``None``: clients are not to see it."""
        floor = next((floor for floor in tower.floors[_ADDRESS_FLOORS:] if floor.protocol in (TCP, HTTP)), None)
        if floor is None:
            return tower if self.directory.keeps(tower) else None
        interface = tower.interface
        if interface is None or len(floor.right) != 2:
            return None  # it names a port of which nobody knows what is there
        place = self.directory.place(interface, floor.protocol, int.from_bytes(floor.right, "big"))
        return None if place is None else _at(tower, floor, place)


def _at(tower: Tower, transport: Floor, place: Place) -> Tower:
    """``tower`` with the port in ``transport`` and, if the place has one, with its address; other floors stay."""

    def changed(floor: Floor) -> Floor:
        if floor is transport:
            return attrs.evolve(floor, right=place.port.to_bytes(2, "big"))
        if floor.protocol == IP and len(floor.right) == 4 and place.address is not None:
            return attrs.evolve(floor, right=IPv4Address(place.address).packed)
        return floor

    return Tower(tower.floors[:_ADDRESS_FLOORS] + tuple(changed(floor) for floor in tower.floors[_ADDRESS_FLOORS:]))


def declared(stub: bytes, order: ByteOrder) -> int:
    """The declared size of an answer's array: what the server was asked for (``size_is``, C706 14.3.3.4)."""
    return int.from_bytes(stub[_DECLARED : _DECLARED + 4], order)


def _check_size(towers: Iterable[Tower], entries: int) -> None:
    """One referent may stand for a large tower 500 times over: what is written again is measured before."""
    if _size(towers, entries) > ANSWERS:
        raise WireError(f"the answer is longer than the {ANSWERS} bytes allowed", "endpoint mapper's answer")


def _size(towers: Iterable[Tower], entries: int) -> int:
    """Bytes of so many entries and their towers when they are written, at most."""
    size = entries * _ENTRY_SIZE
    for tower in towers:
        size += _TOWER_SIZE + sum(_FLOOR_SIZE + len(floor.left) + len(floor.right) for floor in tower.floors)
    return size
