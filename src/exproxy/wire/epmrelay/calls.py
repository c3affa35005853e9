"""The calls of a connection that have no answer yet.

C706 12.6.4.9 (request), 12.6.4.8 (orphaned), 12.6.3.1 (``PFC_MAYBE``), 12.5.2.1 (call identifiers).
"""

import enum

import attrs

from exproxy.wire.epmrelay.bounds import CALLS, BoundError
from exproxy.wire.epmrelay.enquiry import Enquiry
from exproxy.wire.errors import WireError
from exproxy.wire.rpc.pdu import Pdu
from exproxy.wire.rpc.refragment import Letterhead


class Kind(enum.Enum):
    """What a call is to us."""

    OTHER = "passes as it is"
    MAP = "ept_map"
    LOOKUP = "ept_lookup"
    REFUSED = "is not passed on"


@attrs.define
class Call:
    """:param enquiry: of an ``ept_lookup`` that came whole; :param letterhead: of its answer, once that has begun."""

    kind: Kind
    context: int
    enquiry: Enquiry | None = None
    letterhead: Letterhead | None = None
    dispensable: bool = False
    """An answer may come, or not: the client has given it up, or wants none."""


class Calls:
    """Calls by their number."""

    __slots__ = ("_open",)

    def __init__(self) -> None:
        self._open: dict[int, Call] = {}

    def __contains__(self, call_id: int) -> bool:
        return call_id in self._open

    @property
    def held(self) -> int:
        """Bytes of enquiries."""
        return sum(call.enquiry.held for call in self._open.values() if call.enquiry)

    def begin(self, pdu: Pdu, call: Call) -> None:
        """Take a request's first fragment.

        :raises WireError: its number is another call's.
        :raises BoundError: too many calls have no answer.
        """
        old = self._open.get(pdu.call_id)
        if old is not None and not old.dispensable:
            raise WireError(f"call {pdu.call_id} begins a second time", f"RPC {pdu.name}")
        if old is None and len(self._open) >= CALLS:
            self._make_room(pdu)
        self._open[pdu.call_id] = call

    def get(self, pdu: Pdu) -> Call:
        """The call of a request's further fragment, or of a response.

        :raises WireError: there is none.
        """
        call = self._open.get(pdu.call_id)
        if call is None:
            raise WireError(f"call {pdu.call_id} was never begun, or has its answer already", f"RPC {pdu.name}")
        return call

    def give_up(self, call_id: int) -> None:
        """The client wants no answer any more; one may be on its way."""
        call = self._open.get(call_id)
        if call is not None:
            call.dispensable = True

    def refuses(self, call_id: int) -> bool:
        """Whether the server knows nothing of this call."""
        call = self._open.get(call_id)
        return call is not None and call.kind is Kind.REFUSED

    def end(self, call_id: int) -> None:
        """It has its answer."""
        self._open.pop(call_id, None)

    def unanswered(self) -> str | None:
        """A call whose client waits for the server's answer, if there is one."""
        waiting = (number for number, call in self._open.items() if not call.dispensable and call.kind is not Kind.REFUSED)
        return next((f"call {number}" for number in waiting), None)

    def _make_room(self, pdu: Pdu) -> None:
        oldest = next((number for number, call in self._open.items() if call.dispensable), None)
        if oldest is None:
            raise BoundError(f"more than {CALLS} calls are without an answer", f"RPC {pdu.name}")
        del self._open[oldest]
