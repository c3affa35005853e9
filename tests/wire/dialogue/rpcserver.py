"""An RPC server for tests of dialogues, made of the wire modules, and the driver that takes a dialogue through several."""

from collections.abc import Callable, Mapping, Sequence

import attrs

from exproxy.wire.dialogue.base import Action, Connect, Dialogue, Finish, Outcome, Send
from exproxy.wire.epm import MapResponse, Tower
from exproxy.wire.interfaces import EPM
from exproxy.wire.rpc.association import Bind, answer_bind
from exproxy.wire.rpc.call import Request, Response
from exproxy.wire.rpc.pdu import Pdu, PduReader, PduType
from exproxy.wire.rpc.syntax import Syntax
from tests.wire.cutting import pieces

Server = Callable[[Pdu], bytes]
"""What a server answers to a PDU; no bytes: it closes."""


def serving(*interfaces: Syntax, call: Server | None = None) -> Server:
    """A server that accepts binds to these interfaces; ``call`` answers requests."""

    def answer(pdu: Pdu) -> bytes:
        if pdu.type is PduType.BIND:
            return answer_bind(Bind.decode(pdu), interfaces, secondary="135", group=7).encode(pdu.call_id)
        return call(pdu) if call else b""

    return answer


def mapping(*towers: Tower, status: int = 0) -> Server:
    """An endpoint mapper that answers every question with ``towers``, in fragments of 56 bytes."""

    def call(pdu: Pdu) -> bytes:
        stub = MapResponse(towers, status).encode(max_towers=16)
        return Response(Request.decode(pdu).context, stub).encode(pdu.call_id, fragment=56)

    return serving(EPM.syntax, call=call)


@attrs.define
class Talk:
    """Takes ``dialogue`` through ``servers``, by port; what they say comes in pieces cut at ``cuts``."""

    dialogue: Dialogue
    servers: Mapping[int, Server]
    cuts: Sequence[int] = ()
    _port: int = 0
    _reader: PduReader = attrs.field(factory=PduReader)

    def run(self, port: int = 135) -> Outcome:
        self._port = port
        pending = list(self.dialogue.start())
        while True:
            assert pending, "nobody has anything to do"
            action = pending.pop(0)
            if isinstance(action, Finish):
                assert not pending, f"it went on after the end: {pending}"
                return action.outcome
            if isinstance(action, Connect):
                assert not pending, f"it went on after it left: {pending}"
                self._port, self._reader = action.port, PduReader()
                pending += self.dialogue.start()
            else:
                assert isinstance(action, Send), f"it did {action}"
                pending += self._hear(action)

    def _hear(self, action: Send) -> list[Action]:
        said = b"".join(self.servers[self._port](pdu) for pdu in self._reader.feed(action.data))
        if not said:
            return [*self.dialogue.closed()]
        done: list[Action] = []
        for piece in pieces(said, self.cuts):
            done += self.dialogue.receive(piece)
        return done


def outcome_of(make: Callable[[], Dialogue], servers: Mapping[int, Server], port: int = 135) -> Outcome:
    """The outcome, which is the same whole, cut in two at each place, and byte by byte."""
    whole = Talk(make(), servers).run(port)
    for cuts in (*([cut] for cut in range(1, 200)), range(400)):
        assert Talk(make(), servers, cuts).run(port) == whole, f"cut at {cuts}"
    return whole
