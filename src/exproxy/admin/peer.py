"""Who is at the other end of an administrator's connection."""

import socket
import struct
from typing import Any

from twisted.internet.address import UNIXAddress

from exproxy.admin.watchword import Bearer


def peer(transport: Any) -> tuple[str | None, str]:
    """Who it is by the system's word, and the address."""
    other = transport.getPeer()
    if isinstance(other, Bearer):
        return "somebody with the socket's token", ""
    if not isinstance(other, UNIXAddress):
        return None, other.host
    credentials = getattr(socket, "SO_PEERCRED", None)
    if credentials is None:
        return "somebody at the socket", ""
    _, uid, _ = struct.unpack("3i", transport.getHandle().getsockopt(socket.SOL_SOCKET, credentials, struct.calcsize("3i")))
    return f"uid {uid} at the socket", ""
