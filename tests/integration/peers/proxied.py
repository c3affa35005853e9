"""Servers that demand a PROXY header: how the tests themselves connect to one, to see whether it is ready."""

import socket

HEADER = b"PROXY TCP4 127.0.0.1 127.0.0.1 1 1\r\n"


def connected(host: str, port: int, proxied: bool = True) -> socket.socket:
    """A connection, which has begun with a header if the server demands one.

    :raises OSError: nobody is there.
    """
    connection = socket.create_connection((host, port), timeout=20)
    if proxied:
        connection.sendall(HEADER)
    return connection
