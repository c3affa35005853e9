"""Opens sessions and holds them: ``python -m bench.holder PORT COUNT SOURCE plain|tls``.

Each session carries one small request and its answer, so that it is known to be relayed, and then nothing.  Says ``held N`` when
all are open; ends when its standard input ends.
"""

import socket
import ssl
import sys

from bench.processes import LOOPBACK
from bench.tls import trusting
from bench.web import TINY


def opened(port: int, source: str, context: ssl.SSLContext | None) -> socket.socket:
    session = socket.create_connection((LOOPBACK, port), timeout=30, source_address=(source, 0))
    if context is not None:
        session = context.wrap_socket(session)
    session.sendall(f"GET {TINY} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
    if not session.recv(4096).startswith(b"HTTP/1.1 200"):
        raise OSError("the session was not answered")
    return session


def main() -> None:
    port, count, source = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    context = trusting() if sys.argv[4] == "tls" else None
    held = []
    for _ in range(count):
        try:
            held.append(opened(port, source, context))
        except OSError as error:
            print(f"after {len(held)} sessions: {error}", flush=True)
            break
    print(f"held {len(held)}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
