"""Endpoint mappers and RPC services in memory, of which the test says what they tell."""

from collections.abc import Callable

import attrs

from exproxy.wire.epm import NOT_REGISTERED, MapResponse, Tower, tower
from exproxy.wire.interfaces import EMSMDB, EPM, Interface
from exproxy.wire.rpc.association import Bind, answer_bind
from exproxy.wire.rpc.call import Request, Response
from exproxy.wire.rpc.pdu import Pdu, PduReader, PduType
from tests.net.memory import MemoryNetwork, MemoryPort, Peer


def rpc(answer: Callable[[Pdu], bytes]) -> Callable[[bytes], bytes | None]:
    """For a :class:`tests.net.memory.Peer`: the answers to whole PDUs, and to nothing less."""

    def reply(data: bytes) -> bytes | None:
        reader = PduReader()
        pdus = reader.feed(data)
        return b"".join(answer(pdu) for pdu in pdus) if pdus and not reader.buffered else None

    return reply


def service(*interfaces: Interface) -> Peer:
    """Accepts binds to these."""
    return Peer(b"", rpc(lambda pdu: _bound(pdu, *interfaces)))


def _bound(pdu: Pdu, *interfaces: Interface) -> bytes:
    return answer_bind(Bind.decode(pdu), [each.syntax for each in interfaces], secondary="6005", group=1).encode(pdu.call_id)


@attrs.define
class Mapper:
    """The mapper of the machine at ``host``; every interface is at ``port``, or nowhere, unless ``towers`` says otherwise."""

    network: MemoryNetwork
    host: str
    port: int | None = 6005
    number: int = 135
    towers: tuple[Tower, ...] = ()
    asked: int = 0
    call_id_off: int = 0
    listening: MemoryPort = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.listening = self.network.listen((self.host, self.number), Peer(b"", rpc(self._answer)))
        self.listening.resume()

    def stop(self) -> None:
        self.listening.close()

    def hang(self) -> None:
        """It accepts, and says nothing."""
        self.stop()
        self.network.listen((self.host, self.number), Peer()).resume()

    def _answer(self, pdu: Pdu) -> bytes:
        if pdu.type is PduType.BIND:
            return _bound(pdu, EPM)
        self.asked += 1
        towers = self.towers or (() if self.port is None else (tower(EMSMDB.syntax, self.port, "192.0.2.200"),))
        stub = MapResponse(towers, 0 if towers else NOT_REGISTERED).encode(16)
        return Response(Request.decode(pdu).context, stub).encode(pdu.call_id + self.call_id_off)
