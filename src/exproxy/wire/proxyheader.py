"""The PROXY protocol, versions 1 and 2, read and written (HAProxy's doc/proxy-protocol.txt, sections 2.1 and 2.2)."""

from ipaddress import AddressValueError, IPv4Address, IPv6Address

import attrs

from exproxy.wire.errors import WireError

Address = tuple[str, int]
"""A literal IPv4 or IPv6 address without brackets or scope, and a port."""

_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LOCAL_V2 = _SIGNATURE + b"\x20\0\0\0"
"""Version 2 for a connection of our own."""

_V1_START = b"PROXY "
_V1_LIMIT = 107
_V2_HEAD = 16
_LIMIT = 4096
_TCP4 = 0x11
_TCP6 = 0x21
_ADDRESS_BYTES = {0: 0, 1: 12, 2: 36, 3: 216}
_CRC32C = 0x03
_MAPPED = bytes(10) + b"\xff\xff"
_CRC32C_NIBBLES = (
    0x00000000,
    0x105EC76F,
    0x20BD8EDE,
    0x30E349B1,
    0x417B1DBC,
    0x5125DAD3,
    0x61C69362,
    0x7198540D,
    0x82F63B78,
    0x92A8FC17,
    0xA24BB5A6,
    0xB21572C9,
    0xC38D26C4,
    0xD3D3E1AB,
    0xE330A81A,
    0xF36E6F75,
)
"""CRC32c (Castagnoli, reflected) of each half octet: a header is short and seldom carries one."""


@attrs.frozen
class ProxyHeader:
    """What a header said; both are ``None`` for ``UNKNOWN``, ``LOCAL`` and what is no TCP over IP: use the connection's own.

    :param local: the sender speaks for itself (``LOCAL``): a health check.
    """

    source: Address | None
    destination: Address | None
    local: bool = False


class ProxyReader:
    """Reads one header of either version, in any pieces."""

    __slots__ = ("_buffer", "limit", "rest")

    def __init__(self) -> None:
        self.limit = _LIMIT
        self._buffer = b""
        self.rest = b""
        """What came behind the header, once it is complete."""

    @property
    def buffered(self) -> int:
        """Bytes held now."""
        return len(self._buffer)

    def feed(self, data: bytes) -> ProxyHeader | None:
        """Take ``data``; the header once it is complete, after which :attr:`rest` is what came behind it.

        :raises WireError: this is no header, it is malformed, or longer than 107 bytes (version 1) or 4096 (version 2).
        """
        self._buffer += data
        buffer = self._buffer
        if not buffer:
            return None
        if buffer[0] == _SIGNATURE[0]:
            header, end = self._version_2(buffer)
        else:
            header, end = self._version_1(buffer)
        if header is not None:
            self.rest = buffer[end:]
            self._buffer = b""
        return header

    def _version_1(self, buffer: bytes) -> tuple[ProxyHeader | None, int]:
        if not buffer.startswith(_V1_START[: len(buffer)]):
            raise WireError("the connection does not begin with one", "PROXY header")
        end = buffer.find(b"\n", 0, _V1_LIMIT)
        if end < 0:
            if len(buffer) >= _V1_LIMIT:
                raise WireError(f"no end of line within {_V1_LIMIT} bytes", "PROXY v1 header")
            return None, 0
        if buffer[end - 1] != 0x0D:
            raise WireError("the line does not end with CR LF", "PROXY v1 header")
        return _parse_v1(buffer[: end - 1]), end + 1

    def _version_2(self, buffer: bytes) -> tuple[ProxyHeader | None, int]:
        if not buffer.startswith(_SIGNATURE[: len(buffer)]):
            raise WireError("the connection does not begin with one", "PROXY header")
        if len(buffer) < _V2_HEAD:
            return None, 0
        end = _V2_HEAD + int.from_bytes(buffer[14:16], "big")
        if end > _LIMIT:
            raise WireError(f"{end} bytes, at most {_LIMIT} are taken", "PROXY v2 header")
        if len(buffer) < end:
            return None, 0
        return _parse_v2(buffer[:end]), end


def encode_v1(source: Address, destination: Address) -> bytes:
    """A line for a TCP session; with one address of each family, both are written as IPv6."""
    host, target = source[0], destination[0]
    six, target_six = ":" in host, ":" in target
    if six != target_six:
        host, target = (host, f"::ffff:{target}") if six else (f"::ffff:{host}", target)
        six = True
    return f"PROXY {'TCP6' if six else 'TCP4'} {host} {target} {source[1]} {destination[1]}\r\n".encode("ascii")


def encode_v2(source: Address, destination: Address) -> bytes:
    """A binary header for a TCP session; with one address of each family, both are written as IPv6."""
    host, target = _packed(source[0]), _packed(destination[0])
    ports = source[1].to_bytes(2, "big") + destination[1].to_bytes(2, "big")
    if len(host) == len(target) == 4:
        return _SIGNATURE + b"\x21\x11\0\x0c" + host + target + ports
    return _SIGNATURE + b"\x21\x21\0\x24" + _mapped(host) + _mapped(target) + ports


