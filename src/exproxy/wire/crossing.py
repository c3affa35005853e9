"""What a relay that understands both sides has to send; every mode that reads along has one."""

import attrs

from exproxy.wire.errors import WireError


@attrs.define
class Crossing:
    """What is to be sent, in this order within each direction; either may be empty.

    Who makes one may add to it.  There is one for every portion read, and a frozen one would cost three times as much.
    """

    to_server: bytes = b""
    to_client: bytes = b""


@attrs.define(eq=False)
class Broken(WireError):  # noqa: N818 - what became of the session; the error is the WireError that it is
    """The session has to end.

    :param last: what is still to be sent before both sides are closed: what came before the fault, and for the client
        a fault or bind_nak where the protocol has one.
    """

    last: Crossing = attrs.field(factory=Crossing)
