"""The RPC interfaces of Exchange 2010, and the endpoint mapper that tells their ports."""

from collections.abc import Callable, Iterator, Mapping

import attrs

from exproxy.simulator.modes import Mode
from exproxy.simulator.service import Service
from exproxy.wire.epm import HTTP, NO_HANDLE, NOT_REGISTERED, OPNUM_MAP, TCP, MapRequest, MapResponse, tower
from exproxy.wire.eptlookup import (
    OPNUM_LOOKUP,
    OPNUM_LOOKUP_HANDLE_FREE,
    Entry,
    FreeRequest,
    FreeResponse,
    Inquiry,
    LookupRequest,
    LookupResponse,
)
from exproxy.wire.interfaces import ASYNCEMSMDB, EMSMDB, EPM, NSPI, RFRI
from exproxy.wire.rpc.call import Request
from exproxy.wire.rpc.syntax import Syntax

MAPPER = EPM.syntax
CLIENT_ACCESS = (EMSMDB.syntax, ASYNCEMSMDB.syntax)
"""What RPC Client Access serves."""
ADDRESS_BOOK = (NSPI.syntax, RFRI.syntax)
"""What the Address Book service serves."""


_ANNOTATIONS = {
    EMSMDB.syntax: "Exchange RPC Client Access",
    ASYNCEMSMDB.syntax: "Exchange RPC Client Access",
    NSPI.syntax: "Exchange NSPI",
    RFRI.syntax: "Exchange RFR",
}
HTTP_PORTS = {EMSMDB.syntax: 6001, ASYNCEMSMDB.syntax: 6001, NSPI.syntax: 6004, RFRI.syntax: 6002}
"""Where Exchange's RPC proxy finds the services behind itself (ncacn_http); here nobody listens there."""


class Registry(Mapping[Syntax, Callable[[], int]]):
    """What is registered at the moment, with its port: a service that has ended (``refuse``) is not.

    :param services: who serves each interface.
    """

    def __init__(self, services: Mapping[Syntax, Service]) -> None:
        self._services = services

    def __getitem__(self, syntax: Syntax) -> Callable[[], int]:
        service = self._services[syntax]
        if service.mode is Mode.REFUSE:
            raise KeyError(syntax)
        # asked at each call: when the system chooses the port, it is known only once it is open
        return lambda: service.port

    def __iter__(self) -> Iterator[Syntax]:
        return (syntax for syntax, service in self._services.items() if service.mode is not Mode.REFUSE)

    def __len__(self) -> int:
        return sum(1 for _ in self)


@attrs.frozen
class Mapper:
    """The mapper of the server at ``address``: a handler of its calls.

    It answers that very address, as Exchange does: a client that believes it goes past a balancer that only relays.

    :param ports: what is registered; each port is asked for when a client asks.
    """

    address: str
    ports: Mapping[Syntax, Callable[[], int]]

    def __call__(self, request: Request) -> bytes | None:
        if request.opnum == OPNUM_MAP:
            return self._map(request)
        if request.opnum == OPNUM_LOOKUP:
            return self._look_up(request)
        if request.opnum == OPNUM_LOOKUP_HANDLE_FREE:
            FreeRequest.decode(request.stub, request.order)
            return FreeResponse().encode(request.order)
        return None

    def _map(self, request: Request) -> bytes:
        asked = MapRequest.decode(request.stub, request.order)
        wanted = asked.tower.interface
        protocol = TCP if asked.tower.http_port is None else HTTP
        found = [entry.tower for entry in self._table(protocol) if entry.tower is not None and _serves(entry, wanted)]
        towers = tuple(found[: asked.max_towers])
        return MapResponse(towers, 0 if towers else NOT_REGISTERED).encode(asked.max_towers, request.order)

    def _look_up(self, request: Request) -> bytes:
        """The handle says how far the client got, so nothing is kept between two calls."""
        asked = LookupRequest.decode(request.stub, request.order)
        table = [*self._table(TCP), *self._table(HTTP)]
        if asked.inquiry == Inquiry.BY_INTERFACE:
            table = [entry for entry in table if _serves(entry, asked.interface)]
        start = int.from_bytes(asked.handle[4:], "big")
        end = min(start + asked.max_ents, len(table))
        more = end < len(table)
        handle = bytes(4) + end.to_bytes(16, "big") if more else NO_HANDLE
        response = LookupResponse(tuple(table[start:end]), 0 if more else NOT_REGISTERED, handle)
        return response.encode(asked.max_ents, request.order)

    def _table(self, protocol: int) -> list[Entry]:
        """Everything that is reached by ``protocol``."""
        return [
            Entry(
                tower(syntax, port() if protocol == TCP else HTTP_PORTS[syntax], self.address, protocol=protocol),
                _ANNOTATIONS[syntax],
            )
            for syntax, port in self.ports.items()
        ]


def _serves(entry: Entry, wanted: Syntax | None) -> bool:
    served = None if entry.tower is None else entry.tower.interface
    return served is not None and wanted is not None and served.serves(wanted)
