"""The RPC interfaces of Exchange 2010, and the endpoint mapper that tells their ports."""

from collections.abc import Callable, Mapping

from exproxy.simulator.rpc import Handler
from exproxy.wire.epm import NOT_REGISTERED, OPNUM_MAP, MapRequest, MapResponse, tower
from exproxy.wire.interfaces import ASYNCEMSMDB, EMSMDB, EPM, NSPI, RFRI
from exproxy.wire.rpc.call import Request
from exproxy.wire.rpc.syntax import Syntax

MAPPER = EPM.syntax
CLIENT_ACCESS = (EMSMDB.syntax, ASYNCEMSMDB.syntax)
"""What RPC Client Access serves."""
ADDRESS_BOOK = (NSPI.syntax, RFRI.syntax)
"""What the Address Book service serves."""


def mapper(address: str, ports: Mapping[Syntax, Callable[[], int]]) -> Handler:
    """The mapper of the server at ``address``.

    It answers that very address, as Exchange does: a client that believes it goes past a balancer that only relays.

    :param ports: what is registered; each port is asked for when a client asks.
    """

    def answer(request: Request) -> bytes | None:
        if request.opnum != OPNUM_MAP:
            return None
        asked = MapRequest.decode(request.stub, request.order)
        wanted = asked.tower.interface
        found = [(syntax, port()) for syntax, port in ports.items() if wanted is not None and syntax.serves(wanted)]
        towers = tuple(tower(syntax, port, address) for syntax, port in found[: asked.max_towers])
        return MapResponse(towers, 0 if towers else NOT_REGISTERED).encode(asked.max_towers, request.order)

    return answer
