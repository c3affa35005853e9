"""What a client is told before its session is closed because of what it sent.

C706 12.6.4.5 (bind_nak: the reason, and the versions that we speak), 12.6.4.7 (fault), appendix E (statuses).
"""

from exproxy.wire.epmrelay.bounds import BoundError
from exproxy.wire.errors import WireError
from exproxy.wire.rpc.association import BindNak
from exproxy.wire.rpc.call import NCA_PROTOCOL_ERROR, NCA_SERVER_TOO_BUSY, NCA_VERSION_MISMATCH, Fault
from exproxy.wire.rpc.pdu import HeaderError, PduType

UNANSWERED = frozenset((PduType.AUTH3, PduType.CO_CANCEL, PduType.ORPHANED, PduType.SHUTDOWN))
"""What the protocol has no answer to, not even a fault."""
_VERSIONS = ((5, 0), (5, 1))
_NOT_SPECIFIED, _LOCAL_LIMIT, _VERSION = 0, 2, 4


def farewell(error: WireError, head: bytes) -> bytes:
    """A bind_nak for a bind, a fault for what may have one, nothing for the rest and for what is no DCE/RPC at all.

    :param head: the header of the PDU that was being handled; empty if it could not even be read, and then the error tells it.
    """
    if isinstance(error, HeaderError):
        broken = error
    elif head:
        broken = HeaderError(error.what, error.where, head)
    else:
        return b""
    if broken.type in UNANSWERED:
        return b""
    bounded = isinstance(error, BoundError)
    if broken.type == PduType.BIND:
        reason = _LOCAL_LIMIT if bounded else _NOT_SPECIFIED if broken.speakable else _VERSION
        return BindNak(reason, _VERSIONS).encode(broken.call_id, order=broken.order)
    status = NCA_SERVER_TOO_BUSY if bounded else NCA_PROTOCOL_ERROR if broken.speakable else NCA_VERSION_MISMATCH
    return Fault(0, status, broken.order).encode(broken.call_id)
