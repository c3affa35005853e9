"""The question to an endpoint mapper: at which TCP port is this interface?"""

import attrs

from exproxy.wire.epm import NOT_REGISTERED, OPNUM_MAP, MapRequest, MapResponse, tower
from exproxy.wire.interfaces import ASYNCEMSMDB, EMSMDB, NSPI, RFRI, Interface
from exproxy.wire.rpc.call import Response
from exproxy.wire.rpc.client import RpcClient

_SERVICES = {
    EMSMDB.uuid: "the RPC Client Access service",
    ASYNCEMSMDB.uuid: "the RPC Client Access service",
    NSPI.uuid: "the Address Book service",
    RFRI.uuid: "the Address Book service",
}
_MAX_TOWERS = 16


@attrs.frozen
class PortAnswer:
    """:param text: why there is no port, as a sentence part; empty if there is one."""

    port: int | None
    status: int
    text: str = ""


def ask_port(client: RpcClient, interface: Interface) -> bytes:
    """The request, on a connection that is bound to the endpoint mapper; as rpcclient asks: no object, port 135."""
    return client.call(OPNUM_MAP, MapRequest(tower(interface.syntax, 135), max_towers=_MAX_TOWERS).encode())


def read_port(response: Response, interface: Interface) -> PortAnswer:
    """The first TCP port that the answer tells; the version is left to the bind (Samba 4.17 drops the minor one).

    :raises WireError: the answer is malformed.
    """
    answer = MapResponse.decode(response.stub, response.order)
    named = [each for each in answer.towers if each.interface is not None and each.interface.uuid == interface.uuid]
    port = next((each.port for each in named if each.port), None)
    if port is not None:
        return PortAnswer(port, answer.status)
    offers = f"the endpoint mapper offers no {interface.name}"
    if named:
        return PortAnswer(None, answer.status, f"{offers} on TCP")
    if answer.status not in (0, NOT_REGISTERED):
        return PortAnswer(None, answer.status, f"{offers}: status 0x{answer.status:08x}")
    service = _SERVICES.get(interface.uuid, "its service")
    return PortAnswer(None, answer.status, f"{offers}: {service} is not registered")