def _packed(host: str) -> bytes:
    # Once a session: for IPv4 half the price of ipaddress, and bytes() refuses what is beyond 255.
    return IPv6Address(host).packed if ":" in host else bytes(map(int, host.split(".")))


def _mapped(octets: bytes) -> bytes:
    return octets if len(octets) == 16 else _MAPPED + octets


def _parse_v1(line: bytes) -> ProxyHeader:
    words = line.split(b" ")
    if words[1] == b"UNKNOWN":
        return ProxyHeader(None, None)  # "the receiver must ignore anything presented before the CRLF"
    if words[1] not in (b"TCP4", b"TCP6"):
        raise WireError("the protocol is neither TCP4, TCP6 nor UNKNOWN", "PROXY v1 header")
    if len(words) != 6:
        raise WireError(f"{len(words)} words instead of 6", "PROXY v1 header")
    four = words[1] == b"TCP4"
    source = _host(words[2], four, "source address"), _port(words[4], "source port")
    return ProxyHeader(source, (_host(words[3], four, "destination address"), _port(words[5], "destination port")))


def _host(word: bytes, four: bool, what: str) -> str:
    text = word.decode("latin-1")
    try:
        if "%" in text:
            raise AddressValueError("scoped")
        return str(IPv4Address(text)) if four else _host6(IPv6Address(text))
    except AddressValueError:
        raise WireError(f"{what} is no {'IPv4' if four else 'IPv6'} address", "PROXY v1 header") from None


def _port(word: bytes, what: str) -> int:
    if not word.isdigit() or len(word) > 5 or (word[0] == 0x30 and len(word) > 1) or int(word) > 65535:
        raise WireError(f"{what} is no number from 0 to 65535", "PROXY v1 header")
    return int(word)


def _parse_v2(header: bytes) -> ProxyHeader:
    version, command, family = header[12] >> 4, header[12] & 15, header[13]
    if version != 2:
        raise WireError(f"version {version} does not exist", "PROXY v2 header")
    if command > 1:
        raise WireError(f"command {command} is neither LOCAL (0) nor PROXY (1)", "PROXY v2 header")
    if family >> 4 not in _ADDRESS_BYTES or family & 15 > 2:
        raise WireError(f"address family and protocol 0x{family:02x} do not exist", "PROXY v2 header")
    if command == 0:
        return ProxyHeader(None, None, local=True)  # "the receiver must discard the protocol block"
    size = _ADDRESS_BYTES[family >> 4]
    if len(header) - _V2_HEAD < size:
        raise WireError(f"{len(header) - _V2_HEAD} bytes do not hold the {size} of the addresses", "PROXY v2 header")
    if family >> 4:
        _check_extras(header, _V2_HEAD + size)
    if family == _TCP4:
        return _addresses(header, 4)
    if family == _TCP6:
        return _addresses(header, 16)
    return ProxyHeader(None, None)


def _addresses(header: bytes, size: int) -> ProxyHeader:
    middle = _V2_HEAD + size
    end = middle + size
    source = _unpacked(header[_V2_HEAD:middle]), int.from_bytes(header[end : end + 2], "big")
    destination = _unpacked(header[middle:end]), int.from_bytes(header[end + 2 : end + 4], "big")
    return ProxyHeader(source, destination)


def _unpacked(octets: bytes) -> str:
    return str(IPv4Address(octets)) if len(octets) == 4 else _host6(IPv6Address(octets))


def _host6(address: IPv6Address) -> str:
    """An IPv4 client stays one, though its header was written as IPv6: tables and logs know it by one name."""
    return str(address.ipv4_mapped or address)


def _check_extras(header: bytes, position: int) -> None:
    """Walk over the type-length-values (section 2.2.1 and following); only a checksum is looked at."""
    while position < len(header):
        start = position + 3
        length = int.from_bytes(header[position + 1 : start], "big")
        if start + length > len(header):
            raise WireError("an extra field overruns the header", f"PROXY v2 header, offset {position}")
        if header[position] == _CRC32C:
            if length != 4:
                raise WireError(f"the checksum has {length} bytes instead of 4", f"PROXY v2 header, offset {position}")
            zeroed = header[:start] + bytes(4) + header[start + 4 :]
            if crc32c(zeroed) != int.from_bytes(header[start : start + 4], "big"):
                raise WireError("the checksum is wrong", f"PROXY v2 header, offset {position}")
        position = start + length


def crc32c(data: bytes) -> int:
    """The checksum of RFC 4960 appendix B, as ``PP2_TYPE_CRC32C`` has it."""
    crc = 0xFFFFFFFF
    for octet in data:
        crc ^= octet
        crc = crc >> 4 ^ _CRC32C_NIBBLES[crc & 15]
        crc = crc >> 4 ^ _CRC32C_NIBBLES[crc & 15]
    return crc ^ 0xFFFFFFFF
