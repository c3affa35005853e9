"""The first thing that a TLS server says: which version it speaks, and the id that it gives the session.

RFC 5246 7.4.1.3: a server that can resume the session assigns an id; it repeats the client's when it resumes, and leaves it out
when it gives a ticket or keeps nothing.  RFC 8446 4.1.3: in TLS 1.3 it repeats whatever the client said, which means nothing.
"""

import attrs

from exproxy.wire.errors import WireError
from exproxy.wire.handshake import FirstMessage, Vectors, extensions

_SUPPORTED_VERSIONS = 43
_LONGEST_ID = 32
_WHERE = "TLS ServerHello"
TLS_1_2 = 0x0303


@attrs.frozen
class ServerHello:
    """:param version: 0x0303 is TLS 1.2, 0x0304 is 1.3."""

    version: int
    session_id: bytes

    def assigns(self, offered: bytes) -> bool:
        """Whether the client may come back with this id to resume the session.

        :param offered: the id in the client's hello.
        """
        return self.version <= TLS_1_2 and self.session_id not in (b"", offered)


class ServerHelloReader(FirstMessage[ServerHello]):
    """Reads one ServerHello."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__((2, "server_hello"), _WHERE, parse_server_hello)


def parse_server_hello(body: bytes) -> ServerHello:
    """:param body: the message without its type and length.

    :raises WireError: a vector overruns, bytes are left over, an extension comes twice, or the id is too long.
    """
    reader = Vectors(body, _WHERE)
    version = reader.number(2, "version")
    reader.octets(32, "random")
    session_id = reader.vector(1, "session id")
    if len(session_id) > _LONGEST_ID:
        raise WireError(f"a session id of {len(session_id)} bytes, at most {_LONGEST_ID} are allowed", _WHERE)
    reader.octets(2 + 1, "cipher suite and compression method")
    found = extensions(reader.vector(2, "extensions"), _WHERE) if reader.more else {}
    reader.end()
    chosen = found.get(_SUPPORTED_VERSIONS)
    return ServerHello(version if chosen is None else int.from_bytes(chosen, "big"), session_id)
