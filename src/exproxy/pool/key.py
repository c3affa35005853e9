"""Persistence keys: the client's address under a prefix, or a keyed hash of what a client says of itself."""

from hashlib import blake2b
from ipaddress import IPv6Address

_HASHED = 20
"""Octets of a hashed key: as many as no address has, so both may stand in one table."""


class HashedKeys:
    """Makes keys of users, cookies and the like, so that no table has the thing itself.

    :param secret: of the process: who has the table and not this cannot try names either.
    """

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        self._secret = blake2b(secret).digest()

    def key(self, kind: str, value: bytes) -> bytes:
        """:param kind: what ``value`` is, at most 16 characters: equal values of two kinds have two keys."""
        return blake2b(value, key=self._secret, digest_size=_HASHED, person=kind.encode("ascii")).digest()


class SourceKeys:
    """Makes keys of one kind: equal for all addresses of a network.

    :param ipv4_prefix: 0 to 32.
    :param ipv6_prefix: 0 to 128.
    """

    __slots__ = ("_mask4", "_mask6")

    def __init__(self, ipv4_prefix: int = 32, ipv6_prefix: int = 128) -> None:
        if not 0 <= ipv4_prefix <= 32:
            raise ValueError(f"an IPv4 prefix has 0 to 32 bits, not {ipv4_prefix}")
        if not 0 <= ipv6_prefix <= 128:
            raise ValueError(f"an IPv6 prefix has 0 to 128 bits, not {ipv6_prefix}")
        self._mask4 = None if ipv4_prefix == 32 else _mask(ipv4_prefix, 32)
        self._mask6 = _mask(ipv6_prefix, 128)

    def alike(self, other: "SourceKeys") -> bool:
        """Whether ``other`` makes the same keys."""
        return (self._mask4, self._mask6) == (other._mask4, other._mask6)

    def key(self, host: str) -> bytes:
        """4 bytes for IPv4 (also when mapped into IPv6), 16 for IPv6.

        :param host: an IP address without brackets.
        :raises ValueError: it is none.
        """
        if ":" not in host:
            # ipaddress costs ten times as much, and addresses come from the kernel or from a parser.
            packed = bytes(map(int, host.split(".")))
            if len(packed) != 4:
                raise ValueError(f"{host!r} is not an IPv4 address")
            return self._under4(packed)
        address = IPv6Address(host.partition("%")[0])
        mapped = address.ipv4_mapped
        if mapped is not None:
            return self._under4(mapped.packed)
        return (int(address) & self._mask6).to_bytes(16, "big")

    def _under4(self, packed: bytes) -> bytes:
        if self._mask4 is None:
            return packed
        return (int.from_bytes(packed, "big") & self._mask4).to_bytes(4, "big")


def _mask(prefix: int, bits: int) -> int:
    return (1 << bits) - (1 << (bits - prefix))
