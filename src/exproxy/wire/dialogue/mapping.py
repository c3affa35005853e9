"""The question to an endpoint mapper: at which TCP port is this interface?"""

from collections.abc import Sequence

import attrs

from exproxy.wire.epm import NOT_REGISTERED, OPNUM_MAP, MapRequest, MapResponse, Tower, tower
from exproxy.wire.interfaces import ASYNCEMSMDB, EMSMDB, EPM, NSPI, RFRI, Interface, name_of
from exproxy.wire.rpc.call import Response
from exproxy.wire.rpc.client import RpcClient

_SERVICES = {
    EMSMDB.uuid: "the RPC Client Access service",
    ASYNCEMSMDB.uuid: "the RPC Client Access service",
    NSPI.uuid: "the Address Book service",
    RFRI.uuid: "the Address Book service",
}
_MAX_TOWERS = 16
MAPPER_PORT = 135
"""Where endpoint mappers are, always: no other service can be."""


@attrs.frozen
class PortAnswer:
    """:param text: why there is no port, as a sentence part; empty if there is one."""

    port: int | None
    status: int
    text: str = ""


def ask_port(client: RpcClient, interface: Interface) -> bytes:
    """The request, on a connection that is bound to the endpoint mapper; as rpcclient asks: no object, port 135."""
    return client.call(OPNUM_MAP, MapRequest(tower(interface.syntax, 135), max_towers=_MAX_TOWERS).encode())


def read_port(response: Response, interface: Interface, mapper: int = MAPPER_PORT) -> PortAnswer:
    """The first TCP port that the answer tells; the version is left to the bind (Samba 4.17 drops the minor one).

    :param mapper: the port that was asked.
    :raises WireError: the answer is malformed.
    """
    answer = MapResponse.decode(response.stub, response.order)
    named = [each for each in answer.towers if each.interface is not None and each.interface.uuid == interface.uuid]
    ports = [each.port for each in named if each.port is not None]
    nowhere = {0} if interface == EPM else {0, MAPPER_PORT, mapper}
    port = next((port for port in ports if port not in nowhere), None)
    return PortAnswer(port, answer.status, "" if port is not None else _why(interface, answer, named, ports))


def _why(interface: Interface, answer: MapResponse, named: Sequence[Tower], ports: Sequence[int]) -> str:
    """Why there is no port."""
    if ports:
        kind = "is no port" if ports[0] == 0 else "is its own"
        return f"the endpoint mapper tells port {ports[0]} for {interface.name}, which {kind}"
    offers = f"the endpoint mapper offers no {interface.name}"
    if named:
        return f"{offers} on TCP"
    others = [each.interface for each in answer.towers if each.interface is not None]
    if others:
        return f"the endpoint mapper was asked for {interface.name} and answers for {name_of(others[0])}"
    if answer.status not in (0, NOT_REGISTERED):
        return f"{offers}: status 0x{answer.status:08x}"
    return f"{offers}: {_SERVICES.get(interface.uuid, 'its service')} is not registered"
