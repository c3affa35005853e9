"""One client's connection to an endpoint mapper, through us: every PDU passes as it is but those that name ports."""

import enum

import attrs

from exproxy.wire.epmrelay.directory import Directory
from exproxy.wire.errors import WireError


class Protected(enum.Enum):
    """What becomes of ``ept_map`` and ``ept_lookup`` at a level above connect (MS-RPCE 2.2.1.1.8): what is signed cannot be rewritten."""

    REFUSE = "refuse"
    PASS = "pass"


@attrs.frozen
class Crossing:
    """What is to be sent, in this order within each direction; either may be empty."""

    to_server: bytes = b""
    to_client: bytes = b""


@attrs.define(eq=False)
class Broken(WireError):
    """The session has to end.

    :param last: what is still to be sent before both sides are closed: what came before the fault, and for the client
        a fault or bind_nak where the protocol has one.
    """

    last: Crossing = Crossing()


@attrs.define
class Counters:
    """:param mapped: answers rewritten; :param hidden: towers taken out; :param refused: protected calls refused."""

    mapped: int = 0
    hidden: int = 0
    refused: int = 0


@attrs.define
class MapperRelay:
    """Give it what either side sends, cut anywhere, and send what it tells.

    :param counters: may be shared by all sessions of a front end.
    """

    directory: Directory
    protected: Protected
    counters: Counters = attrs.field(factory=Counters)

    @property
    def buffered(self) -> int:
        """Bytes held now, both directions and incomplete answers together; at most 64 KB."""
        raise NotImplementedError

    def from_client(self, data: bytes) -> Crossing:
        """Take what the client sent.

        :raises Broken: a :class:`WireError`; send its ``last``, then close both sides, and call no more.
        """
        raise NotImplementedError

    def from_server(self, data: bytes) -> Crossing:
        """Take what the server sent; errors as :meth:`from_client`."""
        raise NotImplementedError
