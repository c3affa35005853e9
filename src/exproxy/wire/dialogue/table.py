"""The whole table of an endpoint mapper, as rpcdump asks for it: bind, then ``ept_lookup`` until the handle is null."""

from collections.abc import Sequence

import attrs

from exproxy.wire.dialogue.base import Action, Send, Status
from exproxy.wire.dialogue.rpctalk import RpcTalk
from exproxy.wire.epm import NO_HANDLE, NOT_REGISTERED
from exproxy.wire.eptlookup import OPNUM_LOOKUP, OPNUM_LOOKUP_HANDLE_FREE, Entry, FreeRequest, LookupRequest, LookupResponse
from exproxy.wire.interfaces import EPM
from exproxy.wire.rpc.call import Response
from exproxy.wire.rpc.client import Answer

AT_ONCE = 100
"""Entries asked for at a time: 500, all that the interface allows, may be more than the 64 KB that we hold of an answer."""
MAX_LOOKUPS = 50


@attrs.define
class TableLookup(RpcTalk):
    """``L7OKD`` once the table is complete; what came of it until then is in ``entries`` whatever the outcome."""

    entries: list[Entry] = attrs.field(factory=list, init=False)
    _lookups: int = attrs.field(default=0, init=False)

    def start(self) -> Sequence[Action]:
        """Bind to the endpoint mapper."""
        return self._bind(EPM, self._bound)

    def _bound(self, answer: Answer) -> Sequence[Action]:
        return self._refused(answer) or self._look_up(NO_HANDLE)

    def _look_up(self, handle: bytes) -> Sequence[Action]:
        self._lookups += 1
        stub = LookupRequest(handle=handle, max_ents=AT_ONCE).encode()
        return self._ask("endpoint mapper lookup", self._client.call(OPNUM_LOOKUP, stub), self._looked_up)

    def _looked_up(self, answer: Answer) -> Sequence[Action]:
        faulted = self._faulted(answer)
        if faulted:
            return faulted
        assert isinstance(answer, Response), "the client lets nothing else through"
        found = LookupResponse.decode(answer.stub, answer.order)
        self.entries += found.entries
        if found.status not in (0, NOT_REGISTERED):
            text = f"the endpoint mapper answered a lookup with status 0x{found.status:08x}"
            return [*self._free(found.handle), *self._finish(Status.L7STS, text, found.status)]
        if found.handle == NO_HANDLE or found.status == NOT_REGISTERED:
            text = f"the endpoint mapper told its {len(self.entries)} endpoints"
            return [*self._free(found.handle), *self._finish(Status.L7OKD, text)]
        if self._lookups == MAX_LOOKUPS:
            text = f"the endpoint mapper has told {len(self.entries)} endpoints in {MAX_LOOKUPS} answers and comes to no end"
            return [*self._free(found.handle), *self._finish(Status.L7RSP, text)]
        return self._look_up(found.handle)

    def _free(self, handle: bytes) -> Sequence[Action]:
        """What is not asked to its end has to be given back (MS-RPCE 2.2.1.2.4); the answer to that changes nothing."""
        if handle == NO_HANDLE:
            return ()
        return (Send(self._client.call(OPNUM_LOOKUP_HANDLE_FREE, FreeRequest(handle).encode())),)
