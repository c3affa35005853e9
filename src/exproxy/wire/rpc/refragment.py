"""An answer of another length in the place of the one that came: cut into fragments like its first one.

C706 12.6.2 (fragmentation), 12.6.4.10 (response); MS-RPCE 2.2.2.11 (``sec_trailer``).
"""

import attrs

from exproxy.wire.rpc.ndr import ByteOrder
from exproxy.wire.rpc.pdu import HEADER_SIZE, WHOLE, Auth, Flags, Pdu

LEAST_FRAGMENT = 1432
"""What every peer has to take (``MustRecvFragSize``, C706 12.6.3.1), whatever it says."""
_HEAD_SIZE = HEADER_SIZE + 8
_TRAILER_SIZE = 8


@attrs.frozen
class Letterhead:
    """What the fragments of one response have in common: version, type, flags, call and context, byte order, trailer."""

    _head: bytes
    _order: ByteOrder
    _auth: Auth | None

    @classmethod
    def of(cls, pdu: Pdu) -> "Letterhead":
        """From a response's fragment, of which nothing else is held."""
        return cls(pdu.raw[:_HEAD_SIZE], pdu.order, pdu.auth)

    @property
    def size(self) -> int:
        """Bytes held."""
        return len(self._head) + (len(self._auth.value) if self._auth else 0)

    def write(self, stub: bytes, fragment: int) -> bytes:
        """The PDUs, joined.

        :param fragment: the largest that the peer takes, in bytes; less than :data:`LEAST_FRAGMENT` is not believed.
        """
        trailer = _TRAILER_SIZE + len(self._auth.value) if self._auth else 0
        # All parts but the last are multiples of 8 long, so that alignment survives.
        step = max(max(fragment, LEAST_FRAGMENT) - _HEAD_SIZE - trailer, 8) // 8 * 8
        starts = range(0, len(stub), step) or (0,)
        return b"".join(self._one(stub, start, step) for start in starts)

    def _one(self, stub: bytes, start: int, step: int) -> bytes:
        head, order = self._head, self._order
        edges = (Flags.FIRST if start == 0 else 0) | (Flags.LAST if start + step >= len(stub) else 0)
        part = stub[start : start + step]
        trailer = self._trailer(len(part))
        length = _HEAD_SIZE + len(part) + len(trailer)
        auth_length = len(self._auth.value) if self._auth else 0
        return b"".join(
            (
                head[:3],
                (head[3] & ~WHOLE | edges).to_bytes(1, "big"),
                head[4:8],
                length.to_bytes(2, order),
                auth_length.to_bytes(2, order),
                head[12:16],
                (len(stub) - start).to_bytes(4, order),  # alloc_hint: what is still to come
                head[20:24],
                part,
                trailer,
            )
        )

    def _trailer(self, length: int) -> bytes:
        if self._auth is None:
            return b""
        pad = -length % 4
        return (
            bytes(pad)
            + bytes((self._auth.type, self._auth.level, pad, 0))
            + self._auth.context.to_bytes(4, self._order)
            + self._auth.value
        )
