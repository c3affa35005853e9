"""What workers count together, each knows a moment later: how a test waits until all of them do."""

import socket
import time
from pathlib import Path

from exproxy.process.worker import BATCH

PATIENCE = 60.0


def all_know(path: Path) -> None:
    """Return when each worker has heard what the others had counted before the call.

    Workers tell within :data:`BATCH`, in the pair of sockets in which they answer questions for their sessions, and the master
    passes it on at once, in the pair in which it asks.  So with the second answer of a worker all of it has been told, and with
    the third of another one it was heard.  The pause is no guess: behind it the news are due, and go before the second answer.

    :param path: of the administrators' socket.
    """
    time.sleep(2 * BATCH)
    for _ in range(3):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PATIENCE)
            client.connect(str(path))
            client.sendall(b"GET /api/v1/sessions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            answer = b"".join(iter(lambda: client.recv(65_536), b""))
            assert answer.startswith(b"HTTP/1.1 200 "), answer
